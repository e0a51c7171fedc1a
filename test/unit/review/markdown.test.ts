import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import test from 'ava';
import fc from 'fast-check';
import type { CredentialPath, TreePath } from '../../../src/model/names.ts';
import { flag } from '../../../src/review/flags.ts';
import { reviewMarkdown } from '../../../src/review/print/markdown.ts';
import type { CertificateFacts, ClusterReview, Review } from '../../../src/review/report.ts';
import { authority, NOW, unit } from '../../_helpers/desired.ts';
import { MemoryTree, synth } from '../../_helpers/repository.ts';
import { DUE, kubeadmLike, reviewTrees } from '../../_helpers/review.ts';
import { seeded } from '../../_helpers/seeded.ts';
import { identity } from '../../_helpers/store.ts';

const OPTIONS = { revision: 'origin/main', commit: 'c'.repeat(40), tree: 'deploy' };
const LIMIT = 64 * 1024;
const size = (text: string): number => Buffer.byteLength(text);

/** Numbers and keys that are the same in every run; Ed25519, since ECDSA's signatures are not. */
async function fixed(): Promise<readonly [MemoryTree, MemoryTree]> {
  const of = (name: string, names?: readonly string[]) => {
    const declared = kubeadmLike(name, [identity.recipient], (item) => ({
      keyAlgorithm: 'Ed25519',
      ...(item.path === 'prod/web' && names !== undefined ? { dnsNames: names } : {}),
    }));
    return unit({
      ...declared,
      authorities: [authority(`${name}/ca`, { keyAlgorithm: 'Ed25519' })],
    });
  };
  const base = new MemoryTree();
  await synth(base, { units: [of('edge'), of('prod')], entropy: (name) => seeded(`1 ${name}`) });
  const head = base.clone();
  await synth(head, {
    units: [of('edge'), of('new'), of('prod', ['web.example.com', 'www.example.com'])],
    identity,
    chain: 'renew',
    now: DUE,
    entropy: (name) => seeded(`2 ${name}`),
  });
  return [base, head];
}

test('reviewMarkdown: the report of a renewal, a name that was added and a new cluster', async (t) => {
  const file = path.join(import.meta.dirname, 'report.md');
  const [base, head] = await fixed();
  const recipient = new RegExp(identity.recipient, 'gu');
  const report = reviewMarkdown(reviewTrees(base, head), OPTIONS).replace(
    recipient,
    'age1custodian',
  );
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, `${report}\n`);
  t.is(`${report}\n`, readFileSync(file, 'utf8'));
});

test('reviewMarkdown: without differences it says so', async (t) => {
  const [base] = await fixed();
  t.is(
    reviewMarkdown(reviewTrees(base, base.clone()), OPTIONS),
    '## PKI: nothing differs\n\nNothing in `deploy/`, and nothing that guards it, differs from `origin/main` (`cccccccccccc`). What a declaration changes shows here once `synth` has written it; `plan` says so before.',
  );
});

test('reviewMarkdown: a line that the ledger lost is one quotation', async (t) => {
  const [base] = await fixed();
  const head = base.clone().edit('deploy/authorities.yaml', /^- \{.*keyset: "?ca"?,.*\n/mu, '');
  const report = reviewMarkdown(reviewTrees(base, head), OPTIONS);
  t.regex(report, /ledger line removed\*\*: the ledger lost `\{cluster: [^`]+`$/mu);
});

test('reviewMarkdown: a keyset that cannot be read is not called gone, and an older certificate is not called renewed', async (t) => {
  const [base, head] = await fixed();
  const WEB = 'deploy/prod/pki/web.sops.yaml';
  const attacked = head
    .clone()
    .write(WEB, base.text(WEB))
    .edit('deploy/prod/pki/ca/keyset.yaml', /^cluster: .*$/mu, 'cluster: other');
  const report = reviewMarkdown(reviewTrees(head, attacked), OPTIONS);
  t.regex(report, /^\| `ca` \| damaged \| revision 1: .* \| cannot be read \|$/mu);
  t.regex(report, /^\| `web` \| changed /mu);
});

const facts = (text: string): CertificateFacts => ({
  serialNumber: text,
  notBefore: NOW,
  notAfter: DUE,
  subject: text,
  issuer: text,
  sans: [text, text],
  usages: [text],
  isCa: false,
  keyAlgorithm: 'Ed25519',
  spki: text,
  organizations: [],
  commonName: text,
  recipients: [text],
});

/** A review in which every name is this text. */
function reviewOf(text: string, clusters: number, certificates: number): Review {
  const totals = {
    ...{ renewed: 0, changed: certificates, added: 0, removed: 0, rewritten: 0, damaged: 0 },
    ...{ keysets: 1, nodes: 1, files: certificates },
  };
  const credential = `${text}/${text}` as CredentialPath;
  const file = text as TreePath;
  const deadline = { notAfter: DUE, credentials: [credential], stops: [text] };
  const cluster: ClusterReview = {
    name: text,
    change: 'changed',
    totals,
    certificates: Array.from({ length: certificates }, () => ({
      credential,
      file,
      change: 'changed' as const,
      reason: text,
      before: facts(text),
      after: facts(`${text}2`),
      sansAdded: [text],
      sansRemoved: [text],
      differs: ['subject', 'issuer'] as const,
      key: 'changed' as const,
      problems: [text],
    })),
    keysets: [
      {
        credential,
        file,
        change: 'changed',
        before: null,
        after: {
          revision: 1,
          entries: [{ id: text, state: 'issuing', spki: text, subject: text, notAfter: DUE }],
        },
        oldNotAfter: null,
        problems: [],
      },
    ],
    restarts: [{ node: text, pods: [{ name: text, change: 'restart', reads: [text] }] }],
    deadline,
    copies: [{ credentials: [credential], where: text, until: DUE }],
    files: [file],
  };
  return {
    now: NOW,
    flags: Array.from({ length: clusters }, (_, index) =>
      flag('SanAdded', `${credential} has ${index}`, { cluster: text, credential, file }),
    ),
    totals: { ...totals, files: clusters },
    deadline,
    clusters: Array.from({ length: clusters }, () => cluster),
  };
}

test('reviewMarkdown: a thousand changed clusters fit, and what is left out is counted', (t) => {
  const report = reviewMarkdown(reviewOf('a-cluster-of-usual-length-1', 1000, 15), OPTIONS);
  t.true(size(report) < LIMIT, String(size(report)));
  t.true(size(report) > LIMIT / 2, 'the room is used');
  const counts = /^Left out for its size: .*$/mu.exec(report)?.[0] ?? '';
  const shown = report.split('\n').filter((line) => line.includes('SANs added')).length;
  const left = Number(/([\d,]+) certificates/u.exec(counts)?.[1]?.replace(',', ''));
  t.is(shown + left, 15_000);
  t.is((report.match(/<details>/gu) ?? []).length, (report.match(/<\/details>/gu) ?? []).length);
});

/** Markdown without what stands in code, where nothing has a meaning. */
const outsideCode = (report: string): string =>
  report
    .replaceAll(/```sh[^]*?```/gu, '')
    .replaceAll(/<code>[^<]*<\/code>/gu, '')
    .replaceAll(/(`+)(?!`)(?:[^\n]*?[^`\n])\1(?!`)/gu, '');

// eslint-disable-next-line no-control-regex -- exactly these are meant
const UNSEEN = /[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u200B-\u200F\u202A-\u202E]/u;

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc
    .array(
      fc.constantFrom(
        ...['@admin', '#1', '`', '``', '|', '\n', '<!--', '</code>', '<img src=x>', '](http://x)'],
        ...[
          '[x](y)',
          '**',
          '\\',
          ' ',
          '\u202E',
          '\u200B',
          '</details>',
          'GH-1',
          'https://e.com',
          '| - |',
        ],
      ),
      { maxLength: 12 },
    )
    .map((parts) => parts.join('')),
);

test('property: names are never markup, and the report is never too large', (t) => {
  fc.assert(
    fc.property(hostile, fc.nat(3), fc.nat(3), (name, clusters, certificates) => {
      const report = reviewMarkdown(reviewOf(name, clusters + 1, certificates + 1), OPTIONS);
      t.true(size(report) < LIMIT);
      const text = outsideCode(report);
      t.notRegex(
        text,
        /@|#\d|https?:|<(?!\/?(?:details|summary)>|br>)|\]\(|!\[|GH-\d/u,
        JSON.stringify(name),
      );
      t.notRegex(report, UNSEEN);
      t.is((text.match(/<details>/gu) ?? []).length, (text.match(/<\/details>/gu) ?? []).length);
      const tables = report.split('\n').filter((line) => line.startsWith('| '));
      for (const line of tables) t.true([6, 7, 8].includes(line.split('|').length), line);
    }),
    { numRuns: process.env['SLOW'] === '1' ? 3000 : 300 },
  );
});

test('property: whatever the limit, it is kept', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1500, max: LIMIT }),
      fc.integer({ min: 1, max: 60 }),
      (limit, clusters) => {
        const report = reviewMarkdown(reviewOf('prod', clusters, 5), { ...OPTIONS, limit });
        t.true(size(report) <= limit, `${size(report)} of ${limit}`);
      },
    ),
    { numRuns: 100 },
  );
});

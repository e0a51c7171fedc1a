import test from 'ava';
import { parse, stringify } from 'yaml';
import { PkiError, type ErrorCode } from '../../../src/errors.ts';
import type { CredentialPath } from '../../../src/model/names.ts';
import type { ObservedKeyset } from '../../../src/model/observed.ts';
import type { RequestedRevocation } from '../../../src/model/store/revocations.ts';
import { guardRevocations } from '../../../src/observe/revocations.ts';
import { buildCrl } from '../../../src/x509/build/crl/crl.ts';
import { after, authority, cluster, DAY, leaf, NOW, TREE, unit } from '../../_helpers/desired.ts';
import { MemoryTree, newIdentity, synth } from '../../_helpers/repository.ts';
import { observe, refused } from './_keyset.ts';
import { rootCa } from '../x509/fixtures.ts';

const identity = await newIdentity();
const PROD = cluster('prod', {
  recipients: [identity.recipient],
  authorities: [authority('prod/ca'), authority('prod/other')],
  leaves: [leaf('prod/web'), leaf('prod/api')],
});
const CA = 'prod/ca' as CredentialPath;
const RECORD = 'deploy/prod/pki/ca/revocations.yaml';

const made = new MemoryTree();
await synth(made, { units: [unit(PROD)] });

/** Revokes the certificate that a leaf has now. */
async function revoke(tree: MemoryTree, name: string, now = NOW): Promise<void> {
  const path = `prod/${name}` as CredentialPath;
  const text = tree.text(`deploy/prod/pki/${name}.sops.yaml`);
  const { certificate = '' } = parse(text) as { certificate?: string };
  const { readCertificate } = await import('../../../src/x509/read/certificate.ts');
  const read = readCertificate(certificate);
  const { serialNumber, notAfter } = read;
  const entry: RequestedRevocation = {
    serialNumber,
    credential: path,
    revokedAt: now,
    reason: 'keyCompromise',
    notAfter,
    certificate: read,
  };
  const revocations = new Map([[CA, [entry]]]);
  await synth(tree, { units: [unit(PROD)], identity, now, revocations });
}

const once = made.clone();
await revoke(once, 'web');
const twice = once.clone();
await revoke(twice, 'api', after(NOW, DAY));

test('observeRevocations: reads what a run wrote', (t) => {
  t.is(observe(made)?.revocations, undefined);
  const record = observe(twice)?.revocations;
  t.is(record?.crl?.number, 2);
  t.deepEqual(
    record?.entries.map(({ credential, reason }) => [credential as string, reason]),
    [
      ['prod/web', 'keyCompromise'],
      ['prod/api', 'keyCompromise'],
    ],
  );
  t.deepEqual(record?.added, []);
});

test('a revocation is done at once: nothing is left to do after it', async (t) => {
  const { actions, files } = await synth(
    twice.clone(),
    { units: [unit(PROD)], now: after(NOW, DAY) },
    'plan',
  );
  t.deepEqual({ actions, files }, { actions: [], files: [] });
});

type Document = Record<string, unknown> & { entries: Record<string, string>[]; crl: string };

/** The record with its fields changed, whatever its CRL says. */
function edited(change: (document: Document) => void): MemoryTree {
  const tree = twice.clone();
  const document = parse(tree.text(RECORD)) as Document;
  change(document);
  return tree.write(RECORD, stringify(document));
}

const FIELDS: readonly (readonly [string, (document: Document) => void])[] = [
  ['another number', (it) => (it['crlNumber'] = 3)],
  ['a later nextUpdate', (it) => (it['nextUpdate'] = '2036-01-01T00:00:00.000Z')],
  ['an entry less', (it) => it.entries.pop()],
  ['an entry twice', (it) => it.entries.push({ ...it.entries[0] })],
  ['another order', (it) => it.entries.reverse()],
  ['another serial number', (it) => (it.entries[0] = { ...it.entries[0], serialNumber: '0A' })],
  [
    'another date',
    (it) => (it.entries[0] = { ...it.entries[0], revokedAt: '2026-01-01T00:00:00Z' }),
  ],
  ['another reason', (it) => (it.entries[0] = { ...it.entries[0], reason: 'superseded' })],
];

for (const [what, change] of FIELDS)
  test(`observeRevocations: ${what} than its CRL says is refused`, (t) => {
    refused(t, edited(change), 'ERR_CRL', /: its fields are not what its CRL says$/u);
  });

const TEXTS: readonly (readonly [string, (text: string) => string, ErrorCode, RegExp])[] = [
  ['empty', () => '', 'ERR_STORE', /: the file is empty$/u],
  ['truncated', (text) => text.slice(0, text.length - 60), 'ERR_CRL', /: CRL is not one that/u],
  ['with conflict markers', (text) => `<<<<<<< HEAD\n${text}`, 'ERR_STORE', /conflict markers$/u],
  [
    'of another cluster',
    (text) => text.replace('cluster: prod', 'cluster: test'),
    'ERR_STORE',
    /: it is of/u,
  ],
  [
    'of another kind',
    (text) => text.replace('kind: Revocations', 'kind: Keyset'),
    'ERR_STORE',
    /"kind"/u,
  ],
  [
    'of an unknown reason',
    (text) => text.replace('keyCompromise', 'holiday'),
    'ERR_STORE',
    /"reason"/u,
  ],
  [
    'signed by an unknown entry',
    (text) => text.replace(/issuer: "?\w+"?/u, 'issuer: ffffffffffffffff'),
    'ERR_CRL',
    /: its CRL is not signed by/u,
  ],
  [
    'with a CRL that is no base64',
    (text) => text.replace('MII', 'M#I'),
    'ERR_CRL',
    /: CRL is not one that/u,
  ],
];

for (const [what, damage, code, message] of TEXTS)
  test(`observeRevocations: a record ${what} is refused`, (t) => {
    refused(t, twice.clone().write(RECORD, damage(twice.text(RECORD))), code, message);
  });

test('observeRevocations: a CRL that another CA of the same name signed is refused', async (t) => {
  const record = observe(twice)?.revocations;
  const forger = await rootCa('ECDSA-P256');
  if (!record?.crl) throw new TypeError('no record');
  const { number, thisUpdate, nextUpdate } = record.crl;
  const crl = buildCrl({ number, thisUpdate, nextUpdate, revoked: record.entries }, forger);
  refused(
    t,
    edited((it) => (it.crl = crl)),
    'ERR_CRL',
    /: its CRL is not signed by the entry/u,
  );
});

test('observeRevocations: the record of another authority of the cluster is refused', (t) => {
  const tree = twice.clone();
  const other = 'deploy/prod/pki/other/revocations.yaml';
  tree.write(other, tree.text(RECORD));
  refused(t, tree, 'ERR_STORE', /: it is of "prod\/ca", not/u, 'prod/other' as CredentialPath);
  tree.write(other, tree.text(RECORD).replace('name: ca\n', 'name: other\n'));
  refused(t, tree, 'ERR_CRL', /: its CRL is not signed/u, 'prod/other' as CredentialPath);
});

function keysetOf(tree: MemoryTree): ObservedKeyset {
  const keyset = observe(tree);
  if (keyset === undefined) throw new TypeError('no keyset');
  return keyset;
}

const guard = (tree: MemoryTree, head: string): void => {
  guardRevocations(TREE, keysetOf(tree), Buffer.from(head));
};

test('guardRevocations: what follows from HEAD passes, and what repairs it', (t) => {
  t.notThrows(() => {
    guard(twice, once.text(RECORD));
  });
  t.notThrows(() => {
    guard(once, 'damaged');
  });
});

test('guardRevocations: a record that is gone, or an older one put back, is refused', (t) => {
  const code = { code: 'ERR_CRL' };
  const gone = { ...code, message: /: it is gone, and HEAD has a record of 2 revoked/u };
  t.throws(() => {
    guard(made, twice.text(RECORD));
  }, gone);
  const lower = { ...code, message: /: its CRL has number 1, an earlier one had 2$/u };
  const error = t.throws<PkiError>(() => {
    guard(once, twice.text(RECORD));
  }, lower);
  t.is(error.hints[0], `restore it from git: git checkout HEAD -- '${RECORD}'`);
  t.regex(error.hints[1] ?? '', /^in a merge of two branches .* revoke again/u);
});

test('guardRevocations: a later CRL that lost an entry is refused, until its certificate expired', (t) => {
  const keyset = keysetOf(twice);
  if (keyset.revocations?.crl == null) throw new TypeError('no record');
  const { crl, entries } = keyset.revocations;
  const lost =
    (thisUpdate: Date): (() => void) =>
    () => {
      const revocations = {
        ...keyset.revocations,
        crl: { ...crl, number: 3, thisUpdate },
        entries: entries.slice(1),
      } as NonNullable<ObservedKeyset['revocations']>;
      guardRevocations(TREE, { ...keyset, revocations }, Buffer.from(twice.text(RECORD)));
    };
  t.throws(lost(after(NOW, 364 * DAY)), {
    code: 'ERR_CRL',
    message: /: it lost the serial number/u,
  });
  t.notThrows(lost(after(NOW, 366 * DAY)));
});

test('guardRevocations: what the CRL does not sign may not change either', (t) => {
  const tree = edited(
    (it) => (it.entries[0] = { ...it.entries[0], notAfter: '2026-11-23T00:00:00.000Z' }),
  );
  t.throws(
    () => {
      guard(tree, once.text(RECORD));
    },
    { code: 'ERR_CRL', message: /: it says something else/u },
  );
});

test('a revoked certificate that is put back is issued again', async (t) => {
  const tree = twice.clone();
  const file = 'deploy/prod/pki/web.sops.yaml';
  tree.write(file, made.text(file));
  const { actions } = await synth(tree, {
    units: [unit(PROD)],
    identity,
    now: after(NOW, 2 * DAY),
  });
  t.deepEqual(
    actions.map(({ action, credential, reason }) => [action, credential as string, reason]),
    [['issue', 'prod/web', 'Revoked']],
  );
  t.not(tree.text(file), made.text(file));
});

test('renew signs a CRL that is due, which needs an identity, and synth does not', async (t) => {
  const late = after(NOW, 250 * DAY);
  const renewed = twice.clone();
  const options = { units: [unit(PROD)], identity, now: late };
  t.deepEqual((await synth(renewed, options)).actions, []);
  await t.throwsAsync(synth(renewed, { units: [unit(PROD)], now: late, chain: 'renew' }), {
    code: 'ERR_IDENTITY_NEEDED',
  });
  const { actions } = await synth(renewed, { ...options, chain: 'renew' });
  t.deepEqual(
    actions.map(({ action, credential, reason }) => [action, credential as string, reason]),
    [['revoke', 'prod/ca', 'RenewalDue']],
  );
  const record = observe(renewed)?.revocations;
  t.is(record?.crl?.number, 3);
  t.is(record?.entries.length, 2);
  t.notThrows(() => {
    guard(renewed, twice.text(RECORD));
  });
});

test('a clock behind thisUpdate of a CRL is refused', async (t) => {
  const options = { units: [unit(PROD)], identity, now: after(NOW, DAY / 2) };
  const tree = twice.clone();
  const file = 'deploy/prod/pki/api.sops.yaml';
  tree.write(file, once.text(file));
  await t.throwsAsync(synth(tree, options), {
    code: 'ERR_CLOCK',
    message: /revocations.yaml" is not valid before/u,
  });
});

import test from 'ava';
import { RUNBOOKS } from '../../../src/catalog/rotation/runbooks.ts';
import type { EntryState } from '../../../src/model/observed.ts';
import { inventoryRows } from '../../../src/plan/inventory.ts';
import { rotationPage } from '../../../src/render/output/rotation-page.ts';
import {
  after,
  authority,
  cluster,
  DAY,
  NOW,
  observedCluster,
  observedEntry,
  observedKeyset,
  serviceAccountKey,
  sha256,
  TREE,
} from '../../_helpers/desired.ts';
import { reference } from '../../_helpers/random-fleet.ts';

const rotation = { soak: DAY, automatic: false, outsideLife: 60 * DAY };
const CA = authority('prod/ca', { rotation });
const KEY = serviceAccountKey('prod/service-account-key', {
  rotation: { ...rotation, outsideLife: null },
});
const PROD = cluster('prod', {
  authorities: [CA],
  serviceAccountKeys: [KEY],
  bundles: ['cp-2', 'cp-1', '_worker'].map((node) => ({
    constructPath: `prod/${node}`,
    node,
    etcdMember: null,
    files: [
      {
        path: 'etc/kubernetes/pki/ca.crt',
        content: reference(CA.path, 'trustBundle'),
        mode: 0o644,
        secret: false,
        reads: [],
      },
    ],
  })),
});

/** With a second entry of this state in a keyset. */
function page(
  state: EntryState,
  keyset: typeof CA | typeof KEY = CA,
  made = after(NOW, -999 * DAY),
): string | undefined {
  const keysets = new Map(
    [CA, KEY].map((desired) => [
      desired.path,
      observedKeyset(desired, [
        observedEntry(desired),
        ...(desired === keyset && state !== 'issuing'
          ? [{ ...observedEntry(desired, state, 'another'), certificate: null, issuedAt: made }]
          : []),
      ]),
    ]),
  );
  const store = { ...observedCluster(PROD), keysets };
  const rows = inventoryRows(TREE, PROD, store, new Set());
  const [file, ...others] = rotationPage(TREE, PROD, rows);
  if (file === undefined) return undefined;
  if (others.length > 0) throw new RangeError('more than one file');
  return file.content;
}

test('rotationPage: there is none where nothing is under way', (t) => {
  t.is(page('issuing'), undefined);
});

test('rotationPage: after accept it has the steps of that stage, the titles of the next, the way back and both hashes', (t) => {
  const text = page('incoming') ?? '';
  t.true(text.startsWith('# Rotations under way in prod\n'));
  t.true(text.includes('\n## ca: accept\n'));
  for (const seed of ['prod/ca', 'another']) t.true(text.includes(`\`sha256:${sha256(seed)}\``));
  t.true(text.includes('one node at a time: cp-1, then cp-2.** '));
  for (const { text: words } of RUNBOOKS.ca.steps.accept) t.true(text.includes(words), words);
  for (const { title, commands } of RUNBOOKS.ca.steps.issue) {
    t.true(text.includes(`- ${title}\n`) || text.includes(`. ${title}.** `), title);
    if (title.startsWith('Renew')) t.false(text.includes(commands[1] ?? ''));
  }
  t.true(text.includes('`cdk8s-pki rotate prod ca`, not before 24h after'));
  t.true(text.includes('`cdk8s-pki rotate prod ca --abort`: the incoming entry'));
});

test('rotationPage: after issue it has the steps of that stage, and those of the retirement, which takes it away', (t) => {
  const text = page('outgoing') ?? '';
  t.true(text.includes('\n## ca: issue\n'));
  for (const stage of ['issue', 'retire'] as const)
    for (const { title, text: words, commands } of RUNBOOKS.ca.steps[stage]) {
      t.true(text.includes(`. ${title}.** `) && text.includes(`${words}\n`), title);
      t.true(text.includes(commands.join('\n')), title);
    }
  t.true(text.includes('`cdk8s-pki rotate prod ca`, not before 1464h after'));
  t.true(text.includes('`cdk8s-pki rotate prod ca --abort`: the outgoing entry'));
});

test('rotationPage: where nobody knows how long tokens live, it says how the key is retired', (t) => {
  const text = page('outgoing', KEY) ?? '';
  t.true(text.includes('\n## service-account-key: issue\n'));
  t.true(text.includes('`cdk8s-pki rotate prod service-account-key --accept-lockout`, not before'));
  t.false(text.includes('discovery-token-ca-cert-hash'));
});

test('rotationPage: what must hold before a stage stands before its steps, and before the next', (t) => {
  const headings = (text = ''): string[] =>
    [...text.matchAll(/^### (.*)$/gmu)].map(([, heading]) => heading ?? '');
  t.deepEqual(headings(page('incoming')), [
    'Before you merge `accept`',
    'Now: roll out `accept`',
    'The way back',
    'Before you merge `issue`',
    'Next: `issue`',
  ]);
  const text = page('outgoing') ?? '';
  const [, before = ''] = text.split('### Before you merge `retire`\n');
  const [seen = '', after = ''] = before.split('### Next: `retire`\n');
  for (const { title, commands } of RUNBOOKS.ca.before.retire) {
    t.true(seen.includes(`. ${title}.** `), title);
    t.true(seen.includes(commands.join('\n')), title);
  }
  t.false(after.includes('is of the entry that issues'));
});

for (const keyset of [CA, KEY])
  test(`rotationPage: a stage that was taken back says so, which entry goes, and both ways on: ${keyset.name}`, (t) => {
    const older = page('outgoing', keyset) ?? '';
    t.true(older.includes(`\n## ${keyset.name}: issue\n`));
    t.true(older.includes(' Where `retire` was taken back in git, '), 'the page cannot know');
    t.notRegex(older, /Nothing restarts\./u);
    t.false(older.includes('The stage `issue` was taken back'));
    const text = page('outgoing', keyset, after(NOW, 999 * DAY)) ?? '';
    t.true(text.includes(`\n## ${keyset.name}: abort-issue\n`));
    const [outgoing] = /[0-9a-f]{16}(?= \| outgoing)/u.exec(text) ?? [''];
    t.true(text.includes(' Where `retire` was taken back in git, '));
    t.regex(
      text,
      new RegExp(
        `The stage \`issue\` was taken back: .* ${outgoing}, the newer one, leaves with \`retire\``,
        'u',
      ),
    );
    t.deepEqual(
      [...text.matchAll(/^### (.*)$/gmu)].map(([, heading]) => heading),
      [
        'Now: roll out `abort-issue`',
        'The other way',
        'Before you merge `retire`',
        'Next: `retire`',
      ],
    );
  });

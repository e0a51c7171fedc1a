import test from 'ava';
import { PkiError } from '../../../src/errors.ts';
import { historyOf, observeLedger } from '../../../src/observe/ledger.ts';
import { NO_HEAD, type LedgerLine } from '../../../src/model/store/ledger.ts';
import { appendToLedger } from '../../../src/render/fleet/ledger.ts';
import { sha256, TREE } from '../../_helpers/desired.ts';
import { MemoryTree } from '../../_helpers/repository.ts';

const FILE = 'deploy/authorities.yaml';
const entry = (cluster: string, keyset: string): Parameters<typeof appendToLedger>[1][number] => {
  const spki = sha256(`${cluster}/${keyset}`);
  return { cluster, keyset, id: spki.slice(0, 16), spki };
};
const ONE = entry('prod', 'ca');
const TWO = entry('_shared', 'etcd-ca.v2');

const read = (text: string | Uint8Array): ReturnType<typeof observeLedger> =>
  observeLedger(new MemoryTree().write(FILE, text), TREE);

test('observeLedger: reads what appendToLedger writes', (t) => {
  const text = appendToLedger('', [ONE, TWO]);
  t.deepEqual(read(text), { text, lines: [TWO, ONE] });
});

test('observeLedger: a tree without a ledger has no entries', (t) => {
  t.deepEqual(observeLedger(new MemoryTree(), TREE), { text: '', lines: [] });
});

test('observeLedger: CRLF line ends and empty lines change nothing', (t) => {
  const text = `${appendToLedger('', [ONE])}\n${appendToLedger('', [TWO])}`.replaceAll(
    '\n',
    '\r\n',
  );
  t.deepEqual(read(text).lines, [ONE, TWO]);
});

test('observeLedger: lines of two branches, put together by merge=union, are all read', (t) => {
  const both = appendToLedger('', [ONE]) + appendToLedger('', [TWO]) + appendToLedger('', [ONE]);
  t.deepEqual(read(both).lines, [ONE, TWO, ONE]);
});

const good = appendToLedger('', [ONE]);
for (const [what, text, line] of [
  ['conflict markers', `${good}<<<<<<< HEAD\n`, 3],
  ['a truncated last line', good.slice(0, -20), 2],
  ['a line of another form', `${good}- prod/ca\n`, 3],
  ['a short id', good.replace(/id: "[0-9a-f]{4}/u, 'id: "'), 2],
  ['an upper-case SPKI', good.replace(/spki: "./u, 'spki: "F'), 2],
  ['octets that are not UTF-8', Buffer.concat([Buffer.from(good), Uint8Array.from([0xff])]), 3],
] as const) {
  test(`observeLedger: ${what} is ERR_STORE, since it could hide an authority`, (t) => {
    const error = t.throws<PkiError>(() => read(text), { instanceOf: PkiError });
    t.deepEqual(
      { code: error.code, message: error.message },
      { code: 'ERR_STORE', message: `"${FILE}": line ${line} is not a ledger line` },
    );
  });
}

test('appendToLedger: keeps every line that is there and ends each with a line feed', (t) => {
  t.is(appendToLedger(good.trimEnd(), [TWO]), appendToLedger(good, [TWO]));
  t.true(appendToLedger(good, [TWO]).startsWith(good));
});

const REMOVED = '2026-11-22T08:00:00Z';
const grave = (cluster: string, keyset: string | null): LedgerLine => ({
  cluster,
  keyset,
  removed: REMOVED,
});

test('observeLedger: reads tombstones of clusters and of keysets', (t) => {
  const lines = [grave('_shared', null), grave('prod', null), grave('prod', 'ca')];
  t.deepEqual(read(appendToLedger('', lines)).lines, lines);
});

for (const [what, text] of [
  [
    'an id that is not that of its SPKI',
    good.replace(/id: "[0-9a-f]{16}/u, `id: "${'0'.repeat(16)}`),
  ],
  ['a tombstone without an instant', `${good}- {cluster: prod, removed: "yesterday"}\n`],
] as const) {
  test(`observeLedger: ${what} is ERR_STORE`, (t) => {
    t.is(t.throws<PkiError>(() => read(text), { instanceOf: PkiError }).code, 'ERR_STORE');
  });
}

for (const [title, lines, removed] of [
  [
    'a removed cluster: all its keysets, and nothing of others',
    [ONE, TWO, grave('prod', null)],
    ['prod/ca'],
  ],
  ['a removed keyset', [ONE, entry('prod', 'cab'), grave('prod', 'ca')], ['prod/ca']],
  ['what was made again since is not removed', [ONE, grave('prod', null), ONE], []],
  ['a cluster of a longer name is another one', [entry('prod-2', 'ca'), grave('prod', null)], []],
] as const) {
  test(`historyOf: ${title}`, (t) => {
    const history = historyOf(lines, NO_HEAD);
    t.deepEqual(
      [...history.removed],
      removed.map((path) => [path, REMOVED]),
    );
  });
}

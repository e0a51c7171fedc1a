import test from 'ava';
import { PkiError } from '../../../src/errors.ts';
import { observeLedger } from '../../../src/observe/ledger.ts';
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
  t.deepEqual(read(text), { text, entries: [ONE, TWO] });
});

test('observeLedger: a tree without a ledger has no entries', (t) => {
  t.deepEqual(observeLedger(new MemoryTree(), TREE), { text: '', entries: [] });
});

test('observeLedger: CRLF line ends and empty lines change nothing', (t) => {
  const text = `${appendToLedger('', [ONE])}\n${appendToLedger('', [TWO])}`.replaceAll(
    '\n',
    '\r\n',
  );
  t.deepEqual(read(text).entries, [ONE, TWO]);
});

test('observeLedger: lines of two branches, put together by merge=union, are all read', (t) => {
  const both = appendToLedger('', [ONE]) + appendToLedger('', [TWO]) + appendToLedger('', [ONE]);
  t.deepEqual(read(both).entries, [ONE, TWO, ONE]);
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

import test from 'ava';
import { resolve } from '../../../src/go-yaml/resolve.ts';

const typeOf = (text: string) => {
  const resolved = resolve(text);
  return typeof resolved === 'string' ? resolved : resolved.type;
};

const is = test.macro<[text: string, type: ReturnType<typeof typeOf>, plaintext?: string]>({
  exec(t, text, type, plaintext) {
    t.is(typeOf(text), type);
    const resolved = resolve(text);
    if (typeof resolved === 'object') t.is(resolved.text, plaintext ?? text);
  },
  title: (_, text, type, plaintext) =>
    `resolve: plain ${JSON.stringify(text)} is ${type}${plaintext === undefined ? '' : ` ${plaintext}`} to go-yaml`,
});

for (const text of ['', '~', 'null', 'Null', 'NULL']) test(is, text, 'null');
for (const text of [
  'nULL',
  'yes',
  'No',
  'on',
  'y',
  'N',
  '<<',
  '=',
  '1:30',
  '1:30:00',
  '.',
  '-',
  '+',
])
  test(is, text, 'str');
for (const text of [
  'tRUE',
  '_1',
  '0x',
  '0b',
  '0o',
  '1e400',
  '0b2',
  '1.2.3',
  '- 1',
  '2026-13-01',
  '0xg',
])
  test(is, text, 'str');
for (const text of ['true', 'True', 'TRUE']) test(is, text, 'bool', 'True');
test(is, 'False', 'bool', 'False');
test(is, '0', 'int', '0');
test(is, '-0', 'int', '0');
test(is, '+12', 'int', '12');
test(is, '0777', 'int', '511');
test(is, '-0777', 'int', '-511');
test(is, '0o17', 'int', '15');
test(is, '0b11', 'int', '3');
test(is, '0b-11', 'int', '-3');
test(is, '0o-7', 'int', '-7');
test(is, '0xfF', 'int', '255');
test(is, '1_000', 'int', '1000');
test(is, '1__0_', 'int', '10');
test(is, '08', 'float', '8');
test(is, '1.', 'float', '1');
test(is, '.5', 'float', '0.5');
test(is, '-.5', 'float', '-0.5');
test(is, '1_0.5', 'float', '10.5');
test(is, '-0.0', 'float', '-0');
test(is, '1e-400', 'float', '0');
test(is, '1e21', 'float', '1000000000000000000000');
test(is, '123456789012345678901234567890', 'float', '123456789012345680000000000000');
test(is, '0x12345678901234567', 'str');
test(is, '9007199254740992', 'int', '9007199254740992');
test(is, '9007199254740993', 'unsupported'); // JSON numbers do not hold it
test(is, '18446744073709551615', 'unsupported'); // "unknown type: uint64"
for (const text of ['.inf', '-.Inf', '.NaN']) test(is, text, 'unsupported');
test(is, '2026-01-01', 'time', '2026-01-01T00:00:00Z');
test(is, '2026-1-2T3:4:5Z', 'time', '2026-01-02T03:04:05Z');
test(is, '2026-01-02t03:04:05.1200+02:00', 'time', '2026-01-02T03:04:05.12+02:00');
test(is, '2026-01-02 03:04:05,5', 'time', '2026-01-02T03:04:05.5Z');
test(is, '2026-01-02T03:04:05+00:00', 'time', '2026-01-02T03:04:05Z');
for (const text of [
  '2026-02-29',
  '2026-01-02T24:00:00Z',
  '2026-01-02T03:04:05',
  '2026-01-02T03:04Z',
])
  test(is, text, 'str');
test(is, '2024-02-29', 'time', '2024-02-29T00:00:00Z');

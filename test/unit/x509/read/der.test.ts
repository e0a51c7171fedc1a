import test from 'ava';
import { derContents, derElements } from '../../../../src/x509/read/der.ts';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');

test('derElements: what stands in a row, with short and long lengths', (t) => {
  const long = hex(`048180${'aa'.repeat(128)}`);
  const elements = derElements(Buffer.concat([hex('020105'), long, hex('0500')]));
  t.deepEqual(
    elements.map(({ tag, contents }) => [tag, contents.length]),
    [
      [0x02, 1],
      [0x04, 128],
      [0x05, 0],
    ],
  );
  t.deepEqual(elements[1]?.der, long);
});

test('derContents: the elements inside the outermost one', (t) => {
  t.deepEqual(
    derContents(hex('3006020105020106')).map(({ contents }) => contents[0]),
    [5, 6],
  );
});

for (const [what, text] of [
  ['the indefinite length', '30800201050000'],
  ['a length past the end', '300402'],
  ['a length of more than four octets', '308500000000010500'],
  ['a length that is cut off', '3082'],
  ['a long form where the short one would do', '3081020500'],
  ['a length with a leading zero', `30820080${'05'.repeat(128)}`],
  ['a tag of several octets', '1f810100'],
  ['a tag alone', '30'],
] as const) {
  test(`derElements: refuses ${what}`, (t) => {
    t.throws(() => derElements(hex(text)), {
      code: 'ERR_CERTIFICATE',
      message: 'certificate is not DER',
    });
  });
}

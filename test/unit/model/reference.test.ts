import test from 'ava';
import {
  findReferences,
  formatReference,
  hasReference,
  replaceReferences,
} from '../../../src/model/reference.ts';
import { credentialPath } from '../../../src/model/names.ts';

const ca = credentialPath('prod', null, 'ca');
const bundle = formatReference({ credential: ca, part: 'trustBundle', form: 'pem' });
const key = formatReference({
  credential: credentialPath('prod', 'cp-1', 'admin.conf'),
  part: 'content',
  form: 'base64',
});

test('formatReference: findReferences gives back what it was made of', (t) => {
  t.deepEqual(findReferences(`a ${bundle}${key} b`), [
    { credential: ca, part: 'trustBundle', form: 'pem' },
    { credential: credentialPath('prod', 'cp-1', 'admin.conf'), part: 'content', form: 'base64' },
  ]);
});

test('replaceReferences: indent is set only where the reference stands alone on its line', (t) => {
  const indents: string[] = [];
  const text = replaceReferences(
    `ca: |\n    ${bundle}\nb: x${bundle}\n  ${bundle} y`,
    (_, { indent }) => {
      indents.push(indent);
      return 'V';
    },
  );
  t.is(text, 'ca: |\n    V\nb: xV\n  V y');
  t.deepEqual(indents, ['    ', '', '']);
});

for (const shift of [0, 1, 2, 3, 4]) {
  test(`hasReference: finds the base64 form of a reference after ${shift} octets`, (t) => {
    const encoded = Buffer.from(`${'x'.repeat(shift)}${bundle}tail`).toString('base64');
    t.true(hasReference(encoded));
  });
}

test('hasReference: ordinary text and ordinary base64 hold none', (t) => {
  t.false(hasReference('cdk8s-pki: hello'));
  t.false(hasReference(Buffer.from('cdk8s-pki: hello, cdk8s-pki').toString('base64')));
});

const disguised = test.macro((t, disguise: (text: string) => string) => {
  t.true(hasReference(disguise(bundle)));
});

test('hasReference: finds one in upper case', disguised, (text) => text.toUpperCase());
test('hasReference: finds one that is percent-encoded', disguised, encodeURIComponent);
test('hasReference: finds its hexadecimal form', disguised, (text) =>
  Buffer.from(text).toString('hex'),
);
test('hasReference: finds base64 that is folded', disguised, (text) =>
  Buffer.from(text)
    .toString('base64')
    .replaceAll(/(.{7})/gu, '$1\n'),
);

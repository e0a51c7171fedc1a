import test from 'ava';
import { PkiError } from '../../../src/errors.ts';
import { refusePlaintext } from '../../../src/encrypt/plaintext.ts';

const BEGIN = '-----BEGIN';
const PEM = `${BEGIN} EC PRIVATE KEY-----\nMHcCAQ\n-----END EC PRIVATE KEY-----\n`;

const refused = test.macro((t, content: string, values: readonly string[] = []) => {
  const error = t.throws<PkiError>(
    () => {
      refusePlaintext('deploy/x', content, values);
    },
    { instanceOf: PkiError },
  );
  t.is(error.code, 'ERR_ENCRYPT');
  t.false(error.message.includes('MHcCAQ'));
});

test('refusePlaintext: a PEM private key', refused, `key: |\n${PEM}`);
test('refusePlaintext: a PKCS #8 private key', refused, PEM.replaceAll('EC PRIVATE', 'PRIVATE'));
test('refusePlaintext: an age identity', refused, 'AGE-SECRET-KEY-1QQPZRY');
for (const shift of [0, 1, 2, 3]) {
  const encoded = Buffer.from(`${'x'.repeat(shift)}${PEM}`).toString('base64');
  test(`refusePlaintext: a base64 private key after ${shift} octets`, refused, encoded);
}
test('refusePlaintext: a private value', refused, `a: ${'s'.repeat(24)}`, ['s'.repeat(24)]);

test('refusePlaintext: certificates, public keys and short values by chance are fine', (t) => {
  t.notThrows(() => {
    refusePlaintext('deploy/x', `${BEGIN} CERTIFICATE-----\n${BEGIN} PUBLIC KEY-----\nYQ==`, [
      'YQ==',
    ]);
  });
});

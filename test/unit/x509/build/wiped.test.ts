import { createPrivateKey } from 'node:crypto';
import test from 'ava';
import { generateKey, generateLeafKey } from '../../../../src/x509/build/key.ts';

/** What was put together, as it was then and as it is now. */
const made: { readonly then: Buffer; readonly now: Buffer }[] = [];
const concat = Buffer.concat.bind(Buffer);
Buffer.concat = (...args) => {
  const now = concat(...args);
  made.push({ then: Buffer.from(now), now });
  return now;
};

for (const algorithm of ['ECDSA-P256', 'ECDSA-P384'] as const)
  test.serial(
    `generateKey and generateLeafKey: ${algorithm}, octets with the scalar`,
    async (t) => {
      for (const [generate, pieces] of [
        [generateKey, 1],
        [
          async (name: typeof algorithm) =>
            createPrivateKey((await generateLeafKey(name)).privateKey),
          2,
        ],
      ] as const) {
        made.length = 0;
        const { d = '' } = (await generate(algorithm)).export({ format: 'jwk' });
        const scalar = Buffer.from(d, 'base64url');
        const secret = made.filter(({ then }) => then.includes(scalar));
        t.is(secret.length, pieces);
        for (const { now } of secret) t.true(now.every((octet) => octet === 0));
      }
    },
  );

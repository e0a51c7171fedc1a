import crypto, { randomBytes } from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import process from 'node:process';
import test from 'ava';
import { decodeBech32 } from '../../../../src/sops/age/bech32.ts';
import { encryptToAge } from '../../../../src/sops/age/file.ts';
import { withDerivedKey } from '../../../../src/sops/age/secret-key.ts';
import { X25519Recipient } from '../../../../src/sops/age/x25519.ts';
import { makeKey } from '../_keys.ts';

/** Octets that node:crypto gave, by who gave them. */
const given = { shared: [] as Buffer[], derived: [] as Buffer[] };

const { diffieHellman, createHmac, hkdfSync } = crypto;
crypto.diffieHellman = (...args: Parameters<typeof diffieHellman>) => {
  const octets = diffieHellman(...args);
  given.shared.push(octets);
  return octets;
};
crypto.createHmac = (...args) => {
  const hmac = createHmac(...args);
  const digest = hmac.digest.bind(hmac) as () => Buffer;
  hmac.digest = (() => {
    const octets = digest();
    given.derived.push(octets);
    return octets;
  }) as typeof hmac.digest;
  return hmac;
};
crypto.hkdfSync = (...args) => {
  const octets = hkdfSync(...args);
  given.derived.push(Buffer.from(octets));
  return octets;
};
syncBuiltinESMExports();

const isWiped = (octets: Uint8Array): boolean => octets.every((octet) => octet === 0);

test.serial('withDerivedKey: what it derived, and what it derived that from', (t) => {
  for (const fails of [false, true]) {
    given.derived = [];
    const derive = (): void => {
      withDerivedKey(randomBytes(32), randomBytes(16), 'header', () => {
        if (fails) throw new RangeError('a failure');
      });
    };
    if (fails) t.throws(derive, { instanceOf: RangeError });
    else t.notThrows(derive);
    // Node 24 has one HKDF, others two HMACs
    t.is(given.derived.length, process.versions.node.startsWith('24.') ? 1 : 2);
    t.true(given.derived.every(isWiped));
  }
});

test.serial('encryptToAge: the file key and the shared secret', async (t) => {
  const raw = decodeBech32((await makeKey()).recipient, 'age') ?? new Uint8Array();
  const to = new X25519Recipient(raw);
  for (const fails of [false, true]) {
    given.shared = [];
    const drawn: Uint8Array[] = [];
    const draw = (size: number): Uint8Array => {
      const octets = randomBytes(size);
      drawn.push(octets);
      return octets;
    };
    const encrypt = (): string =>
      encryptToAge(randomBytes(32), draw, (fileKey) => {
        t.false(isWiped(fileKey));
        const stanza = to.wrapFileKey(fileKey);
        if (fails) throw new RangeError('a failure');
        return stanza;
      });
    if (fails) t.throws(encrypt, { instanceOf: RangeError });
    else t.notThrows(encrypt);
    t.is(given.shared.length, 1);
    t.true(given.shared.every(isWiped));
    const [fileKey, ...public_] = drawn;
    t.true(fileKey !== undefined && isWiped(fileKey));
    t.is(public_.filter(isWiped).length, 0, 'the nonce is public');
  }
});

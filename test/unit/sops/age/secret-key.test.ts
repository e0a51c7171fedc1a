import { createHmac, hkdfSync, randomBytes, type KeyObject } from 'node:crypto';
import test from 'ava';
import { withDerivedKey } from '../../../../src/sops/age/secret-key.ts';

const octetsOf = (key: Uint8Array | KeyObject): Uint8Array =>
  key instanceof Uint8Array ? key : key.export();

for (const size of [0, 16, 64, 65, 200])
  test(`withDerivedKey: HKDF of RFC 5869, with a salt of ${size} octets`, (t) => {
    const [secret, salt] = [randomBytes(32), randomBytes(size)];
    const expected = Buffer.from(hkdfSync('sha256', secret, salt, 'payload', 32));
    const before = Buffer.from(secret);
    withDerivedKey(secret, salt, 'payload', (key) => {
      t.deepEqual(Buffer.from(octetsOf(key)), expected);
      const mac = createHmac('sha256', key).update('x').digest();
      t.deepEqual(mac, createHmac('sha256', expected).update('x').digest());
    });
    t.deepEqual(secret, before, 'the secret is for who has it to wipe');
  });

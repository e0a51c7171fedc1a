import { randomBytes } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import { load } from 'js-yaml';
import { parse } from 'yaml';
import { decryptBinary, decryptYaml } from '../../../src/sops/decrypt.ts';
import { encryptBinary, encryptYaml } from '../../../src/sops/encrypt.ts';
import { emitYaml } from '../../../src/go-yaml/emit.ts';
import { parseYaml, toJson } from '../../../src/sops/document/parse.ts';
import { makeKey } from '../../unit/sops/_keys.ts';
import { documents, runs, selectors, text } from './_documents.ts';

const NOW = new Date('2026-01-02T03:04:05Z');

test('any document comes back from encryption as it was, in the same order', async (t) => {
  const key = await makeKey();
  await fc.assert(
    fc.asyncProperty(documents, selectors, async (document, selector) => {
      const options = { selector, recipients: [key.recipient], now: NOW, randomBytes };
      const decrypted = await decryptYaml(await encryptYaml(document, options), key);
      return JSON.stringify(decrypted) === JSON.stringify(document);
    }),
    { numRuns: runs(300) },
  );
  t.pass();
});

test('any octets come back from binary encryption as they were', async (t) => {
  const key = await makeKey();
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (content) => {
      const options = { recipients: [key.recipient], now: NOW, randomBytes };
      const decrypted = await decryptBinary(await encryptBinary(content, options), key);
      return Buffer.from(decrypted).equals(Buffer.from(content));
    }),
    { numRuns: runs(50) },
  );
  t.pass();
});

test('what is written reads the same by the rules of go-yaml, YAML 1.2 and js-yaml', (t) => {
  fc.assert(
    fc.property(documents, (document) => {
      const written = emitYaml(document);
      const expected = JSON.stringify(document);
      t.is(JSON.stringify(toJson(parseYaml(written))), expected);
      t.is(JSON.stringify(parse(written)), expected);
      t.is(JSON.stringify(load(written)), expected);
    }),
    { numRuns: runs(1000) },
  );
});

test('a string is a string to YAML 1.1 too', (t) => {
  fc.assert(
    fc.property(text, text, (key, value) => {
      const written = emitYaml({ [key]: value });
      t.deepEqual(parse(written, { version: '1.1', mapAsMap: true }), new Map([[key, value]]));
    }),
    { numRuns: runs(1000) },
  );
});

test('no run of encrypted octets stands in what is written', async (t) => {
  const key = await makeKey();
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: 'grapheme-ascii', minLength: 12, maxLength: 40 }),
      async (secret) => {
        const options = {
          selector: { encrypted_regex: '^s$' },
          recipients: [key.recipient],
          now: NOW,
          randomBytes,
        };
        return !(await encryptYaml({ s: { x: [secret] } }, options)).includes(secret);
      },
    ),
    { numRuns: runs(50) },
  );
  t.pass();
});

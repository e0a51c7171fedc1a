import test from 'ava';
import { encryptBinary, encryptYaml, type JsonObject } from '../../../src/sops/encrypt.ts';
import { decryptBinary, decryptYaml } from '../../../src/sops/decrypt.ts';
import { counting, makeKey, rejected } from './_keys.ts';

const NOW = new Date('2026-01-02T03:04:05.678Z');

/** Age files differ from run to run; everything else is fixed. */
const withoutAge = (text: string, recipient: string): string =>
  text
    .replace(/-----BEGIN AGE ENCRYPTED FILE-----[^-]+-----END AGE ENCRYPTED FILE-----/gu, 'AGE')
    .replaceAll(recipient, 'RECIPIENT');

test('encryptYaml: with fixed key, vectors and time, the bytes are those of sops 3.13', async (t) => {
  const { recipient } = await makeKey();
  const document = {
    apiVersion: 'v1',
    data: { 'tls.crt': 'YQ==', empty: '', none: null, list: [1, 1.5, true] },
    text: 'a\nb\n',
  };
  const text = await encryptYaml(document, {
    selector: { encrypted_regex: '^data$' },
    recipients: [recipient],
    now: NOW,
    randomBytes: counting(),
  });
  t.is(
    withoutAge(text, recipient),
    String.raw`apiVersion: v1
data:
    tls.crt: ENC[AES256_GCM,data:EkCiHA==,iv:QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8=,tag:IiVKKsQWaYUPpGpS868aZw==,type:str]
    empty: ""
    none: null
    list:
        - ENC[AES256_GCM,data:Hw==,iv:YGFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6e3x9fn8=,tag:CAC/HyyeZELpfhI0jLMSmg==,type:int]
        - ENC[AES256_GCM,data:Nfra,iv:gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp8=,tag:SrU5R/cl7M8PYz3dU0MNPg==,type:float]
        - ENC[AES256_GCM,data:1y8msA==,iv:oKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr8=,tag:JGIkQztCyNnCeh/lvBaehA==,type:bool]
text: |
    a
    b
sops:
    age:
        - enc: |
            AGE
          recipient: RECIPIENT
    encrypted_regex: ^data$
    lastmodified: "2026-01-02T03:04:05Z"
    mac: ENC[AES256_GCM,data:Ab5qclcbmP2URrqEfcV/equDvhNreLQsuXrtnBrulhEXpGjjAJFHMMr4o8f9kFx2IPw2kUTgQA6cw2oqKBFbYax9OsQ3aJ/tU/Wvh2e45R1gHL+9EKE+8ORlnWXQYHMDkyLiXqus9SJw8XY/VcQuyISES1IxWLbkEWX5QsMNQXk=,iv:wMHCw8TFxsfIycrLzM3Oz9DR0tPU1dbX2Nna29zd3t8=,tag:3+r7J0AxJXSGdyCkbDhBHA==,type:str]
    version: 3.13.3
`,
  );
});

test('encryptBinary: with fixed key, vector and time, the bytes are those of sops 3.13', async (t) => {
  const { recipient } = await makeKey();
  const text = await encryptBinary(Buffer.from([0, 255, 10]), {
    recipients: [recipient],
    now: NOW,
    randomBytes: counting(),
  });
  t.is(
    withoutAge(text, recipient),
    String.raw`{
	"data": "ENC[AES256_GCM,data:S+6V,iv:QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8=,tag:f0M1fS5h88DXXAqGrom7UQ==,type:str]",
	"sops": {
		"age": [
			{
				"enc": "AGE\n",
				"recipient": "RECIPIENT"
			}
		],
		"lastmodified": "2026-01-02T03:04:05Z",
		"mac": "ENC[AES256_GCM,data:am5c1BtE3juXtyBZKL1AWieTNAbZD544zGfhv0QJ0h5Jrck9wUV4iyfrMLJJu8vDZRYdBeN9l+qWgObiBF6NYtlHJYUFaMI4zIdM3xWDuiBd2aRUR2pI9m4Z+0gLvVQrXh/VancC2BQCg8BPQ5GIRLmclQCPI7mbDXXgfA30Cak=,iv:YGFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6e3x9fn8=,tag:0gPQmc0tlQ5msJCNgMdfuQ==,type:str]",
		"version": "3.13.3"
	}
}
`,
  );
});

test('encryptYaml: every file has a data key of its own', async (t) => {
  const { recipient } = await makeKey();
  const sizes: number[] = [];
  const fill = counting();
  const options = {
    selector: { encrypted_regex: '^a$' },
    recipients: [recipient],
    now: NOW,
    randomBytes: (size: number) => {
      sizes.push(size);
      return fill(size);
    },
  };
  const one = await encryptYaml({ a: 'x' }, options);
  const two = await encryptYaml({ a: 'x' }, options);
  const each = [32, 32, 32, 16, 16]; // data key, two vectors; file key and nonce of age
  t.deepEqual(sizes, [...each, ...each]);
  t.not(one, two);
});

test('encryptYaml: a recipient named twice is wrapped once, in the order given', async (t) => {
  const [one, two] = [await makeKey(), await makeKey()];
  const text = await encryptYaml(
    { a: 'x' },
    {
      selector: { encrypted_regex: '^a$' },
      recipients: [two.recipient, one.recipient, ` ${two.recipient}`],
      now: NOW,
      randomBytes: counting(),
    },
  );
  t.deepEqual(
    Array.from(text.matchAll(/recipient: (\S+)/gu), ([, recipient]) => recipient),
    [two.recipient, one.recipient],
  );
  for (const key of [one, two]) t.deepEqual(await decryptYaml(text, key), { a: 'x' });
});

test('encryptYaml: a post-quantum recipient opens it too', async (t) => {
  const key = await makeKey('hybrid');
  const options = { recipients: [key.recipient], now: NOW, randomBytes: counting() };
  const selector = { unencrypted_regex: '^kind$' };
  const text = await encryptYaml({ kind: 'x', a: 1 }, { selector, ...options });
  t.deepEqual(await decryptYaml(text, key), { kind: 'x', a: 1 });
  const binary = await encryptBinary(Buffer.alloc(0), options);
  t.is((await decryptBinary(binary, key)).length, 0);
});

const fails = test.macro<
  [name: string, document: JsonObject, recipients: readonly string[], code: string, message: string]
>({
  async exec(t, _, document, recipients, code, message) {
    const options = {
      selector: { encrypted_regex: 'a' },
      recipients,
      now: NOW,
      randomBytes: counting(),
    };
    t.deepEqual(await rejected(encryptYaml(document, options)), { code, message });
  },
  title: (_, name) => `encryptYaml: refuses ${name}`,
});

test(fails, 'no recipients', {}, [], 'ERR_RECIPIENT', 'there is no recipient to encrypt to');
test(
  fails,
  'a document with a key "sops"',
  { sops: {} },
  [],
  'ERR_ENCRYPT',
  'the document has a key "sops", which SOPS keeps for itself',
);

test('encryptYaml: a lone surrogate is a programming error, not a silent U+FFFD', async (t) => {
  const { recipient } = await makeKey();
  const options = { recipients: [recipient], now: NOW, randomBytes: counting() };
  const selector = { encrypted_regex: 'a' };
  await t.throwsAsync(encryptYaml({ a: '\ud800' }, { selector, ...options }), {
    instanceOf: TypeError,
  });
});

import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { load } from 'js-yaml';
import { encryptedFiles, fromBase64, record, text } from '../_helpers/fleet-tree.ts';
import { Fleet } from '../_helpers/fleet.ts';
import { PrivateKeyScanner } from '../_helpers/private-key-scanner.ts';
import { inParallel, type Ran } from '../_helpers/run-program.ts';
import { toolTest } from '../_helpers/tool-test.ts';

const sopsTest = toolTest(['sops', 'age-keygen']);
let fleet: Fleet;
let synth: Ran;
let scanner: PrivateKeyScanner;
let keys: readonly string[];

test.before(async () => {
  fleet = await Fleet.prepare();
  synth = await fleet.cli(['synth']);
  if (synth.status !== 0) throw new Error('synth failed');
  const found = await inParallel(encryptedFiles(fleet), async ({ path: file, type }) => {
    const args = ['decrypt', '--input-type', type, '--output-type', type, file];
    return privateKeyOf((await fleet.succeed('sops', args, 'custodian')).toString());
  });
  keys = [...new Set(found)];
  scanner = new PrivateKeyScanner(keys);
});
test.after.always(() => {
  fleet.remove();
});

/** The one private key of a decrypted file: a store document, a Secret, a kubeconfig, or the key itself. */
function privateKeyOf(content: string): string {
  if (content.startsWith('-----BEGIN ')) return content;
  const document = record(load(content));
  if ('privateKey' in document) return text(document['privateKey']);
  if (document['kind'] === 'Secret') return fromBase64(record(document['data'])['tls.key']);
  const [user] = document['users'] as readonly unknown[];
  return fromBase64(record(record(user)['user'])['client-key-data']);
}

sopsTest('the keys to look for are all that the tree has', (t) => {
  // 8 keysets, 4 × 11 leaves, 2 of the user's; every copy of a key is the same text
  t.is(keys.length, 8 + 44 + 2);
  const algorithms = keys.map((key) => createPrivateKey(key).asymmetricKeyType);
  t.is(algorithms.filter((algorithm) => algorithm === 'rsa').length, 15);
  t.is(algorithms.filter((algorithm) => algorithm === 'ec').length, 39);
});

sopsTest('no run of 16 octets of a private key is in any file of the tree, in any form', (t) => {
  const files = fleet.files();
  t.true(files.length >= 170 && files.includes('.cdk8s-pki/.gitignore'), `${files.length} files`);
  for (const file of files) {
    t.deepEqual(scanner.scan(readFileSync(path.join(fleet.root, file))), [], file);
  }
});

sopsTest(
  'no run of 16 octets of a private key is in what the program prints or leaves behind',
  (t) => {
    t.regex(synth.stdout.toString(), /prod-eu-1\/ca/u);
    t.deepEqual(scanner.scan(synth.stdout), [], 'stdout');
    t.deepEqual(scanner.scan(synth.stderr), [], 'stderr');
    const left = readdirSync(fleet.temporary, { recursive: true, withFileTypes: true });
    for (const entry of left.filter((item) => item.isFile())) {
      t.deepEqual(scanner.scan(readFileSync(path.join(entry.parentPath, entry.name))), []);
    }
  },
);

sopsTest('no identity is in any file of the tree', (t) => {
  const files = fleet.files().map((file) => fleet.read(file));
  t.true(files.some((content) => content.includes('age1')));
  t.deepEqual(
    files.filter((content) => /AGE-SECRET-KEY-/iu.test(content)),
    [],
  );
});

sopsTest('the scan finds a private key in each form in which it could leak', (t) => {
  const samples = [keys.find(isType('ec')), keys.find(isType('rsa'))];
  for (const pem of samples) {
    if (pem === undefined) throw new Error('no key of this type');
    const key = createPrivateKey(pem);
    const der = key.export({ type: 'pkcs8', format: 'der' });
    const secret = Buffer.from(jwk(key)['d'] ?? '', 'base64url');
    const middle = secret.subarray(5, 22);
    const json = JSON.stringify({ data: pem });
    const forms: Readonly<Record<string, string | Buffer>> = {
      PEM: pem,
      'PEM, PKCS#8': key.export({ type: 'pkcs8', format: 'pem' }),
      'PEM in YAML': `privateKey: |\n${pem.replaceAll(/^/gmu, '    ')}`,
      'PEM in JSON': json,
      'PEM without line breaks': pem.replaceAll('\n', ''),
      DER: der,
      'DER in base64': der.toString('base64'),
      'DER in base64url': der.toString('base64url'),
      'DER in base64 at another offset': Buffer.concat([Buffer.from('x'), der]).toString('base64'),
      'DER in base64 at the third offset': Buffer.concat([Buffer.from('xy'), der]).toString(
        'base64',
      ),
      'PEM in base64': Buffer.from(pem).toString('base64'),
      'JSON in base64': Buffer.from(json).toString('base64'),
      'PEM in base64, folded': Buffer.from(pem).toString('base64').replaceAll(/.{60}/gu, '$&\n  '),
      'PEM twice in base64': Buffer.from(Buffer.from(pem).toString('base64')).toString('base64'),
      JWK: JSON.stringify(jwk(key)),
      hex: der.toString('hex'),
      'hex, upper case': der.toString('hex').toUpperCase(),
      'hex with colons': der.toString('hex').replaceAll(/../gu, '$&:'),
      'hex of the PEM': Buffer.from(pem).toString('hex'),
      'a fragment': middle,
      'a fragment in base64': `x ${middle.toString('base64')}`,
    };
    for (const [form, content] of Object.entries(forms)) {
      const around = Buffer.concat([
        Buffer.from('a: '),
        Buffer.from(content),
        Buffer.from('\nb: 1\n'),
      ]);
      t.is(scanner.scan(around).length, 1, `${String(key.asymmetricKeyType)}: ${form}`);
    }
    t.deepEqual(scanner.scan(secret.subarray(5, 20)), [], '15 octets are not a run');
  }
});

function isType(type: string): (pem: string) => boolean {
  return (pem) => createPrivateKey(pem).asymmetricKeyType === type;
}

function jwk(key: KeyObject): Readonly<Record<string, string>> {
  return key.export({ format: 'jwk' }) as Record<string, string>;
}

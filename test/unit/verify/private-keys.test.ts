import { generateKeyPairSync, randomBytes } from 'node:crypto';
import test from 'ava';
import { treePath } from '../../../src/model/names.ts';
import { nativeCipher } from '../../../src/sops/cipher.ts';
import { verifyPrivateKeys } from '../../../src/verify/private-keys.ts';
import { verifyStores } from '../../../src/verify/tree/store.ts';
import { authority, cluster, leaf, TREE } from '../../_helpers/desired.ts';
import { MemoryTree, newIdentity, synth } from '../../_helpers/repository.ts';

const identity = await newIdentity();
const cipher = nativeCipher({ list: [identity], unusable: [] });
const tree = new MemoryTree();
await synth(tree, {
  units: [
    {
      clusters: [
        cluster('a', {
          recipients: [identity.recipient],
          authorities: [authority('a/ca')],
          leaves: [leaf('a/web'), leaf('a/api')],
        }),
      ],
      imports: [],
      exports: [],
      users: [],
    },
  ],
  identity,
});

const OPTIONS = {
  recipients: [identity.recipient],
  selector: { encrypted_regex: '^privateKey$' },
  now: new Date(),
  randomBytes,
};
const [WEB, API] = ['deploy/a/pki/web.sops.yaml', 'deploy/a/pki/api.sops.yaml'];

async function found(changed: MemoryTree, outputs: readonly string[] = []): Promise<string[]> {
  const stores = verifyStores(changed, TREE, ['a']);
  const files = outputs.map((file) => treePath(file));
  const { findings } = await verifyPrivateKeys(
    { reader: changed, tree: TREE },
    stores,
    files,
    cipher,
  );
  return findings.map(({ code, file }) => `${code} ${file ?? ''}`);
}

test('verifyPrivateKeys: a document with a sound MAC and the key of another one', async (t) => {
  t.deepEqual(await found(tree), []);
  const copy = tree.clone();
  const [web, api] = await Promise.all(
    [WEB, API].map((file) => cipher.decryptYaml(copy.text(file))),
  );
  const swapped = { ...web, privateKey: api?.['privateKey'] ?? '' };
  copy.write(WEB, await cipher.encryptYaml(swapped, OPTIONS));
  t.deepEqual(await found(copy), [`PrivateKeyMismatch ${WEB}`]);
  copy.write(WEB, await cipher.encryptYaml({ ...web }, OPTIONS));
  t.deepEqual(await found(copy), [], 'encrypted again it is as it was');
});

test('verifyPrivateKeys: an output with the key of another credential, or of none', async (t) => {
  const copy = tree.clone();
  const [web, api] = await Promise.all(
    [WEB, API].map((file) => cipher.decryptYaml(copy.text(file))),
  );
  const base64 = (text: unknown): string => Buffer.from(String(text)).toString('base64');
  const secret = async (key: unknown): Promise<string> =>
    cipher.encryptYaml(
      { kind: 'Secret', data: { 'tls.crt': base64(web?.['certificate']), 'tls.key': base64(key) } },
      { ...OPTIONS, selector: { unencrypted_regex: String.raw`^(kind|tls\.crt)$` } },
    );
  const file = 'deploy/a/manifests/Secret.default.web-tls.sops.yaml';
  copy.write(file, await secret(web?.['privateKey']));
  t.deepEqual(await found(copy, [file]), []);
  copy.write(file, await secret(api?.['privateKey']));
  t.deepEqual(await found(copy, [file]), [`PrivateKeyMismatch ${file}`]);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  copy.write(file, await secret(privateKey.export({ type: 'pkcs8', format: 'pem' })));
  t.deepEqual(await found(copy, [file]), [`PrivateKeyMismatch ${file}`]);
});

import type { KeyObject } from 'node:crypto';
import { stringify } from 'yaml';
import type { CredentialPath } from '../../src/model/names.ts';
import type { EntryState } from '../../src/model/observed.ts';
import { keysetStatement } from '../../src/model/store/keyset.ts';
import { nativeCipher } from '../../src/sops/cipher.ts';
import { readPrivateKey, signData } from '../../src/x509/read/key.ts';
import { authority, cluster, kubeconfig, leaf, serviceAccountKey, unit } from './desired.ts';
import { MemoryTree, newIdentity, synth } from './repository.ts';

/** A store as `synth` writes it, for tests that damage it. */

export const identity = await newIdentity();
const recipients = [identity.recipient];
const nodes = [{ name: 'cp-1', recipients: [] }];

function declared(name: string) {
  return cluster(name, {
    recipients,
    nodes,
    authorities: [authority(`${name}/ca`)],
    serviceAccountKeys: [serviceAccountKey(`${name}/sa`)],
    leaves: [leaf(`${name}/web`), leaf(`${name}/cp-1/api`), kubeconfig(`${name}/admin`)],
  });
}

const PROD = declared('prod');
const TEST = declared('test');

const made = new MemoryTree();
await synth(made, { units: [unit(PROD), unit(TEST)] });

/** A copy of it. */
export const store = (): MemoryTree => made.clone();

export const CA = 'prod/ca' as CredentialPath;
export const KEYSET = 'deploy/prod/pki/ca/keyset.yaml';

/** The file of the only entry of a keyset. */
export function entryFile(keyset = 'prod/ca'): string {
  const [cluster = '', name = ''] = keyset.split('/');
  const folder = `deploy/${cluster}/pki/${name}/`;
  const [file] = made
    .paths()
    .filter((path) => path.startsWith(folder) && path.endsWith('.sops.yaml'));
  if (file === undefined) throw new RangeError(`no entry of ${keyset}`);
  return file;
}

export async function privateKeyOf(file: string, tree = made): Promise<KeyObject> {
  const document = await nativeCipher({ list: [identity], unusable: [] }).decryptYaml(
    tree.text(file),
  );
  const { privateKey } = document;
  if (typeof privateKey !== 'string') throw new TypeError(`${file} has no private key`);
  return readPrivateKey(privateKey);
}

export interface Listed {
  readonly id: string;
  readonly state: EntryState;
  readonly spki: string;
}

/** A `keyset.yaml` of these entries, signed by `signer` and, where there is one, by `countersigner`. */
export function keysetFile(
  path: CredentialPath,
  revision: number,
  entries: readonly Listed[],
  signer: KeyObject,
  countersigner?: KeyObject,
): string {
  const [cluster, name] = path.split('/');
  const statement = keysetStatement(path, revision, entries);
  return stringify({
    apiVersion: 'cdk8s-pki/v1',
    cluster,
    name,
    kind: 'Keyset',
    revision,
    entries,
    signature: signData(signer, statement).toString('base64'),
    ...(countersigner === undefined
      ? {}
      : { countersignature: signData(countersigner, statement).toString('base64') }),
  });
}

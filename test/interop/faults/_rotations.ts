import type { ExecutionContext } from 'ava';
import type { ObservedCluster } from '../../../src/model/observed.ts';
import { observeCluster } from '../../../src/observe/cluster.ts';
import { AgeIdentity } from '../../../src/sops/age/identity.ts';
import { nativeCipher } from '../../../src/sops/cipher.ts';
import { readPrivateKey, spkiHash } from '../../../src/x509/read/key.ts';
import { text } from '../../_helpers/fleet-tree.ts';
import { MemoryTree } from '../../_helpers/repository.ts';
import type { Person } from '../../_helpers/run-cli.ts';
import type { Files } from './_kills.ts';

/** The keysets of kubeadm, and one that is declared; of each a certificate that it signs. */
export const KEYSETS = {
  ca: 'cp-1/apiserver-kubelet-client',
  'etcd-ca': 'cp-1/etcd-peer',
  'front-proxy-ca': 'cp-1/front-proxy-client',
  mesh: 'web',
  'service-account-key': null,
} as const;

export const declarationFor = (recipient: string): string => `
import { Duration } from 'cdk8s';
import * as pki from 'cdk8s-pki';
const maxTokenLife = Duration.hours(1);
const app = new pki.App({ recipients: ['${recipient}'], defaults: { rotation: { maxTokenLife } } });
const prod = new pki.KubeadmCluster(app, 'prod', {
  kubernetesVersion: '1.34.4',
  clusterSigningDuration: Duration.days(1),
  controlPlaneEndpoint: 'api.example.com',
  controlPlaneNodes: [{ name: 'cp-1', advertiseAddress: '10.0.0.11' }],
});
const issuer = new pki.CertificateAuthority(prod, 'mesh');
const certificate = new pki.Certificate(prod, 'web', {
  issuer,
  profile: 'server',
  dnsNames: ['web.example.com'],
});
new pki.TlsSecret(prod, 'web-tls', { certificate, namespace: 'default' });
export default app;
`;

interface Step {
  readonly args: readonly [string, ...string[]];
  /** It only leads to the next one, and was killed before. */
  readonly isPrelude?: true;
}

/** Everything that is done to a keyset, each from where the one before it leads. */
export function commandsFor(keyset: keyof typeof KEYSETS): readonly Step[] {
  const advance = ['rotate', 'prod', keyset] as const;
  const abort = { args: [...advance, '--abort'] } as const;
  const leaf = KEYSETS[keyset];
  const ofAuthority: readonly Step[] =
    leaf === null
      ? []
      : [{ args: ['reissue', 'prod', keyset] }, { args: ['revoke', 'prod', leaf] }];
  return [
    { args: advance }, // accept
    abort,
    { args: advance, isPrelude: true },
    { args: advance }, // issue
    abort,
    { args: advance }, // retire
    { args: advance, isPrelude: true },
    { args: [...advance, '--compromised'] },
    ...ofAuthority,
  ];
}

const treeOf = (files: Files): MemoryTree =>
  new MemoryTree(
    Object.entries(files).map(([file, content]) => [file, Buffer.from(content, 'latin1')]),
  );

const storeOf = (files: Files): ObservedCluster =>
  observeCluster(treeOf(files), 'deploy', 'prod', () => undefined);

/**
 * Where all keysets and certificates of a store stand, so that two runs of one command from the same store are the same: which keys are
 * new is told by their number, not by their ids.
 */
export function standingOf(files: Files, before: Files): unknown {
  const known = new Map<string, string>();
  for (const { entries } of storeOf(before).keysets.values())
    for (const { id } of entries) known.set(id, id);
  const { keysets, leaves } = storeOf(files);
  const nameOf = (id: string): string => {
    const name = known.get(id) ?? `new ${known.size}`;
    known.set(id, name);
    return name;
  };
  return {
    keysets: [...keysets.values()].map(({ path, revision, entries }) => ({
      path,
      revision,
      entries: entries.map(({ id, state, certificate }) => ({
        id: nameOf(id),
        state,
        notAfter: certificate?.notAfter,
      })),
    })),
    leaves: [...leaves.values()].map((leaf) =>
      'unreadable' in leaf
        ? leaf.unreadable
        : {
            path: leaf.path,
            issuer: nameOf(leaf.issuer.id),
            notAfter: leaf.certificate.notAfter,
          },
    ),
    revocations: Object.keys(files).filter((file) => file.endsWith('/revocations.yaml')),
  };
}

/** Every private key of the store is there, opens, and is that of its document; every certificate is of an entry that is there. */
export async function checkStore(t: ExecutionContext, files: Files, person: Person): Promise<void> {
  const identity = await AgeIdentity.parse(person.identity);
  if (identity === undefined) throw new TypeError('no identity');
  const cipher = nativeCipher({ list: [identity], unusable: [] });
  const tree = treeOf(files);
  const { keysets, leaves } = storeOf(files);
  const keyOf = async (file: string): Promise<string> => {
    const { privateKey } = await cipher.decryptYaml(tree.text(file));
    return spkiHash(readPrivateKey(text(privateKey)));
  };
  const ledger = tree.text('deploy/authorities.yaml');
  t.deepEqual(
    [...keysets.keys()].sort(),
    Object.keys(KEYSETS)
      .map((name) => `prod/${name}`)
      .sort(),
  );
  for (const { path, entries } of keysets.values()) {
    t.is(entries.filter(({ state }) => state === 'issuing').length, 1, path);
    for (const { file, spki } of entries) {
      t.is(await keyOf(file), spki, file);
      t.true(ledger.includes(spki), `${file} is in the ledger`);
    }
  }
  t.true(leaves.size > 0);
  for (const leaf of leaves.values()) {
    if ('unreadable' in leaf) return t.fail(leaf.unreadable);
    t.is(await keyOf(leaf.file), leaf.spki, leaf.file);
    t.true(leaf.signedByIssuer, leaf.file);
    const issuers = keysets.get(leaf.issuer.keyset)?.entries ?? [];
    t.true(
      issuers.some(({ id }) => id === leaf.issuer.id),
      `the issuer of ${leaf.file} is there`,
    );
  }
}

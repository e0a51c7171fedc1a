import { generateX25519Identity } from 'age-encryption';
import { decryptYaml } from '../../../src/sops/decrypt.ts';
import { AgeIdentity } from '../../../src/sops/age/identity.ts';
import type { DesiredCluster, DesiredUnit } from '../../../src/model/desired.ts';
import {
  NodeBundle,
  ServiceAccountKey,
  TlsSecret,
  Kubeconfig,
  Certificate,
} from '../../../src/index.ts';
import { configMap, describe, newApp, newKubeadm } from '../../_helpers/declare.ts';
import { MemoryTree, synth } from '../../_helpers/repository.ts';
import { PrivateKeyScanner } from '../../_helpers/private-key-scanner.ts';

/** A cluster with everything that a tree can hold, and the tree that was made of it. */

export const IDENTITY = await generateX25519Identity();
const parsed = await AgeIdentity.parse(IDENTITY);
if (parsed === undefined) throw new TypeError('age-encryption made no identity');
export const identity = parsed;

function declared(): DesiredCluster {
  const app = newApp({ recipients: [identity.recipient], deliveryRecipients: [] });
  const prod = newKubeadm(app, {
    kubernetesVersion: '1.34.4',
    controlPlaneNodes: [
      { name: 'cp-1', advertiseAddress: '10.0.0.11' },
      { name: 'cp-2', advertiseAddress: 'fd00::12' },
    ].slice(0, 1),
  });
  const certificate = new Certificate(prod, 'web', {
    issuer: prod.ca,
    profile: 'server',
    dnsNames: ['web.example.com', '*.web.example.com'],
    ipAddresses: ['10.0.0.1', 'fd00::1'],
    uris: ['spiffe://example.com/web'],
  });
  new TlsSecret(prod, 'web-tls', { certificate, namespace: 'default' });
  new Kubeconfig(prod, 'deployer', { user: 'deployer', groups: ['deployers'] });
  new ServiceAccountKey(prod, 'more-keys');
  configMap(prod, 'trust', { 'ca.crt': prod.ca.trustBundle.pem });
  new NodeBundle(prod, 'edge-1', {
    files: { 'etc/web.key': { content: certificate.privateKey.pem, secret: true } },
  });
  return describe(app);
}

export const CLUSTER = declared();
export const UNIT: DesiredUnit = { clusters: [CLUSTER], exports: [], imports: [], users: [] };
const made = new MemoryTree();
await synth(made, { units: [UNIT] });

/** A copy of the tree. */
export const tree = (): MemoryTree => made.clone();
export const paths = (pattern: RegExp): string[] => made.paths(pattern);
export const buffers = (pattern: RegExp): Buffer[] =>
  paths(pattern).map((path) => Buffer.from(made.text(path)));

const keys: string[] = [];
for (const path of paths(/\/pki\/.*\.sops\.yaml$/u)) {
  const { privateKey } = await decryptYaml(made.text(path), { list: [identity], unusable: [] });
  if (typeof privateKey === 'string') keys.push(privateKey);
}
/** Finds the private keys of the tree. */
export const scanner = new PrivateKeyScanner(keys);

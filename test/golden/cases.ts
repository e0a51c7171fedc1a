import type { DesiredAuthority, DesiredManifest, DesiredUnit } from '../../src/model/desired.ts';
import { credentialPath } from '../../src/model/names.ts';
import type { ObservedKeyset } from '../../src/model/observed.ts';
import {
  authority,
  cluster,
  kubeconfig,
  leaf,
  observedEntry,
  observedKeyset,
  serviceAccountKey,
  unit,
} from '../_helpers/desired.ts';
import { reference, secretOf } from '../_helpers/random-fleet.ts';

const CA = authority('prod/ca');
const WEB = leaf('prod/web');

const trust = (name: string, { path }: DesiredAuthority): DesiredManifest => ({
  constructPath: `${name}/trust`,
  path: 'manifests/ConfigMap.default.trust',
  template: {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'trust', namespace: 'default' },
    data: {
      'ca.crt': reference(path, 'trustBundle'),
      'config.yaml': `tls:\n  ca: |\n    ${reference(path, 'trustBundle')}\n  verify: true\n`,
    },
  },
});

/** One cluster with a Secret, a ConfigMap and a kubeconfig for a person. */
const manifests = unit(
  cluster('prod', {
    deliveryRecipients: ['age1flux'],
    authorities: [CA],
    leaves: [WEB, kubeconfig('prod/deployer')],
    manifests: [
      secretOf(WEB),
      trust('prod', CA),
    ],
  }),
);

const EDGE_CA = authority('edge/ca');
const EDGE_TOKENS = serviceAccountKey('edge/service-account-key');
const API = leaf('edge/cp-1/apiserver', { dnsNames: ['kubernetes'], ipAddresses: ['10.0.0.1'] });
const ADMIN = kubeconfig('edge/cp-1/admin.conf');
const file = (path: string, content: string, mode: number, secret: boolean) => ({
  path: `etc/kubernetes/${path}`,
  content,
  mode,
  secret,
  reads: [],
});

/** One node with certificates, keys and a kubeconfig. */
const node = unit(
  cluster('edge', {
    nodes: [{ name: 'cp-1', recipients: ['age1cp1'] }],
    authorities: [EDGE_CA],
    serviceAccountKeys: [EDGE_TOKENS],
    leaves: [API, ADMIN],
    bundles: [
      {
        constructPath: 'edge/cp-1',
        node: 'cp-1',
        etcdMember: null,
        files: [
          file('pki/ca.crt', reference(API.issuer, 'trustBundle'), 0o644, false),
          file('pki/ca.key', reference(API.issuer, 'privateKey'), 0o600, true),
          file('pki/apiserver.crt', reference(API.path, 'certificate'), 0o644, false),
          file('pki/apiserver.key', reference(API.path, 'privateKey'), 0o600, true),
          file(
            'pki/sa.pub',
            reference(credentialPath('edge', null, 'service-account-key'), 'publicKeys'),
            0o600,
            false,
          ),
          file('admin.conf', reference(ADMIN.path, 'content'), 0o600, true),
        ],
      },
    ],
  }),
);

/** The same node and who else trusts the cluster CA, between stages of two keysets. */
const rotating = unit({
  ...cluster('edge', node.clusters[0]),
  bundles: (node.clusters[0]?.bundles ?? []).map((bundle) => ({
    ...bundle,
    files: [
      ...bundle.files,
      file('pki/cluster-signing-ca.crt', reference(EDGE_CA.path, 'certificate'), 0o644, false),
    ],
  })),
  leaves: [API, ADMIN, kubeconfig('edge/deployer')],
  manifests: [trust('edge', EDGE_CA)],
});

const ROOT = authority('_shared/root');
const meshOf = (name: string): DesiredUnit['clusters'][number] => {
  const mesh = leaf(`${name}/mesh`, { issuer: ROOT.path, profile: 'peer' });
  return cluster(name, { leaves: [mesh], manifests: [secretOf(mesh)] });
};

/** Trees by the name of their folder; each is what the declaration's process would hand over. */
export const CASES: Readonly<Record<string, readonly DesiredUnit[]>> = {
  manifests: [manifests],
  node: [node],
  rotating: [rotating],
  shared: [
    unit(cluster('_shared', { authorities: [ROOT] })),
    unit(meshOf('one')),
    unit(meshOf('two')),
  ],
};

/** Keysets of a case that have more than one entry: `issue` of the cluster CA is merged, and `accept` of the service-account key. */
export const KEYSETS: Readonly<Record<string, readonly ObservedKeyset[]>> = {
  rotating: [
    observedKeyset(EDGE_CA, [
      observedEntry(EDGE_CA),
      observedEntry(EDGE_CA, 'outgoing', 'edge/ca before'),
    ]),
    observedKeyset(EDGE_TOKENS, [
      observedEntry(EDGE_TOKENS),
      observedEntry(EDGE_TOKENS, 'incoming', 'edge/service-account-key next'),
    ]),
  ],
};

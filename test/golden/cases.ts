import type { DesiredUnit } from '../../src/model/desired.ts';
import { credentialPath } from '../../src/model/names.ts';
import {
  authority,
  cluster,
  kubeconfig,
  leaf,
  serviceAccountKey,
  unit,
} from '../_helpers/desired.ts';
import { reference, secretOf } from '../_helpers/random-fleet.ts';

const CA = authority('prod/ca');
const WEB = leaf('prod/web');

/** One cluster with a Secret, a ConfigMap and a kubeconfig for a person. */
const manifests = unit(
  cluster('prod', {
    deliveryRecipients: ['age1flux'],
    authorities: [CA],
    leaves: [WEB, kubeconfig('prod/deployer')],
    manifests: [
      secretOf(WEB),
      {
        constructPath: 'prod/trust',
        path: 'manifests/ConfigMap.default.trust',
        template: {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: 'trust', namespace: 'default' },
          data: {
            'ca.crt': reference(CA.path, 'trustBundle'),
            'config.yaml': `tls:\n  ca: |\n    ${reference(CA.path, 'trustBundle')}\n  verify: true\n`,
          },
        },
      },
    ],
  }),
);

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
    authorities: [authority('edge/ca')],
    serviceAccountKeys: [serviceAccountKey('edge/service-account-key')],
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

const ROOT = authority('_shared/root');
const meshOf = (name: string): DesiredUnit['clusters'][number] => {
  const mesh = leaf(`${name}/mesh`, { issuer: ROOT.path, profile: 'peer' });
  return cluster(name, { leaves: [mesh], manifests: [secretOf(mesh)] });
};

/** Trees by the name of their folder; each is what the declaration's process would hand over. */
export const CASES: Readonly<Record<string, readonly DesiredUnit[]>> = {
  manifests: [manifests],
  node: [node],
  shared: [
    unit(cluster('_shared', { authorities: [ROOT] })),
    unit(meshOf('one')),
    unit(meshOf('two')),
  ],
};

import type { FlagCode } from '../../src/review/flags.ts';
import type { Flag, Review } from '../../src/review/report.ts';
import { review } from '../../src/review/review.ts';
import type { DesiredCluster, DesiredLeaf } from '../../src/model/desired.ts';
import { FILES_ANNOTATION, PLACEHOLDERS } from '../../src/model/placeholder.ts';
import { authority, cluster, kubeconfig, leaf, NOW, serviceAccountKey, TREE } from './desired.ts';
import { after, DAY } from './desired.ts';
import { reference, secretOf } from './random-fleet.ts';
import type { MemoryTree } from './repository.ts';

/** When a year's certificates of `NOW` are due. */
export const DUE = after(NOW, 280 * DAY);

/** The review of two trees in memory. */
export function reviewTrees(base: MemoryTree, head: MemoryTree, now = DUE): Review {
  return review(base, head, { tree: TREE, now });
}

/** Flags of one kind, by what they are about. */
export function flagged({ flags }: Review, code: FlagCode): string[] {
  return flags
    .filter((flag) => flag.code === code)
    .map(({ credential, file, cluster: name }: Flag) => credential ?? file ?? name ?? '');
}

/** A cluster as kubeadm's, small: two nodes with an API server each, a person's kubeconfig, a Secret, a binding. */
export function kubeadmLike(
  name: string,
  recipients: readonly string[],
  over: (leaf: DesiredLeaf) => Partial<DesiredLeaf> = () => ({}),
): DesiredCluster {
  const changed = (item: DesiredLeaf): DesiredLeaf => ({ ...item, ...over(item) });
  const nodes = ['cp-1', 'cp-2'].map((node) => ({ name: node, recipients: [] }));
  const web = changed(leaf(`${name}/web`));
  const ofNodes = nodes.map((node) => ({
    node: node.name,
    api: changed(leaf(`${name}/${node.name}/apiserver`, { ipAddresses: ['10.0.0.1'] })),
    admin: changed(
      kubeconfig(`${name}/${node.name}/admin.conf`, {
        subject: { commonName: 'kubernetes-admin', organizations: ['kubeadm:cluster-admins'] },
      }),
    ),
  }));
  return cluster(name, {
    recipients,
    nodes,
    authorities: [authority(`${name}/ca`)],
    serviceAccountKeys: [serviceAccountKey(`${name}/service-account-key`)],
    leaves: [
      web,
      changed(kubeconfig(`${name}/deployer`)),
      ...ofNodes.flatMap(({ api, admin }) => [api, admin]),
    ],
    manifests: [
      secretOf(web),
      {
        constructPath: `${name}/admins`,
        path: 'manifests/ClusterRoleBinding.admins',
        template: {
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'ClusterRoleBinding',
          metadata: { name: 'kubeadm:cluster-admins' },
          roleRef: {
            apiGroup: 'rbac.authorization.k8s.io',
            kind: 'ClusterRole',
            name: 'cluster-admin',
          },
          subjects: [{ kind: 'Group', name: 'kubeadm:cluster-admins' }],
        },
      },
    ],
    bundles: ofNodes.map(({ node, api, admin }) => {
      const file = (path: string, content: string, secret = false) => ({
        path: `etc/kubernetes/${path}`,
        content,
        mode: secret ? 0o600 : 0o644,
        secret,
        reads: [] as string[],
      });
      const read = ['pki/apiserver.crt', 'pki/apiserver.key'];
      return {
        constructPath: `${name}/${node}`,
        node,
        etcdMember: null,
        files: [
          file('pki/ca.crt', reference(api.issuer, 'trustBundle')),
          file('pki/apiserver.crt', reference(api.path, 'certificate')),
          file('pki/apiserver.key', reference(api.path, 'privateKey'), true),
          file('admin.conf', reference(admin.path, 'content'), true),
          {
            ...file('manifests/kube-apiserver.yaml', apiServer(read)),
            reads: read.map((path) => `etc/kubernetes/${path}`),
          },
        ],
      };
    }),
  });
}

function apiServer(read: readonly string[]): string {
  return [
    'apiVersion: v1',
    'kind: Pod',
    'metadata:',
    '  name: kube-apiserver',
    '  annotations:',
    `    ${FILES_ANNOTATION}: ${PLACEHOLDERS.filesHash}`,
    'spec:',
    '  containers:',
    '  - command:',
    ...read.map((path) => `    - --file=/etc/kubernetes/${path}`),
    '',
  ].join('\n');
}

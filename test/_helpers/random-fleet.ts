import fc from 'fast-check';
import type {
  DesiredBundle,
  DesiredCluster,
  DesiredLeaf,
  DesiredManifest,
  DesiredUnit,
} from '../../src/model/desired.ts';
import { importsOf } from '../../src/declare/fleet/imports.ts';
import { credentialPath, type CredentialPath } from '../../src/model/names.ts';
import { formatReference, type ReferencePart } from '../../src/model/reference.ts';
import { authority, cluster, kubeconfig, leaf, serviceAccountKey } from './desired.ts';

/** Small fleets with everything in them that the stages treat differently, for property tests. */

export interface RandomCluster {
  readonly nodes: number;
  readonly webs: number;
  readonly hasSubordinate: boolean;
  readonly hasServiceAccountKey: boolean;
  readonly hasKubeconfig: boolean;
  readonly hasCaKeyOnNodes: boolean;
  /** Uses the authority that all clusters share, for one leaf, and holds its key on nodes. */
  readonly usesShared: boolean;
  /** Its manifests show the first server certificate of the cluster before it. */
  readonly usesNeighbour: boolean;
  readonly sans: readonly string[];
}

export const randomFleet: fc.Arbitrary<readonly RandomCluster[]> = fc.array(
  fc.record({
    nodes: fc.nat(2),
    webs: fc.nat(2),
    hasSubordinate: fc.boolean(),
    hasServiceAccountKey: fc.boolean(),
    hasKubeconfig: fc.boolean(),
    hasCaKeyOnNodes: fc.boolean(),
    usesShared: fc.boolean(),
    usesNeighbour: fc.boolean(),
    sans: fc.uniqueArray(fc.constantFrom('a.example.com', 'b.example.com', 'c.example.com')),
  }),
  { minLength: 1, maxLength: 3 },
);

export const reference = (
  credential: CredentialPath,
  part: ReferencePart,
  form: 'pem' | 'base64' = 'pem',
): string => formatReference({ credential, part, form });

const SHARED_CA = authority('_shared/ca');

/** What the declaration's process would hand over: shared authorities first, then each cluster. */
export function unitsOf(
  clusters: readonly RandomCluster[],
  recipients: readonly string[],
): DesiredUnit[] {
  const shared = clusters.some(({ usesShared }) => usesShared)
    ? [
        {
          clusters: [cluster('_shared', { recipients, authorities: [SHARED_CA] })],
          imports: [],
          exports: [SHARED_CA.path],
          users: [],
        },
      ]
    : [];
  return [
    ...shared,
    ...clusters.map((random, index) => {
      const own = clusterOf(`c${index}`, random, recipients, index > 0 ? `c${index - 1}` : null);
      return {
        clusters: [own],
        imports: [...importsOf(own)],
        exports:
          clusters[index + 1]?.usesNeighbour === true
            ? [credentialPath(`c${index}`, null, 'web-0')]
            : [],
        users: [],
      };
    }),
  ];
}

function clusterOf(
  name: string,
  random: RandomCluster,
  recipients: readonly string[],
  neighbour: string | null,
): DesiredCluster {
  const ca = authority(`${name}/ca`);
  const sub = authority(`${name}/sub-ca`, { issuer: ca.path });
  const sa = serviceAccountKey(`${name}/sa`);
  const nodes = Array.from({ length: random.nodes }, (_, index) => ({
    name: `cp-${index}`,
    recipients: [],
  }));
  const issuer = random.hasSubordinate ? sub.path : ca.path;
  const webs = Array.from({ length: random.webs + 1 }, (_, index) =>
    leaf(`${name}/web-${index}`, {
      issuer,
      dnsNames: [`web-${index}.example.com`, ...random.sans],
    }),
  );
  const ofNodes = nodes.map((node) => leaf(`${name}/${node.name}/api`, { issuer: ca.path }));
  const ofShared = random.usesShared
    ? [leaf(`${name}/shared-client`, { issuer: SHARED_CA.path, profile: 'client' })]
    : [];
  return cluster(name, {
    recipients,
    nodes,
    authorities: random.hasSubordinate ? [ca, sub] : [ca],
    serviceAccountKeys: random.hasServiceAccountKey ? [sa] : [],
    leaves: [
      ...webs,
      ...ofNodes,
      ...ofShared,
      ...(random.hasKubeconfig ? [kubeconfig(`${name}/deployer`)] : []),
    ],
    manifests: [
      ...[...webs, ...ofShared].map(secretOf),
      configMapOf(name, ca.path, random.usesNeighbour ? neighbour : null),
    ],
    bundles: ofNodes.map((api) => bundleOf(api, ca.path, random)),
  });
}

export function secretOf({ path, name, issuer }: DesiredLeaf): DesiredManifest {
  return {
    constructPath: path,
    path: `manifests/Secret.default.${name}`,
    template: {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: 'default' },
      type: 'kubernetes.io/tls',
      stringData: {
        'ca.crt': reference(issuer, 'trustBundle'),
        'tls.crt': reference(path, 'certificate'),
        'tls.key': reference(path, 'privateKey'),
      },
    },
  };
}

function configMapOf(name: string, ca: CredentialPath, neighbour: string | null): DesiredManifest {
  return {
    constructPath: `${name}/config`,
    path: 'manifests/ConfigMap.default.trust',
    template: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'trust' },
      data: {
        'ca.crt': reference(ca, 'trustBundle'),
        ...(neighbour === null
          ? {}
          : {
              'neighbour.crt': reference(credentialPath(neighbour, null, 'web-0'), 'certificate'),
            }),
      },
    },
  };
}

function bundleOf(
  { path, node, cluster: name }: DesiredLeaf,
  ca: CredentialPath,
  { hasCaKeyOnNodes, usesShared, hasServiceAccountKey }: RandomCluster,
): DesiredBundle {
  const file = (target: string, credential: CredentialPath, part: ReferencePart) => ({
    path: `etc/pki/${target}`,
    content: reference(credential, part),
    mode: part === 'privateKey' ? 0o600 : 0o644,
    secret: part === 'privateKey',
    reads: [],
  });
  return {
    constructPath: `${name}/${node ?? ''}`,
    node: node ?? '',
    etcdMember: null,
    files: [
      file('ca.crt', ca, 'trustBundle'),
      file('api.crt', path, 'certificate'),
      file('api.key', path, 'privateKey'),
      ...(hasCaKeyOnNodes ? [file('ca.key', ca, 'privateKey')] : []),
      ...(usesShared ? [file('shared-ca.key', SHARED_CA.path, 'privateKey')] : []),
      ...(hasServiceAccountKey
        ? [
            file('sa.pub', credentialPath(name, null, 'sa'), 'publicKeys'),
            file('sa.key', credentialPath(name, null, 'sa'), 'privateKey'),
          ]
        : []),
    ],
  };
}

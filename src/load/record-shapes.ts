import { KEY_ALGORITHMS, LONGEST_SPAN } from '../catalog/defaults.ts';
import { windowProblem } from '../catalog/renewal-window.ts';
import {
  chartName,
  credentialName,
  nodeName,
  relativePath,
  treeFolder,
  WORKERS,
} from '../catalog/names/tree-name.ts';
import type {
  BrokenCluster,
  DeclarationProblem,
  DesiredAuthority,
  DesiredBundle,
  DesiredCluster,
  DesiredFleet,
  DesiredLeaf,
  DesiredManifest,
  DesiredRotation,
  DesiredServiceAccountKey,
  DesiredUnit,
  FleetCluster,
  Following,
  KeysetUser,
} from '../model/desired.ts';
import type { CredentialPath, Subject } from '../model/names.ts';
import type { RenewalWindow } from '../model/x509.ts';
import { SHARED } from '../model/store/layout.ts';
import {
  boolean,
  integer,
  listOf,
  nullable,
  objectOf,
  oneOf,
  ShapeError,
  string,
  text,
} from './shape.ts';
import type { Shape } from './shape.ts';

const clusterName = text(
  'a cluster name',
  (name) => name === SHARED || chartName(name).value === name,
);
const node = text('a node name', (name) => nodeName(name).value === name);
const credential = text('a credential name', (name) => credentialName(name).value === name);
const path = text('a relative path', (value) => relativePath(value).value === value);
const tree = text('the folder of a tree', (value) => treeFolder(value).value === value);
const seconds = integer(0, LONGEST_SPAN);
const algorithm = oneOf(...KEY_ALGORITHMS);
const recipients = listOf(text('one line', (value) => /^[\u0020-\u007e]{1,2000}$/u.test(value)));
const strings = listOf(string);

const credentialPath = text<CredentialPath>('a credential path', (value) => {
  const parts = value.split('/');
  const [cluster = '', second = '', third] = parts;
  if (parts.length > 3 || !(cluster === SHARED || chartName(cluster).value === cluster))
    return false;
  if (third === undefined) return credentialName(second).value === second;
  return nodeName(second).value === second && credentialName(third).value === third;
});

const subject: Shape<Subject> = objectOf<Required<Subject>>(
  {
    commonName: string,
    organizations: strings,
    organizationalUnits: strings,
    country: string,
    serialNumber: string,
  },
  { optional: true },
);

const fleetClusterShapes = {
  name: clusterName,
  recipients,
  deliveryRecipients: recipients,
  nodes: listOf(objectOf<FleetCluster['nodes'][number]>({ name: node, recipients })),
  hasStore: boolean,
};

const rotation = objectOf<DesiredRotation>({
  soak: seconds,
  automatic: boolean,
  outsideLife: nullable(seconds),
});

const common = {
  path: credentialPath,
  cluster: clusterName,
  name: credential,
  constructPath: string,
  keyAlgorithm: algorithm,
};

const authority = objectOf<DesiredAuthority>({
  ...common,
  kind: oneOf('CertificateAuthority'),
  subject,
  dnsNames: strings,
  issuer: nullable(credentialPath),
  pathLength: nullable(integer(0)),
  validity: seconds,
  renewBefore: seconds,
  rotation,
});

const serviceAccountKey = objectOf<DesiredServiceAccountKey>({
  ...common,
  kind: oneOf('ServiceAccountKey'),
  rotation,
});

const percentage: Shape<number> = (value, where) => {
  if (typeof value === 'number' && value > 0 && value < 100) return value;
  throw new ShapeError(where, 'a percentage');
};

const windowFields = objectOf<RenewalWindow>({ cron: string, duration: seconds, timeZone: string });

const renewalWindow: Shape<RenewalWindow> = (value, where) => {
  const window = windowFields(value, where);
  if (windowProblem(window) === undefined) return window;
  throw new ShapeError(where, 'a renewal window');
};

const leaf = objectOf<DesiredLeaf>({
  ...common,
  kind: oneOf('Certificate', 'Kubeconfig'),
  node: nullable(node),
  issuer: credentialPath,
  profile: oneOf('server', 'client', 'peer'),
  subject,
  dnsNames: strings,
  ipAddresses: strings,
  uris: strings,
  validity: seconds,
  renewBefore: seconds,
  renewBeforePercentage: nullable(percentage),
  renewalWindows: listOf(renewalWindow),
  jitter: seconds,
  kubeconfig: nullable(
    objectOf<NonNullable<DesiredLeaf['kubeconfig']>>({
      server: string,
      clusterName: string,
      user: string,
    }),
  ),
});

/** js-yaml reads 100 levels at most: what is written must be read back. */
const MOST_LEVELS = 90;

const template: Shape<DesiredManifest['template']> = (value, where) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ShapeError(where, 'an object');
  if (levels(value) > MOST_LEVELS)
    throw new ShapeError(where, `an object of at most ${MOST_LEVELS} levels`);
  return value as DesiredManifest['template'];
};

/** How deep lists and objects stand in each other, counted without recursion. */
function levels(value: object): number {
  let count = 0;
  for (let level = [value]; level.length > 0 && count <= MOST_LEVELS; count += 1)
    level = level.flatMap((holder) => Object.values(holder).filter(isHolder));
  return count;
}

const isHolder = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** `manifests/<file>` or `<chart>/<file>`, never a folder that the tool itself fills. */
const manifestPath = text('a manifest path', (value) => {
  const [folder = '', file = '', ...more] = value.split('/');
  const inFolder = folder === 'manifests' || chartName(folder).value === folder;
  return inFolder && more.length === 0 && /^[A-Za-z0-9][-A-Za-z0-9.]{0,239}$/u.test(file);
});

const manifest = objectOf<DesiredManifest>({ constructPath: string, path: manifestPath, template });

const bundleNode = text(
  'the node of a bundle',
  (name) => name === WORKERS || nodeName(name).value === name,
);

const bundle = objectOf<DesiredBundle>({
  constructPath: string,
  node: bundleNode,
  etcdMember: nullable(
    objectOf<NonNullable<DesiredBundle['etcdMember']>>({ name: string, peerUrl: string }),
  ),
  files: listOf(
    objectOf<DesiredBundle['files'][number]>({
      path,
      content: string,
      mode: integer(0, 0o777),
      secret: boolean,
      reads: listOf(path),
    }),
  ),
});

const cluster = objectOf<DesiredCluster>({
  ...fleetClusterShapes,
  authorities: listOf(authority),
  serviceAccountKeys: listOf(serviceAccountKey),
  leaves: listOf(leaf),
  manifests: listOf(manifest),
  bundles: listOf(bundle),
});

export const fleetShape = objectOf<DesiredFleet>({
  tree,
  removedRecipients: listOf(
    objectOf<DesiredFleet['removedRecipients'][number]>({
      recipient: string,
      since: string,
      compromised: boolean,
    }),
  ),
  encryption: oneOf('native', 'sops'),
  clusters: listOf(objectOf<FleetCluster>(fleetClusterShapes)),
});

const following = objectOf<Following>({
  files: listOf(path),
  pods: listOf(path),
  kubeconfigs: listOf(credential),
  manifests: listOf(manifestPath),
});

export const unitShape = objectOf<DesiredUnit>({
  clusters: listOf(cluster),
  imports: listOf(credentialPath),
  exports: listOf(credentialPath),
  users: listOf(
    objectOf<KeysetUser>({
      keyset: credentialPath,
      cluster: clusterName,
      domain: oneOf(
        'ca',
        'etcd-ca',
        'external-etcd-ca',
        'front-proxy-ca',
        'service-account-key',
        'authority',
      ),
      nodes: listOf(bundleNode),
      authorities: listOf(credential),
      trusting: following,
      issued: following,
    }),
  ),
});

export const brokenShape: Shape<readonly BrokenCluster[]> = listOf(
  objectOf<BrokenCluster>({
    cluster: clusterName,
    problems: listOf(objectOf<DeclarationProblem>({ constructPath: string, message: string })),
  }),
);

export const problemsShape = listOf(
  objectOf<DeclarationProblem>({ constructPath: string, message: string }),
);

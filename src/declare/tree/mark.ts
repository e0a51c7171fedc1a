import type { IConstruct } from 'constructs';
import type {
  AlternativeNames,
  KeyAlgorithm,
  Profile,
  Seconds,
  Subject,
} from '../../model/names.ts';
import type { PodObject } from '../../catalog/static-pods/pod.ts';
import type { DesiredBundle } from '../../model/desired.ts';
import type { BundleFile } from './props.ts';
import type { RenewalSettings, Settings } from './settings.ts';

/**
 * Constructs are recognised by this property and by nothing else: a fleet may hold constructs of several copies of this package,
 * loaded as ES modules or with `require`, and sub-classes of the user's own.
 */
const MARK = Symbol.for('cdk8s-pki.construct');

export interface AppMark {
  readonly kind: 'App';
  readonly recipients: readonly string[];
  readonly deliveryRecipients: readonly string[];
  readonly removedRecipients: readonly {
    readonly recipient: string;
    readonly since: string;
    readonly compromised: boolean;
  }[];
  readonly tree: string;
  readonly encryption: 'native' | 'sops';
  readonly settings: Settings;
}

export interface ClusterMark {
  readonly kind: 'Cluster';
  /** Undefined where the App's hold. */
  readonly recipients: readonly string[] | undefined;
  readonly deliveryRecipients: readonly string[] | undefined;
  readonly settings: Settings;
  readonly kubeadm: KubeadmMark | null;
}

export interface KubeadmMark {
  /** URL of the control-plane endpoint. */
  readonly server: string;
  /** Issues the client certificates of kubeconfigs. */
  readonly ca: IConstruct;
  /** All keysets whose private keys kubeadm or a control-plane component loads. */
  readonly keysets: readonly IConstruct[];
}

export interface AuthorityMark {
  readonly kind: 'CertificateAuthority';
  readonly subject: Subject | undefined;
  readonly issuer: unknown;
  readonly pathLength: number | null;
  readonly keyAlgorithm: KeyAlgorithm | undefined;
  readonly validity: Seconds | undefined;
  readonly renewBefore: Seconds | undefined;
  readonly rotation: Settings['rotation'];
  /** The longest life of what it signs outside of the tree. */
  readonly outsideLife: Seconds;
}

export interface ServiceAccountKeyMark {
  readonly kind: 'ServiceAccountKey';
  readonly keyAlgorithm: KeyAlgorithm | undefined;
}

export interface CertificateMark extends AlternativeNames {
  readonly kind: 'Certificate';
  readonly issuer: unknown;
  readonly profile: Exclude<Profile, 'ca'>;
  readonly subject: Subject | undefined;
  readonly validity: Seconds | undefined;
  readonly renewal: RenewalSettings;
  readonly keyAlgorithm: KeyAlgorithm | undefined;
}

export interface KubeconfigMark {
  readonly kind: 'Kubeconfig';
  readonly user: string;
  readonly groups: readonly string[];
  /** Undefined where the cluster's endpoint holds. */
  readonly server: string | undefined;
  readonly validity: Seconds | undefined;
  readonly renewal: RenewalSettings;
}

export interface NodeBundleMark {
  readonly kind: 'NodeBundle';
  /** Credentials below the construct belong to this node. */
  readonly node: string;
  readonly recipients: readonly string[];
  readonly etcdMember: DesiredBundle['etcdMember'];
  readonly files: () => Readonly<Record<string, SourceFile>>;
}

/** A file with the pod whose manifest it is, or patches, where that is known without reading its text. */
export interface SourceFile extends BundleFile {
  readonly pod?: PodObject;
}

export type KeysetMark = AuthorityMark | ServiceAccountKeyMark;
export type LeafMark = CertificateMark | KubeconfigMark;
export type Mark = AppMark | ClusterMark | KeysetMark | LeafMark | NodeBundleMark;

export function setMark(construct: IConstruct, mark: Mark): void {
  if (MARK in construct) (construct as { [MARK]: Mark })[MARK] = mark;
  // writable, since to define it again would give each construct a hidden class of its own
  else Object.defineProperty(construct, MARK, { value: mark, writable: true, configurable: true });
}

export function markOf(value: unknown): Mark | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return (value as Partial<Record<typeof MARK, Mark>>)[MARK];
}

/** The mark, where it is of this kind. */
export function markAs<Kind extends Mark['kind']>(
  value: unknown,
  kind: Kind,
): Extract<Mark, { kind: Kind }> | undefined {
  const mark = markOf(value);
  return mark?.kind === kind ? (mark as Extract<Mark, { kind: Kind }>) : undefined;
}

const CHART = Symbol.for('cdk8s.Chart');
const API_OBJECT = Symbol.for('cdk8s.ApiObject');

/** As `Chart.isChart` and `ApiObject.isApiObject` of cdk8s do, without loading a copy of cdk8s. */
export const isChart = (construct: IConstruct): boolean => CHART in construct;
export const isApiObject = (construct: IConstruct): boolean => API_OBJECT in construct;

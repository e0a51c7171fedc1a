import type { IConstruct } from 'constructs';
import { ROTATION_MARGIN } from '../../catalog/defaults.ts';
import { hostName } from '../../catalog/names/dns.ts';
import type {
  DesiredAuthority,
  DesiredLeaf,
  DesiredServiceAccountKey,
} from '../../model/desired.ts';
import { credentialPath, type Seconds, type Subject } from '../../model/names.ts';
import type {
  AuthorityMark,
  KubeconfigMark,
  LeafMark,
  ServiceAccountKeyMark,
} from '../tree/mark.ts';
import { pathOf, placeOf } from '../tree/place.ts';
import { effectiveSettings, type EffectiveSettings, type Settings } from '../tree/settings.ts';
import type { Fleet, Folder } from '../fleet/collect.ts';

/** What a credential inherits. */
export interface Scope {
  readonly folder: Folder;
  /** The nearest first. */
  readonly scopes: readonly (Settings | undefined)[];
  readonly settings: EffectiveSettings;
}

export function scopeOf(fleet: Fleet, folder: Folder): Scope {
  const scopes = [folder.cluster?.settings, fleet.mark.settings];
  return { folder, scopes, settings: effectiveSettings(...scopes) };
}

/** `longestSigned` is how long what it signs must be able to live, in the whole fleet. */
export function describeAuthority(
  construct: IConstruct,
  mark: AuthorityMark,
  { settings, scopes }: Scope,
  longestSigned?: Seconds,
): DesiredAuthority {
  const { cluster, node, name } = placeOf(construct);
  const subject = mark.subject ?? { commonName: name };
  const dnsName = hostName(subject.commonName ?? '').value;
  const { soak, automatic } = effectiveSettings({ rotation: mark.rotation }, ...scopes).rotation;
  return {
    path: credentialPath(cluster, node, name),
    cluster,
    name,
    constructPath: construct.node.path,
    keyAlgorithm: mark.keyAlgorithm ?? settings.keyAlgorithm,
    kind: 'CertificateAuthority',
    subject,
    dnsNames: dnsName === undefined ? [] : [dnsName],
    issuer: mark.issuer === undefined ? null : pathOf(mark.issuer as IConstruct),
    pathLength: mark.pathLength,
    validity: mark.validity ?? settings.caCertificateValidity,
    renewBefore: renewBeforeOf(mark, settings.certificateValidity, soak, longestSigned),
    rotation: { soak, automatic, outsideLife: mark.outsideLife },
  };
}

/**
 * How long before its end an authority is due: what it signs must fit in, whatever is declared. Where nothing that it signs is declared,
 * what people issue may live as long as any leaf.
 */
function renewBeforeOf(
  { renewBefore }: Pick<AuthorityMark, 'renewBefore'>,
  certificateValidity: Seconds,
  soak: Seconds,
  longestSigned: Seconds | undefined,
): Seconds {
  return longestSigned === undefined
    ? (renewBefore ?? rotationTime(certificateValidity, soak))
    : Math.max(renewBefore ?? 0, rotationTime(longestSigned, soak));
}

/**
 * How long an authority below another must be able to live to be worth its rotation: until it is due, and a third of its validity before
 * that. Its whole validity may be its issuer's, which could then never be off duty.
 */
export function leastLife({
  validity,
  renewBefore,
}: Pick<DesiredAuthority, 'validity' | 'renewBefore'>): Seconds {
  return Math.min(validity, renewBefore + Math.ceil(validity / 3));
}

/** Time that a rotation takes before the authority's notAfter: what it signed must have run out by then. */
export function rotationTime(longestLeaf: Seconds, soak: Seconds): Seconds {
  return longestLeaf + 3 * soak + ROTATION_MARGIN;
}

export function describeServiceAccountKey(
  construct: IConstruct,
  mark: ServiceAccountKeyMark,
  { settings }: Scope,
): DesiredServiceAccountKey {
  const { cluster, node, name } = placeOf(construct);
  const { soak, automatic, maxTokenLife } = settings.rotation;
  return {
    path: credentialPath(cluster, node, name),
    cluster,
    name,
    constructPath: construct.node.path,
    keyAlgorithm: mark.keyAlgorithm ?? settings.keyAlgorithm,
    kind: 'ServiceAccountKey',
    rotation: { soak, automatic, outsideLife: maxTokenLife },
  };
}

/** Undefined for a kubeconfig outside a KubeadmCluster and for an issuer that is none: problems that are told elsewhere. */
export function describeLeaf(
  construct: IConstruct,
  mark: LeafMark,
  { scopes, settings, folder }: Scope,
): DesiredLeaf | undefined {
  const kubeadm = folder.cluster?.kubeadm;
  const issuer = mark.kind === 'Certificate' ? (mark.issuer as IConstruct) : kubeadm?.ca;
  if (issuer === undefined) return undefined;
  const { cluster, node, name } = placeOf(construct);
  const renewal = effectiveSettings(mark.renewal, ...scopes);
  const validity = mark.validity ?? settings.certificateValidity;
  const percentage = renewal.renewBeforePercentage;
  const names = mark.kind === 'Certificate' ? mark : undefined;
  const client = mark.kind === 'Kubeconfig' ? mark : undefined;
  // one literal: objects that are put together from others take the engine several times as long, and a fleet has 100,000 of these
  return {
    path: credentialPath(cluster, node, name),
    cluster,
    name,
    constructPath: construct.node.path,
    keyAlgorithm: names?.keyAlgorithm ?? settings.keyAlgorithm,
    kind: mark.kind,
    node,
    validity,
    renewBefore:
      percentage === null ? renewal.renewBefore : Math.floor((validity * percentage) / 100),
    renewBeforePercentage: percentage,
    renewalWindows: renewal.renewalWindows,
    jitter: renewal.jitter,
    issuer: pathOf(issuer),
    profile: names?.profile ?? 'client',
    subject: client === undefined ? (names?.subject ?? { commonName: name }) : userOf(client),
    dnsNames: names?.dnsNames ?? [],
    ipAddresses: names?.ipAddresses ?? [],
    uris: names?.uris ?? [],
    kubeconfig:
      client === undefined || !kubeadm
        ? null
        : { server: client.server ?? kubeadm.server, clusterName: folder.name, user: client.user },
  };
}

/** The names by which Kubernetes knows who shows a client certificate. */
function userOf({ user, groups }: KubeconfigMark): Subject {
  return groups.length === 0 ? { commonName: user } : { commonName: user, organizations: groups };
}

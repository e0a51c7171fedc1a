import type { IConstruct } from 'constructs';
import { ROTATION_MARGIN } from '../../catalog/defaults.ts';
import { hostName } from '../../catalog/names/dns.ts';
import type {
  DesiredAuthority,
  DesiredLeaf,
  DesiredServiceAccountKey,
} from '../../model/desired.ts';
import {
  credentialPath,
  type CredentialPath,
  type KeyAlgorithm,
  type Seconds,
} from '../../model/names.ts';
import type { AuthorityMark, LeafMark, ServiceAccountKeyMark } from '../tree/mark.ts';
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

interface Base {
  readonly path: CredentialPath;
  readonly cluster: string;
  readonly name: string;
  readonly constructPath: string;
  readonly keyAlgorithm: KeyAlgorithm;
}

function base(construct: IConstruct, keyAlgorithm: KeyAlgorithm): Base {
  const { cluster, node, name } = placeOf(construct);
  const path = credentialPath(cluster, node, name);
  return { path, cluster, name, constructPath: construct.node.path, keyAlgorithm };
}

/** `longestSigned` is how long what it signs must be able to live, in the whole fleet. */
export function describeAuthority(
  construct: IConstruct,
  mark: AuthorityMark,
  { settings, scopes }: Scope,
  longestSigned?: Seconds,
): DesiredAuthority {
  const common = base(construct, mark.keyAlgorithm ?? settings.keyAlgorithm);
  const subject = mark.subject ?? { commonName: common.name };
  const dnsName = hostName(subject.commonName ?? '').value;
  const { soak, automatic } = effectiveSettings({ rotation: mark.rotation }, ...scopes).rotation;
  return {
    ...common,
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
  const common = base(construct, mark.keyAlgorithm ?? settings.keyAlgorithm);
  const { soak, automatic, maxTokenLife } = settings.rotation;
  return {
    ...common,
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
  const renewal = effectiveSettings(mark.renewal, ...scopes);
  const validity = mark.validity ?? settings.certificateValidity;
  const percentage = renewal.renewBeforePercentage;
  const algorithm = mark.kind === 'Certificate' ? mark.keyAlgorithm : undefined;
  const common = {
    ...base(construct, algorithm ?? settings.keyAlgorithm),
    kind: mark.kind,
    node: placeOf(construct).node,
    validity,
    renewBefore:
      percentage === null ? renewal.renewBefore : Math.floor((validity * percentage) / 100),
    renewBeforePercentage: percentage,
    renewalWindows: renewal.renewalWindows,
    jitter: renewal.jitter,
  };
  if (mark.kind === 'Certificate') {
    const { issuer, profile, dnsNames, ipAddresses, uris } = mark;
    return {
      ...common,
      issuer: pathOf(issuer as IConstruct),
      profile,
      subject: mark.subject ?? { commonName: common.name },
      dnsNames,
      ipAddresses,
      uris,
      kubeconfig: null,
    };
  }
  const kubeadm = folder.cluster?.kubeadm;
  if (!kubeadm) return undefined;
  const { user, groups, server = kubeadm.server } = mark;
  return {
    ...common,
    issuer: pathOf(kubeadm.ca),
    profile: 'client',
    subject: { commonName: user, ...(groups.length === 0 ? {} : { organizations: groups }) },
    dnsNames: [],
    ipAddresses: [],
    uris: [],
    kubeconfig: { server, clusterName: folder.name, user },
  };
}

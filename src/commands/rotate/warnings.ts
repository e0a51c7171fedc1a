import { SIGNING_FLAGS } from '../../catalog/rotation/domains/signing.ts';
import { REPLACEMENTS } from '../../catalog/rotation/replacements.ts';
import { evidenceLines } from './evidence.ts';
import type { RotationRequest, RotationStatus, TrustDomain } from '../../model/store/rotation.ts';

/**
 * What people must know before they go on, for the terminal: who is locked out, and until when something holds.
 *
 * @param statuses where keysets stood before.
 */
export function warningLines(
  request: RotationRequest,
  statuses: readonly RotationStatus[],
  now: Date,
): string[] {
  const status = statuses.find(({ keyset }) => keyset === request.keyset);
  if (status === undefined) return [];
  const lockout = lockoutOf(request, status, now);
  return [
    ...(request.verb === 'compromised' ? [`outage: ${outageOf(status)}`] : []),
    ...(request.verb === 'reissue' ? [`deadline: ${reissueDeadline(status, now)}`] : []),
    ...(request.verb === 'advance' ? managerLines(status).map((line) => `manifests: ${line}`) : []),
    ...(lockout === null ? [] : [`lockout (--accept-lockout): ${lockout}`]),
    ...(request.verb === 'advance'
      ? evidenceLines(status, now).map((line) => `evidence: ${line}`)
      : []),
  ];
}

/** What a manifest that is not of the tree must name before the bundle has two certificates; nothing where none is about to come. */
export const managerLines = ({
  foreignManagers,
  standing,
}: Pick<RotationStatus, 'foreignManagers' | 'standing'>): string[] =>
  standing !== 'steady' || foreignManagers.length === 0
    ? []
    : [
        `the tree has no manifest of kube-controller-manager for ${foreignManagers.map((name) => `"${name}"`).join(', ')}, and it exits where --cluster-signing-cert-file has two certificates, as pki/ca.crt has after "accept": before that is rolled out its manifest must have ${SIGNING_FLAGS.join(' and ')}, on every control-plane node (or declare kubernetesVersion, and the tree says it)`,
      ];

/** What everything is for that has to do with a keyset: one that is shared is for what its users have it for. */
function domainsOf({ domain, users }: Pick<RotationStatus, 'domain' | 'users'>): TrustDomain[] {
  return users.length === 0 ? [domain] : [...new Set(users.map((user) => user.domain))];
}

/** What a replacement stops, and for whom. */
export const outageOf = (status: Pick<RotationStatus, 'domain' | 'users'>): string =>
  domainsOf(status)
    .map((domain) => REPLACEMENTS[domain].lockout)
    .join(' ');

/**
 * Who is locked out by a `retire` before its time (DESIGN §7); null where nobody is whom the stage would have waited for.
 */
export function lockoutOf(
  { verb, acceptLockout }: RotationRequest,
  { domain, users, next, entries, notBefore }: RotationStatus,
  now: Date,
): string | null {
  if (verb !== 'advance' || !acceptLockout || next !== 'retire') return null;
  if (notBefore !== null && now.getTime() >= notBefore.getTime()) return null;
  const outgoing = entries.find(({ state }) => state === 'outgoing')?.id ?? '';
  const lockouts = [...new Set(domainsOf({ domain, users }).map((one) => LOCKOUTS[one]))];
  const until =
    notBefore === null
      ? 'Nobody declares how long that lives (rotation.maxTokenLife), so nobody knows how many that are.'
      : `The last of that would have ended by ${notBefore.toISOString()}.`;
  return [
    ...lockouts.map(({ who }) => `${who(outgoing)} is refused as soon as this is rolled out.`),
    until,
    ...lockouts.map(({ after }) => after),
  ].join(' ');
}

interface Lockout {
  /** @param outgoing id of the entry that leaves */
  readonly who: (outgoing: string) => string;
  /** What does not mend itself. */
  readonly after: string;
}

const OUTSIDE: Lockout = {
  who: (outgoing) =>
    `Whoever has a certificate of the outgoing entry ${outgoing} that is not in this tree`,
  after: 'Each of them needs another one.',
};

const LOCKOUTS: Readonly<Record<TrustDomain, Lockout>> = {
  ca: {
    who: (outgoing) =>
      `Every kubelet whose client certificate the outgoing entry ${outgoing} signed, and everybody else with a certificate that was signed through the CertificateSigningRequest API,`,
    after:
      'A kubelet that is refused does not come back by itself: it must be bootstrapped again, unless the node step of "issue" in ROTATION.md was done on its node.',
  },
  'service-account-key': {
    who: (outgoing) => `Every service account token that the outgoing key ${outgoing} signed`,
    after: 'Pods get another one when they start again; tokens in Secrets must be made anew.',
  },
  'etcd-ca': OUTSIDE,
  'external-etcd-ca': OUTSIDE,
  'front-proxy-ca': OUTSIDE,
  authority: OUTSIDE,
};

/** Until when everybody must have what was signed again: the certificate before goes on being good until its end. */
export function reissueDeadline({ notAfter }: Pick<RotationStatus, 'notAfter'>, now: Date): string {
  const end = notAfter?.toISOString() ?? '';
  return notAfter !== null && now.getTime() > notAfter.getTime()
    ? `the certificate before ended on ${end}: whoever has only that one refuses everybody until it has the new one, so roll it out at once, in any order`
    : `the certificate before is good until ${end}: by then everybody must have the new one, or refuses everybody; what it signed stays good until its own end, and is issued again when it is due`;
}

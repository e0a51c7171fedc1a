import { EXTENDED_KEY_USAGES } from '../model/x509.ts';
import type { DesiredLeaf } from '../model/desired.ts';
import type { Subject } from '../model/names.ts';
import type { ObservedKeyset, ObservedLeaf, UnreadableLeaf } from '../model/observed.ts';
import type { Reason, Verdict } from '../model/plan.ts';
import { dueAt, isDue, isProposed, type Life } from './renewal.ts';

/** All that a check may look at. */
export interface LeafInput {
  readonly desired: DesiredLeaf;
  readonly observed: ObservedLeaf | UnreadableLeaf | undefined;
  /** The issuer's keyset as observed; undefined where it is still to be made. */
  readonly issuer: ObservedKeyset | undefined;
  /** Recipients that were declared compromised. */
  readonly compromised: ReadonlySet<string>;
  /** Who can open outputs with its private key, and is not to. */
  readonly leaving: ReadonlySet<string>;
  /** Whether somebody asked for it. */
  readonly requested: boolean;
  readonly now: Date;
}

type Check<Observed> = (
  input: Omit<LeafInput, 'observed'> & { readonly observed: Observed },
) => string | undefined;

/** A check of the chain: its reason, and why it fires for this input. */
export interface ReasonedCheck {
  readonly reason: Reason;
  readonly fires: (input: LeafInput) => string | undefined;
}

function check(reason: Reason, fires: Check<ObservedLeaf>): ReasonedCheck {
  return {
    reason,
    fires: (input) => {
      const { observed } = input;
      return observed === undefined || 'unreadable' in observed
        ? undefined
        : fires({ ...input, observed });
    },
  };
}

const unreadable: ReasonedCheck = {
  reason: 'Unreadable',
  fires: ({ observed }) =>
    observed !== undefined && 'unreadable' in observed ? observed.unreadable : undefined,
};

const missing: ReasonedCheck = {
  reason: 'Missing',
  fires: ({ observed }) =>
    observed === undefined ? 'the store has no such credential' : undefined,
};

const keyMismatch = check('KeyMismatch', ({ observed }) =>
  observed.certificate.spki === observed.spki
    ? undefined
    : 'the certificate is not for the private key beside it',
);

const issuerMissing = check('IssuerMissing', ({ desired, observed, issuer }) => {
  const { keyset, id } = observed.issuer;
  if (keyset !== desired.issuer) return `issuer was "${keyset}", is declared "${desired.issuer}"`;
  if (issuer === undefined) return `issuer "${keyset}" is made anew`;
  if (!issuer.entries.some((entry) => entry.id === id)) return `issuer "${keyset}/${id}" is gone`;
  return observed.signedByIssuer ? undefined : `issuer "${keyset}/${id}" did not sign it`;
});

const issuerRetired = check('IssuerRetired', ({ observed, issuer }) => {
  const entry = issuer?.entries.find(({ id }) => id === observed.issuer.id);
  return entry === undefined || entry.state === 'issuing'
    ? undefined
    : `issuer "${observed.issuer.keyset}/${entry.id}" is ${entry.state}`;
});

const subjectChanged = check('SubjectChanged', ({ desired, observed }) => {
  const [was, is] = [subjectText(observed.certificate.subject), subjectText(desired.subject)];
  return was === is ? undefined : `subject was "${was}", is declared "${is}"`;
});

const sansChanged = check('SansChanged', ({ desired, observed }) => {
  const was = sanSet(observed.certificate);
  const is = sanSet(desired);
  const added = [...is].filter((san) => !was.has(san));
  const removed = [...was].filter((san) => !is.has(san));
  const parts = [
    ...(added.length > 0 ? [`added ${added.join(', ')}`] : []),
    ...(removed.length > 0 ? [`removed ${removed.join(', ')}`] : []),
  ];
  return parts.length === 0 ? undefined : `subject alternative names: ${parts.join('; ')}`;
});

const usageChanged = check('UsageChanged', ({ desired, observed }) => {
  const was = [...observed.certificate.extendedKeyUsages].sort().join(', ');
  const is = [...EXTENDED_KEY_USAGES[desired.profile]].sort().join(', ');
  if (observed.kind !== desired.kind)
    return `it was a ${observed.kind}, is declared a ${desired.kind}`;
  if (observed.certificate.isCa) return 'the certificate is a CA certificate';
  return was === is
    ? undefined
    : `extendedKeyUsage was "${was}", profile "${desired.profile}" says "${is}"`;
});

const keyAlgorithmChanged = check('KeyAlgorithmChanged', ({ desired, observed }) => {
  const was = observed.certificate.keyAlgorithm ?? 'unknown';
  return was === desired.keyAlgorithm
    ? undefined
    : `key algorithm was ${was}, is declared ${desired.keyAlgorithm}`;
});

/** Whatever stands in the tree: a run that was cut off after the record was written goes on from there. */
const revoked = check('Revoked', ({ observed: { certificate }, issuer }) => {
  const entry = issuer?.revocations?.entries.find(
    ({ serialNumber }) => serialNumber === certificate.serialNumber,
  );
  return entry === undefined
    ? undefined
    : `serial number ${entry.serialNumber} is revoked since ${entry.revokedAt.toISOString()}`;
});

const exposed = check('Exposed', ({ observed, compromised, leaving }) =>
  exposedText(observed, compromised, leaving),
);

/** How a compromised recipient came by a private key: as the files say, and as its document remembers. */
export function exposedText(
  observed: Pick<ObservedLeaf, 'recipients' | 'formerRecipients'>,
  compromised: ReadonlySet<string>,
  leaving: Iterable<string>,
): string | undefined {
  const find = (names: Iterable<string>): string | undefined =>
    [...names].find((name) => compromised.has(name));
  const [now, output] = [find(observed.recipients), find(leaving)];
  if (now !== undefined) return `its private key is encrypted to the compromised recipient ${now}`;
  if (output !== undefined)
    return `an output with its private key is encrypted to the compromised recipient ${output}`;
  const former = find(observed.formerRecipients);
  return former === undefined
    ? undefined
    : `its private key was encrypted to the compromised recipient ${former}`;
}

const expired = check('Expired', ({ observed, now }) => {
  const { notAfter } = observed.certificate;
  return now.getTime() > notAfter.getTime() ? `expired on ${notAfter.toISOString()}` : undefined;
});

const requestedByName = check('Requested', ({ requested }) =>
  requested ? 'it was asked for' : undefined,
);

/** Due at exactly `dueAt`, and ever after, but for windows that are closed. */
const renewalDue = check('RenewalDue', ({ desired, observed, now }) =>
  isDue(desired.path, desired, lifeOf(observed), now) ? dueText(desired, observed) : undefined,
);

/** Due at exactly `renewAt`, and ever after: what was proposed in a window is not taken back when it closes. */
const proposalDue = check('RenewalDue', ({ desired, observed, now }) =>
  isProposed(desired.path, desired, lifeOf(observed), now) ? dueText(desired, observed) : undefined,
);

function dueText(desired: DesiredLeaf, observed: ObservedLeaf): string {
  return `due since ${dueAt(desired.path, desired, lifeOf(observed)).toISOString()}`;
}

export function lifeOf({ issuedAt, certificate }: ObservedLeaf): Life {
  return { issuedAt, notAfter: certificate.notAfter };
}

/** What `synth` looks at: everything but the time. Order matters: the first that fires gives the reason. */
export const SYNTH_CHAIN: readonly ReasonedCheck[] = [
  unreadable,
  missing,
  keyMismatch,
  issuerMissing,
  issuerRetired,
  subjectChanged,
  sansChanged,
  usageChanged,
  keyAlgorithmChanged,
  revoked,
  exposed,
];

/** What `renew` looks at besides. */
export const RENEW_CHAIN: readonly ReasonedCheck[] = [
  ...SYNTH_CHAIN,
  requestedByName,
  expired,
  renewalDue,
];

/** Chains by what a run is for. */
export const CHAINS = {
  synth: SYNTH_CHAIN,
  renew: RENEW_CHAIN,
  propose: [...SYNTH_CHAIN, requestedByName, expired, proposalDue],
} as const satisfies Readonly<Record<string, readonly ReasonedCheck[]>>;

export type ChainName = keyof typeof CHAINS;

/** The verdict of the first check that fires; undefined where the credential is as declared. */
export function judge(chain: readonly ReasonedCheck[], input: LeafInput): Verdict | undefined {
  for (const { reason, fires } of chain) {
    const message = fires(input);
    if (message !== undefined) return { reason, message };
  }
  return undefined;
}

/** One line for a subject, no two alike; attributes of a multi-valued RDN have no order (DER sorts a SET OF). */
export function subjectText(subject: Subject): string {
  const { country, organizations = [], organizationalUnits = [], commonName } = subject;
  const parts = [
    ...(country === undefined ? [] : [`C=${escaped(country)}`]),
    ...[...organizations].sort().map((value) => `O=${escaped(value)}`),
    ...[...organizationalUnits].sort().map((value) => `OU=${escaped(value)}`),
    ...(commonName === undefined ? [] : [`CN=${escaped(commonName)}`]),
    ...(subject.serialNumber === undefined
      ? []
      : [`serialNumber=${escaped(subject.serialNumber)}`]),
  ];
  return parts.join(', ');
}

/** As RFC 4514 §2.4: a comma in a value does not end it. */
function escaped(value: string): string {
  return value.replaceAll(/[\\,]/gu, String.raw`\$&`);
}

function sanSet(names: {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly uris: readonly string[];
}): ReadonlySet<string> {
  return new Set([
    ...names.dnsNames.map((name) => `DNS:${name}`),
    ...names.ipAddresses.map((address) => `IP:${address}`),
    ...names.uris.map((uri) => `URI:${uri}`),
  ]);
}

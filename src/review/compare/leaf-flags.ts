import type { KeyAlgorithm } from '../../model/names.ts';
import { flag } from '../flags.ts';
import type { CertificateChange, CertificateFacts, Flag } from '../report.ts';
import { without } from './certificates.ts';

/** What a certificate is compared with besides its predecessor. */
export interface LeafContext {
  readonly cluster: string;
  /** Who has a key, by its SPKI hash, on either side. */
  readonly holders: ReadonlyMap<string, ReadonlySet<string>>;
  /** Why an identity has all rights in the cluster; undefined where it has not. */
  readonly privilegeBefore: (identity: CertificateFacts) => string | undefined;
  readonly privilegeAfter: (identity: CertificateFacts) => string | undefined;
}

/** Bits of security (NIST SP 800-57 part 1, table 2). */
const STRENGTH: Readonly<Record<KeyAlgorithm, number>> = {
  'RSA-2048': 112,
  'RSA-3072': 128,
  'RSA-4096': 140,
  'ECDSA-P256': 128,
  'ECDSA-P384': 192,
  Ed25519: 128,
};

/** Backdating and an issuer that began later make a life differ by minutes. */
const LIFE_TOLERANCE = 3_600_000;

const DAY = 86_400_000;

/** What a reviewer must look at in one certificate. */
export function leafFlags(change: CertificateChange, context: LeafContext): Flag[] {
  const { credential, file, before, after, problems } = change;
  const place = { cluster: context.cluster, credential, file };
  const flags = problems.map((problem) => flag('Damaged', `${credential}: ${problem}`, place));
  const put = (code: Flag['code'], message: string | false | undefined): void => {
    if (typeof message === 'string') flags.push(flag(code, `${credential} ${message}`, place));
  };
  if (after === null) return flags;
  put('CaTrue', after.isCa && 'is a CA certificate: whoever holds its key can issue others');
  put('PrivilegedIdentity', privilege(before, after, context));
  const isIssued = before === null || before.serialNumber !== after.serialNumber;
  put('KeyReused', isIssued && keyReused(change, after, context));
  if (before === null) return flags;
  put('OlderCertificate', older(before, after));
  put(
    'SanAdded',
    change.sansAdded.length > 0 && `is now valid for ${clippedList(change.sansAdded)} too`,
  );
  put(
    'SubjectChanged',
    before.subject !== after.subject && `was "${before.subject}", is "${after.subject}"`,
  );
  const usages = without(after.usages, before.usages);
  put('UsageAdded', usages.length > 0 && `may now be used for ${usages.join(', ')} too`);
  put('WeakerAlgorithm', weaker(before, after));
  const [was, is] = [lifeOf(before), lifeOf(after)];
  put(
    'LongerLife',
    is > was + LIFE_TOLERANCE && `lived for ${days(was)}, lives for ${days(is)} days`,
  );
  return flags;
}

function privilege(
  before: CertificateFacts | null,
  after: CertificateFacts,
  { privilegeBefore, privilegeAfter }: LeafContext,
): string | false {
  const why = privilegeAfter(after);
  if (why === undefined) return false;
  const was = before === null ? undefined : privilegeBefore(before);
  return was === undefined && `gives "${after.subject}" all rights: ${why}`;
}

function keyReused(
  { credential, key }: CertificateChange,
  { spki }: CertificateFacts,
  { holders }: LeafContext,
): string | false {
  if (key === 'kept') return 'is a new certificate for the private key of the old one';
  const others = [...(holders.get(spki) ?? [])].filter((holder) => holder !== credential);
  return others.length > 0 && `has the private key of ${clippedList(others)}`;
}

function older(before: CertificateFacts, after: CertificateFacts): string | false {
  const [was, is] = [before, after].map(({ notBefore }) => notBefore.toISOString());
  if ((is ?? '') < (was ?? '')) return `began on ${was}, now on ${is}: an older one was put back`;
  return (
    after.notAfter < before.notAfter &&
    `ends on ${after.notAfter.toISOString()}, before the one that it replaces (${before.notAfter.toISOString()})`
  );
}

function weaker(before: CertificateFacts, after: CertificateFacts): string | false {
  const strength = ({ keyAlgorithm }: CertificateFacts): number =>
    keyAlgorithm === null ? 0 : STRENGTH[keyAlgorithm];
  return (
    strength(after) < strength(before) &&
    `had an ${before.keyAlgorithm ?? 'unknown'} key, has an ${after.keyAlgorithm ?? 'unknown'} key`
  );
}

const lifeOf = ({ notBefore, notAfter }: CertificateFacts): number =>
  notAfter.getTime() - notBefore.getTime();

const days = (span: number): number => Math.round(span / DAY);

const MOST_NAMED = 10;

export function clippedList(items: readonly string[]): string {
  const rest = items.length - MOST_NAMED;
  return items.slice(0, MOST_NAMED).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}

import type { CredentialPath, TreePath } from '../model/names.ts';
import type { Flag } from './report.ts';

export type Severity = 'critical' | 'warning';

/** Every flag, the worst first: what it is about, and how bad. */
export const FLAGS = {
  KeysetNotSigned: ['critical', 'keyset not signed by its predecessor'],
  KeysetRevisionLower: ['critical', 'keyset revision not higher'],
  OutsideLifeLower: ['critical', 'life of what was signed outside of the tree forgotten'],
  DocumentMoved: ['critical', 'document of another credential'],
  StagesSkipped: ['critical', 'stages of a rotation at once'],
  NewAuthority: ['critical', 'new authority'],
  AuthorityRemoved: ['critical', 'authority removed'],
  AuthorityChanged: ['critical', 'authority with another certificate'],
  RevocationLost: ['critical', 'revocation taken back'],
  LedgerLineRemoved: ['critical', 'ledger line removed'],
  ForeignCertificate: ['critical', 'certificate from elsewhere'],
  CaTrue: ['critical', 'CA:TRUE'],
  PrivilegedIdentity: ['critical', 'new identity with all rights'],
  ClusterAdminBinding: ['critical', 'new binding to cluster-admin'],
  RulesBypassed: ['critical', 'sops rules bypassed'],
  RecipientAdded: ['critical', 'recipient added'],
  UnknownFile: ['critical', 'file that nobody declared'],
  OlderCertificate: ['critical', 'older certificate'],
  KeyReused: ['critical', 'key reused'],
  StoreEdited: ['critical', 'document of the store edited by hand'],
  EncryptedAnew: ['critical', 'encrypted anew for no reason'],
  StageEarly: ['warning', 'stage of a rotation before its time'],
  LockoutAccepted: ['warning', 'entry retired while it is in use'],
  AuthorityReissued: ['warning', 'authority reissued'],
  Revoked: ['warning', 'certificate revoked'],
  LedgerLineUnknown: ['warning', 'ledger line of no authority'],
  SanAdded: ['warning', 'SAN added'],
  SubjectChanged: ['warning', 'subject changed'],
  UsageAdded: ['warning', 'key usage added'],
  WeakerAlgorithm: ['warning', 'weaker algorithm'],
  LongerLife: ['warning', 'longer life'],
  WorkflowChanged: ['warning', 'CI or guard file changed'],
  DependencyChanged: ['warning', 'dependencies changed'],
  UserFile: ['warning', 'file of a user'],
  Damaged: ['warning', 'damaged file'],
} as const satisfies Readonly<Record<string, readonly [Severity, string]>>;

export type FlagCode = keyof typeof FLAGS;

const ORDER = Object.keys(FLAGS);

export interface FlagPlace {
  readonly cluster?: string | null;
  readonly credential?: CredentialPath | null;
  readonly file?: TreePath | null;
}

export function flag(code: FlagCode, message: string, place: FlagPlace): Flag {
  const { cluster = null, credential = null, file = null } = place;
  return { code, severity: FLAGS[code][0], cluster, credential, file, message };
}

/** Worst first, then by cluster and place. */
export function sortFlags(flags: readonly Flag[]): Flag[] {
  const place = (item: Flag): string =>
    `${item.cluster ?? ''}\0${item.credential ?? ''}\0${item.file ?? ''}\0${item.message}`;
  return flags.toSorted(
    (a, b) => ORDER.indexOf(a.code) - ORDER.indexOf(b.code) || (place(a) < place(b) ? -1 : 1),
  );
}

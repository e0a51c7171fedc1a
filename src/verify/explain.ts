import type { CredentialPath, TreePath } from '../model/names.ts';
import { layout } from '../model/store/layout.ts';
import { SHOWN_DOMAINS } from '../model/store/rotation.ts';
import type { FlagCode } from '../review/flags.ts';
import { ruleRecipients } from '../review/fleet/sops-rules.ts';
import type { CertificateChange, Flag, KeysetChange, Review } from '../review/report.ts';
import type { Declared } from './declared.ts';
import { wantingFiles, type ToDo } from './drift.ts';
import { findingOfFlag, type Finding } from './finding.ts';

/** What the flags of a review are held against. */
export interface Explanation {
  readonly declared: Declared;
  readonly toDo: ToDo;
  /** What is wrong with the tree itself. */
  readonly findings: readonly Finding[];
  /** Files that are, octet by octet, what the program makes of the base's. */
  readonly generated: ReadonlySet<TreePath>;
  /** Files that the program made, as inventories say. */
  readonly made: ReadonlySet<TreePath>;
  /** Keysets that the ledger says were removed on purpose, by path. */
  readonly removed: ReadonlySet<string>;
  /** Text of `.sops.yaml`. */
  readonly rules: string | undefined;
}

/** Backdating makes a life longer by minutes. */
const LIFE_TOLERANCE = 3_600_000;

type Explains = (flag: Flag, context: Context) => boolean;

interface Context extends Explanation {
  readonly wanting: ReadonlySet<TreePath>;
  readonly changes: ReadonlyMap<CredentialPath, CertificateChange>;
  readonly unsigned: ReadonlySet<CredentialPath>;
  readonly keysets: ReadonlyMap<CredentialPath, KeysetChange>;
  readonly now: Date;
}

/**
 * Which flags the declaration explains: where the tree is what it asks for, and what is flagged is its to say. It says nothing of who
 * signed a keyset, of the past, or of workflows.
 */
const EXPLAINS: Readonly<Record<FlagCode, Explains>> = {
  KeysetNotSigned: never,
  KeysetRevisionLower: never,
  OutsideLifeLower: never,
  DocumentMoved: never,
  StagesSkipped: never,
  // the tree does not tell by what it follows: a cluster can show that it is rolled out
  StageEarly: ({ credential }, { declared }) =>
    credential !== null && SHOWN_DOMAINS.has(declared.domains.get(credential) ?? 'authority'),
  // where nobody says how long tokens live, there is no other way
  LockoutAccepted: ({ credential }, { declared }) =>
    credential !== null && declared.keysets.get(credential)?.outsideLife === null,
  // a new keyset is declared; a further entry of one that is there was signed by the one before
  NewAuthority: ({ credential }, { declared, unsigned }) =>
    credential !== null && declared.keysets.has(credential) && !unsigned.has(credential),
  AuthorityRemoved: ({ credential }, { declared, removed }) =>
    credential !== null && !declared.keysets.has(credential) && removed.has(credential),
  AuthorityChanged: never,
  RevocationLost: never,
  LedgerLineRemoved: never,
  LedgerLineUnknown: never,
  ForeignCertificate: never,
  CaTrue: never,
  PrivilegedIdentity: asDeclared,
  ClusterAdminBinding: ({ file }, { made, wanting }) =>
    file !== null && made.has(file) && !wanting.has(file),
  RecipientAdded: recipientDeclared,
  RulesBypassed: never,
  UnknownFile: never,
  OlderCertificate: (flag, context) => {
    const { before, after } = changeOf(flag, context) ?? {};
    const isLater = !!before && !!after && after.notBefore >= before.notBefore;
    return isLater && asDeclared(flag, context) && hasDeclaredLife(flag, context);
  },
  KeyReused: never,
  StoreEdited: never,
  EncryptedAnew: never,
  // its own signature says who made it, and what is not signed so is a finding
  AuthorityReissued: ({ credential }, { declared, keysets, now }) => {
    if (credential === null) return false;
    const validity = declared.authorities.get(credential);
    const { before, after } = keysets.get(credential) ?? {};
    if (validity === undefined || !before || !after) return false;
    const latest = now.getTime() + validity * 1000 + LIFE_TOLERANCE;
    const known = new Map(before.entries.map(({ id, notAfter }) => [id, notAfter?.getTime()]));
    return after.entries.every(
      ({ id, notAfter }) =>
        notAfter !== null && (notAfter.getTime() === known.get(id) || notAfter.getTime() <= latest),
    );
  },
  // by the key of a declared authority: else the record itself is a finding
  Revoked: ({ credential }, { declared }) =>
    credential !== null && declared.keysets.has(credential),
  SanAdded: asDeclared,
  SubjectChanged: asDeclared,
  UsageAdded: asDeclared,
  WeakerAlgorithm: asDeclared,
  LongerLife: (flag, context) => asDeclared(flag, context) && hasDeclaredLife(flag, context),
  WorkflowChanged: ({ file }, { generated }) => file !== null && generated.has(file),
  // as a declaration that changes: a review is what it takes, and there is nothing to hold it against
  DependencyChanged: () => true,
  // nobody but people reads it
  UserFile: () => true,
  // of the base, where nothing is wrong any more
  Damaged: ({ file, credential, message }, { findings }) =>
    /(?:^|: )base: /u.test(message) &&
    !findings.some((item) => item.file === file || item.credential === credential),
};

/** Flags as findings, or as notes where the declaration explains them. */
export function explainFlags(
  { flags, clusters, now }: Review,
  explanation: Explanation,
): { readonly findings: readonly Finding[]; readonly notes: readonly Finding[] } {
  const context: Context = {
    ...explanation,
    now,
    wanting: wantingFiles(explanation.toDo),
    keysets: new Map(
      clusters.flatMap(({ keysets }) =>
        keysets.map((change) => [change.credential, change] as const),
      ),
    ),
    changes: new Map(
      clusters.flatMap(({ certificates }) =>
        certificates.map((change) => [change.credential, change] as const),
      ),
    ),
    unsigned: new Set(
      flags.flatMap(({ code, credential }) =>
        code === 'KeysetNotSigned' && credential !== null ? [credential] : [],
      ),
    ),
  };
  const judged = flags.map((flag) => findingOfFlag(flag, EXPLAINS[flag.code](flag, context)));
  return {
    findings: judged.filter(({ level }) => level !== 'note'),
    notes: judged.filter(({ level }) => level === 'note'),
  };
}

function never(): boolean {
  return false;
}

/** A leaf that is declared, and that the plan would leave as it is. */
function asDeclared({ credential }: Flag, { declared, wanting }: Context): boolean {
  return (
    credential !== null &&
    declared.validities.has(credential) &&
    !wanting.has(layout.leaf(declared.fleet.tree, credential))
  );
}

function hasDeclaredLife(flag: Flag, context: Context): boolean {
  const after = changeOf(flag, context)?.after;
  const validity = context.declared.validities.get(flag.credential ?? ('' as CredentialPath));
  if (!after || validity === undefined) return false;
  const life = after.notAfter.getTime() - after.notBefore.getTime();
  return life <= validity * 1000 + LIFE_TOLERANCE;
}

function changeOf({ credential }: Flag, { changes }: Context): CertificateChange | undefined {
  return credential === null ? undefined : changes.get(credential);
}

/** Every file of the cluster that holds the recipient has exactly those of its role, or the plan would say so. */
function recipientDeclared({ cluster, file, message }: Flag, context: Context): boolean {
  const { declared, wanting, rules, generated, findings } = context;
  const [recipient = ''] = message.split(' ');
  if (!declared.recipients.has(recipient)) return false;
  if (cluster === null) {
    const isOurs = file !== null && generated.has(file);
    const named = ruleRecipients(rules);
    return isOurs || (!!named && [...named].every((name) => declared.recipients.has(name)));
  }
  const folder = `${layout.cluster(declared.fleet.tree, cluster)}/`;
  const isWanting = [...wanting].some((path) => path.startsWith(folder));
  return !isWanting && !findings.some((item) => item.cluster === cluster);
}

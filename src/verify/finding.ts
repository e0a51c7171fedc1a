import type { ErrorCode, PkiError } from '../errors.ts';
import type { CredentialPath, TreePath } from '../model/names.ts';
import type { Action } from '../model/plan.ts';
import { FLAGS, type FlagCode } from '../review/flags.ts';
import type { Flag } from '../review/report.ts';

export type Level = 'error' | 'warning' | 'note';

/** What verify itself finds, the worst first; flags of a review and codes of errors have their own tables. */
export const RULES = {
  PlaintextKey: ['error', 'private key in the clear'],
  PrivateKeyMismatch: ['error', 'private key not that of its certificate'],
  ChainBroken: ['error', 'certificate not signed by its issuer'],
  StageIncomplete: ['error', 'stage of a rotation without what follows it'],
  EditedByHand: ['error', 'generated file not as declared'],
  DuplicateKey: ['error', 'key shared by credentials'],
  DuplicateSerial: ['error', 'serial number used twice'],
  CertificateForm: ['error', 'certificate against the rules'],
  NotSynthesized: ['warning', 'generated file out of date'],
} as const satisfies Readonly<Record<string, readonly [Level, string]>>;

export type RuleCode = keyof typeof RULES;

export interface Place {
  readonly cluster?: string | null;
  readonly credential?: CredentialPath | null;
  readonly file?: TreePath | null;
  /** From 1. */
  readonly line?: number | null;
}

/** Something that stands in the way of a merge; of level `note`, something that a reviewer must look at and that may pass. */
export interface Finding {
  readonly code: RuleCode | FlagCode | ErrorCode;
  readonly level: Level;
  readonly cluster: string | null;
  readonly credential: CredentialPath | null;
  readonly file: TreePath | null;
  readonly line: number | null;
  readonly message: string;
  readonly hint: readonly string[];
}

/** What verify says of a tree. */
export interface Verification {
  /** Worst first. */
  readonly findings: readonly Finding[];
  /** Flags of the review that the declaration explains: they pass, and somebody must look at them. */
  readonly notes: readonly Finding[];
  /** What the declaration asks for and this change does not hold: whoever has the keys does it after the merge. */
  readonly pending: readonly Action[];
}

export function finding(
  code: RuleCode,
  message: string,
  { cluster = null, credential = null, file = null, line = null }: Place,
  hint: readonly string[] = [],
): Finding {
  return { code, level: RULES[code][0], cluster, credential, file, line, message, hint };
}

/** What a guard threw. */
export function findingOfError(error: PkiError, place: Place = {}): Finding {
  const { code, message, details, hints } = error;
  const named = /^(?:cannot decrypt )?"([^"]+\/[^"]+)"/u.exec(message)?.[1];
  return {
    code,
    level: 'error',
    cluster: place.cluster ?? null,
    credential: place.credential ?? null,
    file: place.file ?? (named as TreePath | undefined) ?? null,
    line: null,
    message: details.length === 0 ? message : `${message}: ${details.join('; ')}`,
    hint: hints,
  };
}

export function findingOfFlag(flag: Flag, isExplained: boolean): Finding {
  const { code, severity, cluster, credential, file, message } = flag;
  const level = isExplained ? 'note' : severity === 'critical' ? 'error' : 'warning';
  return { code, level, cluster, credential, file, line: null, message, hint: HINTS[code] ?? [] };
}

/** What to do, where the message does not say it. */
const HINTS: Partial<Readonly<Record<FlagCode, readonly string[]>>> = {
  RevocationLost: [
    'revoke again the leaf that it names: cdk8s-pki revoke CLUSTER NAME takes its certificates from history',
    'where the whole record is gone, bring it back from the last commit that had it first: git log --full-history --oneline -- FILE, git restore --source COMMIT FILE',
    'after a merge of two branches that both revoked something: take the file of one, and revoke again what the other one has',
  ],
  OutsideLifeLower: [
    'bring keyset.yaml back as the base has it: git restore --source BASE FILE',
    'what is remembered may be longer than is wanted: --accept-lockout retires before its end',
  ],
  StageEarly: [
    'wait: the same change has no such finding once that time has come',
    'nothing that can be asked of a cluster takes the place of this soak: where it is meant so, somebody has to overrule this',
  ],
  LockoutAccepted: [
    'wait: the same change has no such finding once that time has come',
    'where it is meant so (--accept-lockout), somebody has to overrule this',
  ],
  UnknownFile: [
    'if it is yours, move it out of the tree, all of which is generated: into a folder beside it, such as apps/, which Flux or Argo CD applies as well',
    'or declare it, as an ApiObject of the cluster that it is for: then synth writes it',
    'if nobody knows it, delete it, and ask who put it there',
  ],
};

/** What a code means, in a few words. */
export function titleOf(code: Finding['code']): string {
  if (code in RULES) return RULES[code as RuleCode][1];
  if (code in FLAGS) return FLAGS[code as FlagCode][1];
  return code.replace(/^ERR_/u, '').replaceAll('_', ' ').toLowerCase();
}

const LEVELS: readonly Level[] = ['error', 'warning', 'note'];

/** Within a level: what undoes the secrecy of keys, then what changes who is trusted, then what guards refuse, then the rest. */
const ORDER: readonly string[] = [
  'PlaintextKey',
  'ERR_KEYSET_SIGNATURE',
  'ERR_KEYSET_STATE',
  'ERR_AUTHORITY_MISSING',
  'ERR_UNKNOWN_RECIPIENT',
  'ERR_', // all others
  ...Object.keys(FLAGS),
  ...Object.keys(RULES),
];

/** Worst first, each once. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  const rank = ({ level, code }: Finding): number => {
    const at = ORDER.indexOf(code.startsWith('ERR_') && !ORDER.includes(code) ? 'ERR_' : code);
    return LEVELS.indexOf(level) * 1000 + at;
  };
  const place = ({ file, line, credential, message }: Finding): string =>
    [file ?? '', String(line ?? 0).padStart(9, '0'), credential ?? '', message].join('\0');
  const known = new Map(findings.map((item) => [`${item.code}\0${item.message}`, item]));
  return [...known.values()].sort((a, b) => rank(a) - rank(b) || (place(a) < place(b) ? -1 : 1));
}

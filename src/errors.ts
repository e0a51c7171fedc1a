/** Exit status of the process, by the kind of failure (DESIGN §6). */
const FAILED = 1;
const USAGE = 2;
const FINDINGS = 3;

/** Every error code, with the exit status that it leads to. */
export const ERROR_CODES = {
  ERR_AUTHORITY_MISSING: FAILED,
  ERR_BRANCH: FAILED,
  ERR_CERTIFICATE: FAILED,
  ERR_CLOCK: FAILED,
  ERR_CRL: FAILED,
  ERR_DECLARATION: FAILED,
  ERR_DECLARATION_INVALID: FAILED,
  ERR_DECRYPT: FAILED,
  ERR_ENCRYPT: FAILED,
  ERR_EVIDENCE: FAILED,
  ERR_FORGE: FAILED,
  ERR_GIT: FAILED,
  ERR_IDENTITY: FAILED,
  ERR_IDENTITY_NEEDED: FAILED,
  ERR_IN_USE: FAILED,
  ERR_ISSUE: FAILED,
  ERR_JOURNAL: FAILED,
  ERR_KEY: FAILED,
  ERR_KEYSET_SIGNATURE: FAILED,
  ERR_KEYSET_STATE: FAILED,
  ERR_LITERAL_SECRET: FAILED,
  ERR_LOCKED: FAILED,
  ERR_MAC: FAILED,
  ERR_ORPHANED: FAILED,
  ERR_READ: FAILED,
  ERR_RECIPIENT: FAILED,
  ERR_REFERENCE: FAILED,
  ERR_ROTATION: FAILED,
  ERR_SOPS: FAILED,
  ERR_SOPS_FORMAT: FAILED,
  ERR_STORE: FAILED,
  ERR_UNKNOWN_RECIPIENT: FAILED,
  ERR_USAGE: USAGE,
  ERR_WRITE: FAILED,
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

export const EXIT = { ok: 0, failed: FAILED, usage: USAGE, findings: FINDINGS } as const;

export interface PkiErrorOptions {
  /** One or two imperatives; a command to paste where there is one. */
  readonly hint?: string | readonly string[];
  /** Further lines, one a problem, each with its construct path or file where there is one. */
  readonly details?: readonly string[];
  readonly cause?: unknown;
}

/**
 * The one error class of the product. `message` is lower case without a full stop and never holds key material,
 * decrypted text or the output of a child process.
 */
export class PkiError extends Error {
  override readonly name = 'PkiError';
  readonly code: ErrorCode;
  readonly hints: readonly string[];
  readonly details: readonly string[];

  constructor(code: ErrorCode, message: string, options: PkiErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    const { hint = [], details = [] } = options;
    this.hints = typeof hint === 'string' ? [hint] : hint;
    this.details = details;
  }

  get exitStatus(): number {
    return ERROR_CODES[this.code];
  }
}

/** What a running cluster says of the stage that its tree has, looked at now. Sentences without dates, so that the same is the same text. */
export interface Evidence {
  /** What was seen to hold. */
  readonly holds: readonly string[];
  /** What was looked for and not found, or could not be looked at. */
  readonly lacks: readonly string[];
  /** What nobody can see from there. */
  readonly unseen: readonly string[];
  /** Whether every process that reads what the stage changed was seen to have started with it: no soak is needed. */
  readonly isRolledOut: boolean;
}

/** Evidence, and what it made of the time that a stage would have waited for. */
export interface UsedEvidence extends Evidence {
  /** When the stage could have followed without it; null where nobody would have known. */
  readonly insteadOf: Date | null;
}

/** Where there was nobody to ask, and why. */
export const noEvidence = (...lacks: readonly string[]): Evidence => ({
  holds: [],
  lacks,
  unseen: [],
  isRolledOut: false,
});

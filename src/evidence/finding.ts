/** What a look at one thing found: sentences. */
export interface Finding {
  readonly holds: readonly string[];
  readonly lacks: readonly string[];
}

export const holds = (...sentences: readonly string[]): Finding => ({
  holds: sentences,
  lacks: [],
});
export const lacks = (...sentences: readonly string[]): Finding => ({
  holds: [],
  lacks: sentences,
});

/** Where nothing lacks, one sentence says it. */
export const allOr = (missing: readonly string[], sentence: string): Finding =>
  missing.length === 0 ? holds(sentence) : lacks(...missing);

export const merge = (findings: readonly Finding[]): Finding => ({
  holds: findings.flatMap((finding) => finding.holds),
  lacks: findings.flatMap((finding) => finding.lacks),
});

export const isWhole = ({ holds: seen, lacks: missing }: Finding): boolean =>
  seen.length > 0 && missing.length === 0;

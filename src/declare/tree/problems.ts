import type { Construct } from 'constructs';

/** Has `node.validate()` report these; the whole tree's problems are printed at once. */
export function addProblems(construct: Construct, problems: readonly string[]): void {
  if (problems.length > 0) construct.node.addValidation({ validate: () => [...problems] });
}

/** constructs replaces `/` in an id silently, after which two credentials could share a name. */
export function idProblems(id: string): string[] {
  return id.includes('/') ? [`id ${JSON.stringify(id)} is a path; nest constructs instead`] : [];
}

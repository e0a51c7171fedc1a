import { PkiError } from '../../errors.ts';
import type { DesiredUnit } from '../../model/desired.ts';
import { credentialParts } from '../../model/names.ts';

/** Hints of so many clusters are printed; damage is mostly of one kind. */
const MOST_HINTS = 4;

/** What stands in the way of single units, told together: whoever repairs a tree wants to know all of it. */
export class Problems {
  readonly #found: { readonly clusters: readonly string[]; readonly error: PkiError }[] = [];

  /** @throws the error itself where it is not one of a unit. */
  add({ clusters }: DesiredUnit, error: unknown): void {
    if (!(error instanceof PkiError)) throw error;
    this.#found.push({ clusters: clusters.map(({ name }) => name), error });
  }

  /** Whether the unit uses one that could not be worked on: it would only say so again. */
  concern({ imports }: DesiredUnit): boolean {
    const clusters = new Set(imports.map((path) => credentialParts(path).cluster));
    return this.#found.some((problem) => problem.clusters.some((name) => clusters.has(name)));
  }

  /** @throws PkiError the one there is; of several the first one's code, with the others as details. */
  tell(): void {
    const [first, ...more] = this.#found;
    if (first === undefined) return;
    if (more.length === 0) throw first.error;
    const hints = this.#found.flatMap(({ error }) => error.hints);
    throw new PkiError(first.error.code, `${this.#found.length} clusters have errors`, {
      details: this.#found.flatMap(({ clusters, error }) => [
        `[${clusters.join(', ')}] ${error.code} ${error.message}`,
        ...error.details.map((detail) => `  ${detail}`),
      ]),
      hint: [...new Set(hints)].slice(0, MOST_HINTS),
      cause: first.error,
    });
  }
}

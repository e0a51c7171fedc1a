import { PkiError, type ErrorCode } from '../../errors.ts';
import type { DesiredUnit } from '../../model/desired.ts';
import { credentialParts } from '../../model/names.ts';

/** Hints of so many clusters are printed; damage is mostly of one kind. */
const MOST_HINTS = 4;

/** Of the whole machine, whichever cluster met it first: a clock that is wrong for one is wrong for all. */
const OF_ALL: ReadonlySet<ErrorCode> = new Set(['ERR_CLOCK', 'ERR_IDENTITY']);

/** What stands in the way of single units, told together: whoever repairs a tree wants to know all of it. */
export class Problems {
  readonly #found: { readonly clusters: readonly string[]; readonly error: PkiError }[] = [];
  readonly #waiting: string[] = [];
  readonly #failed = new Set<string>();

  /** @throws the error itself where it is not one of a unit. */
  add(clusters: readonly string[], error: unknown): void {
    if (!(error instanceof PkiError)) throw error;
    this.#found.push({ clusters, error });
    for (const name of clusters) this.#failed.add(name);
  }

  /** A cluster that cannot be worked on, which is nothing to tell: the run is about others. */
  leave(cluster: string): void {
    this.#wait([cluster]);
  }

  /** Whether the unit is or uses one that could not be worked on: it would only say so again. */
  concern({ clusters, imports }: DesiredUnit): boolean {
    const names = clusters.map(({ name }) => name);
    const used = [...names, ...imports.map((path) => credentialParts(path).cluster)];
    const isConcerned = used.some((name) => this.#failed.has(name));
    if (isConcerned) this.#wait(names);
    return isConcerned;
  }

  #wait(names: readonly string[]): void {
    const added = names.filter((name) => !this.#failed.has(name));
    this.#waiting.push(...added);
    for (const name of added) this.#failed.add(name);
  }

  /** Each by itself, of the fleet as a whole without clusters. */
  get each(): readonly { readonly clusters: readonly string[]; readonly error: PkiError }[] {
    return this.#found;
  }

  /** Those that could not be worked on. */
  get clusters(): readonly string[] {
    return [...new Set([...this.#found.flatMap(({ clusters }) => clusters), ...this.#waiting])];
  }

  /** Whether the clusters without a problem may not be worked on either. */
  get isOfAll(): boolean {
    return this.#found.some(({ error }) => OF_ALL.has(error.code));
  }

  /** The one there is; of several the first one's code, with the others as details. */
  get error(): PkiError | null {
    const [first, ...more] = this.#found;
    if (first === undefined || more.length === 0) return first?.error ?? null;
    const hints = this.#found.flatMap(({ error }) => error.hints);
    return new PkiError(first.error.code, `${this.#found.length} clusters have errors`, {
      details: this.#found.flatMap(({ clusters, error }) => [
        `[${clusters.join(', ')}] ${error.code} ${error.message}`,
        ...error.details.map((detail) => `  ${detail}`),
      ]),
      hint: [...new Set(hints)].slice(0, MOST_HINTS),
      cause: first.error,
    });
  }
}

import type { TreeFile } from '../../model/made/tree.ts';
import type { CredentialPath, TreePath } from '../../model/names.ts';
import type { Action, FileChange, Finding, Waiting } from '../../model/plan.ts';
import type { RevocationStatus } from '../../model/store/revocations.ts';
import { belowBlocker, type RotationStatus } from '../../model/store/rotation.ts';
import type { LedgerEntry } from '../../model/store/ledger.ts';
import type { Problems } from './problems.ts';
import type { UnitResult } from './unit/work.ts';

export interface RunResult {
  readonly tree: string;
  readonly clusters: number;
  readonly actions: readonly Action[];
  readonly files: FileChanges;
  readonly findings: readonly Finding[];
  /** What is due and waits for a renewal window. */
  readonly waiting: readonly Waiting[];
  /** Manifests of the clusters that were looked at, changed or not. */
  readonly manifests: readonly TreePath[];
  /** Clusters left as they were because they need an identity (`--partial`). */
  readonly skipped: readonly string[];
  /** Of clusters that were left as they were, where those stop no other's renewal. */
  readonly problems: Problems;
  /** Keysets, and where a run is about credentials by name, leaves that are declared. */
  readonly keysets: readonly CredentialPath[];
  readonly leaves: readonly CredentialPath[];
  /** Where keysets stand, where a run is about rotations. */
  readonly rotations: readonly RotationStatus[];
  /** Certificates that a run is asked to revoke. */
  readonly revocations: readonly RevocationStatus[];
  /** Files of earlier commits that compromised recipients could open, of which nothing says whose key they held. */
  readonly unknownFiles: readonly string[];
}

/** Where results go; `plan` has none. */
export interface Sink {
  stage(file: TreeFile): void;
  remove(file: TreePath): void;
}

/** Changes of files, or where nobody asks for more, their numbers: a fleet has hundreds of thousands. */
export class FileChanges {
  readonly #counts = { create: 0, update: 0, delete: 0 };
  readonly #list: FileChange[] | undefined;

  constructor(isListed: boolean) {
    this.#list = isListed ? [] : undefined;
  }

  add(change: FileChange): void {
    this.#counts[change.change] += 1;
    this.#list?.push(change);
  }

  count(change: FileChange['change']): number {
    return this.#counts[change];
  }

  get size(): number {
    return Object.values(this.#counts).reduce((sum, count) => sum + count, 0);
  }

  get list(): readonly FileChange[] {
    if (this.#list === undefined) throw new TypeError('the files of this run were only counted');
    return this.#list;
  }
}

/** What all units together come to. */
export class Total {
  readonly files: FileChanges;
  readonly result = {
    clusters: 0,
    actions: [] as Action[],
    findings: [] as Finding[],
    waiting: [] as Waiting[],
    manifests: [] as TreePath[],
    skipped: [] as string[],
    rotations: [] as RotationStatus[],
    revocations: [] as RevocationStatus[],
  };
  readonly locked: Action[] = [];
  /** Findings, as text. */
  readonly #told = new Set<string>();
  readonly keysets = new Set<CredentialPath>();
  readonly leaves: CredentialPath[] = [];
  readonly newEntries: LedgerEntry[] = [];
  createsKeysets = false;
  readonly #texts = new Map<string, string>();
  readonly #inLedger: ReadonlySet<string>;
  readonly #sink: Sink | undefined;
  readonly #progress: (done: number) => void;

  constructor(
    ledger: readonly LedgerEntry[],
    sink: Sink | undefined,
    progress: (done: number) => void,
    isListed: boolean,
  ) {
    this.files = new FileChanges(isListed);
    this.#inLedger = new Set(ledger.map(({ spki }) => spki));
    this.#sink = sink;
    this.#progress = progress;
  }

  /** Of another thread, equal texts are many texts, and a fleet has hundreds of thousands of them. */
  #once<T extends string>(text: T): T {
    const known = this.#texts.get(text);
    if (known !== undefined) return known as T;
    this.#texts.set(text, text);
    return text;
  }

  /** What a unit waits for may be in a later one. */
  #block(keyset: CredentialPath, below: CredentialPath): void {
    const { rotations } = this.result;
    const index = rotations.findIndex((status) => status.keyset === keyset);
    const status = rotations[index];
    if (status?.next !== 'retire') return;
    rotations[index] = { ...status, blockers: [...status.blockers, belowBlocker(below)] };
  }

  add(unit: UnitResult): void {
    const { result } = this;
    for (const path of unit.keysets) this.keysets.add(path);
    this.leaves.push(...unit.leaves);
    // a leaf's unit and that of its authority may both know of it
    for (const finding of unit.findings) {
      const text = JSON.stringify(finding);
      if (!this.#told.has(text)) result.findings.push(finding);
      this.#told.add(text);
    }
    result.waiting.push(...unit.waiting);
    result.rotations.push(...unit.rotations);
    for (const { keyset, below } of unit.below) this.#block(keyset, below);
    result.revocations.push(...unit.revocations);
    if (unit.state === 'skipped') {
      result.skipped.push(...unit.clusters);
      return;
    }
    if (unit.state === 'locked')
      this.locked.push(...unit.actions.filter((action) => action.needsIdentity));
    result.clusters += unit.clusters.length;
    result.manifests.push(...unit.manifests);
    for (const action of unit.actions) {
      const { cluster, reason, message } = action;
      result.actions.push({
        ...action,
        cluster: this.#once(cluster),
        reason: this.#once(reason),
        message: this.#once(message),
      });
    }
    for (const { path, change } of unit.files) this.files.add({ path, change: this.#once(change) });
    this.createsKeysets ||= unit.createsKeysets;
    this.newEntries.push(...unit.entries.filter(({ spki }) => !this.#inLedger.has(spki)));
    for (const file of unit.staged) this.#sink?.stage(file);
    for (const file of unit.removed) this.#sink?.remove(file);
    this.#progress(result.clusters);
  }
}

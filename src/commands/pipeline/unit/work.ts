import type { IssuedUnit } from '../../../model/made/issued.ts';
import type { TreeFile } from '../../../model/made/tree.ts';
import type { CredentialPath, TreePath } from '../../../model/names.ts';
import type { ObservedCluster } from '../../../model/observed.ts';
import type { Action, FileChange, Finding, Waiting } from '../../../model/plan.ts';
import {
  NEW_ENTRY,
  type PlannedTransition,
  type RotationStatus,
} from '../../../model/store/rotation.ts';
import type { RevocationStatus } from '../../../model/store/revocations.ts';
import { revocationStatuses } from '../../../plan/revocation/statuses.ts';
import type { TreeReader } from '../../../model/ports.ts';
import { layout } from '../../../model/store/layout.ts';
import type { LedgerEntry } from '../../../model/store/ledger.ts';
import type { Cipher } from '../../../sops/cipher.ts';
import type { Clusters, Context, Foreign, Job } from '../context.ts';
import { decide, observeUnit, type Decision } from './decide.ts';
import { exportsOf } from './exports.ts';
import type { make, Made } from './make.ts';
import type { Rotated } from './rotate.ts';

/** What carrying out a plan needs; without, a unit is planned only. */
export interface MakePorts {
  /** Where `decrypts`, the cipher holds the identities. */
  readonly cipher: (decrypts: boolean) => Promise<Cipher> | Cipher;
  /** Whether there is an identity; asked only where one is needed. */
  readonly hasIdentity: () => Promise<boolean> | boolean;
  /** Leave units as they are that need an identity where there is none. */
  readonly partial: boolean;
}

/** What was decided and made for a unit: data only, since it may come from another thread. */
export interface UnitResult {
  readonly clusters: readonly string[];
  /** Needs an identity, and there is none: nothing was made. */
  readonly state: 'done' | 'locked' | 'skipped';
  readonly actions: readonly Action[];
  readonly files: readonly FileChange[];
  readonly findings: readonly Finding[];
  readonly waiting: readonly Waiting[];
  /** Manifests, changed or not. */
  readonly manifests: readonly TreePath[];
  /** Keysets that are declared. */
  readonly keysets: readonly CredentialPath[];
  /** Leaves that are declared, where a run is about some of them by name. */
  readonly leaves: readonly CredentialPath[];
  /** Entries of keysets that are there, or were made. */
  readonly entries: readonly LedgerEntry[];
  readonly createsKeysets: boolean;
  /** Where keysets stand, where a run is about rotations. */
  readonly rotations: readonly RotationStatus[];
  readonly below: Rotated['below'];
  /** Certificates of its leaves that the run is asked to revoke. */
  readonly revocations: readonly RevocationStatus[];
  /** Encrypted files to write. */
  readonly staged: readonly TreeFile[];
  readonly removed: readonly TreePath[];
  /** What later units may use of it. */
  readonly exports: Foreign;
}

/**
 * The line for one unit: observe, plan, and with `ports` issue, render, encrypt. Writes nothing.
 *
 * @throws PkiError of any stage.
 */
export async function workUnit(
  context: Context,
  job: Job,
  ports: MakePorts | undefined,
): Promise<UnitResult> {
  const { unit, foreign } = job;
  const { tree } = context.fleet;
  const decision = decide(context, job);
  const { actions, manifests, observed, makes, signs, plan, rotated } = decision;
  const needsIdentity = actions.some((action) => action.needsIdentity);
  const isLocked = ports !== undefined && needsIdentity && !(await ports.hasIdentity());
  const common = {
    clusters: unit.clusters.map(({ name }) => name),
    findings: plan.findings,
    waiting: plan.waiting,
    keysets: unit.clusters.flatMap(({ authorities, serviceAccountKeys }) =>
      [...authorities, ...serviceAccountKeys].map(({ path }) => path),
    ),
    leaves:
      context.requested.length === 0
        ? []
        : unit.clusters.flatMap(({ leaves }) => leaves.map(({ path }) => path)),
    createsKeysets: plan.create.length > 0 || rotated.transitions.some(addsEntry),
    rotations: rotated.statuses,
    below: rotated.below,
    revocations: revocationStatuses(unit, context.revocations ?? new Map()),
  };
  if (isLocked && ports.partial) {
    return {
      ...common,
      ...UNTOUCHED,
      state: 'skipped',
      entries: entriesOf(observed),
      exports: exportsOf(unit, { clusters: observed }, foreign),
    };
  }
  const isToMake = ports !== undefined && !isLocked && changesSomething(decision);
  const made = isToMake
    ? await makeWith(context, decision, foreign, await ports.cipher(needsIdentity))
    : undefined;
  const state = { clusters: observed, made: makes, signs, ...made };
  const written = made && new Set(made.files.map(({ path }) => path));
  const files = fileChanges(tree, context.reader, decision, made?.issued).filter(
    ({ path, change }) => change === 'delete' || written?.has(path) !== false,
  );
  const deleted = files.filter(({ change }) => change === 'delete').map(({ path }) => path);
  return {
    ...common,
    state: isLocked ? 'locked' : 'done',
    actions,
    files,
    manifests,
    entries: entriesOf(state.clusters),
    staged: made?.files ?? [],
    removed: made === undefined ? [] : deleted,
    exports: exportsOf(unit, state, foreign),
  };
}

function addsEntry({ after }: PlannedTransition): boolean {
  return after.entries.some(({ id }) => id === NEW_ENTRY);
}

function changesSomething({ plan, rotated, outputs }: Decision): boolean {
  const { create, memories, reissues, issue, crls, reencrypt, remove } = plan;
  return [
    rotated.transitions,
    create,
    memories,
    reissues,
    issue,
    crls,
    reencrypt,
    remove,
    outputs.changes,
  ].some(({ length }) => length > 0);
}

/** What issues is loaded once something is issued: most runs find nothing to do. */
async function makeWith(...args: Parameters<typeof make>): Promise<Made> {
  const { make } = await import('./make.ts');
  return make(...args);
}

/** A unit that is not selected, for what others use of it. */
export function lookAtUnit(context: Context, job: Job): Foreign {
  const clusters = observeUnit({ ...context, newAuthorities: new Set() }, job);
  return exportsOf(job.unit, { clusters }, job.foreign);
}

const UNTOUCHED = { actions: [], files: [], manifests: [], staged: [], removed: [] };

function entriesOf(clusters: Clusters): LedgerEntry[] {
  return [...clusters.values()]
    .flatMap((store: ObservedCluster) => [...store.keysets.values()])
    .flatMap(({ path, entries }) => {
      const [cluster = '', keyset = ''] = path.split('/');
      return entries.map(({ id, spki }) => ({ cluster, keyset, id, spki }));
    });
}

/** All files that a decision changes: store documents and outputs. A new entry has no file name before it is issued. */
function fileChanges(
  tree: string,
  reader: TreeReader,
  { plan, rotated, outputs }: Decision,
  issued: IssuedUnit | undefined,
): FileChange[] {
  const change = (path: TreePath): FileChange => ({
    path,
    change: reader.read(path) === undefined ? 'create' : 'update',
  });
  return [
    ...(issued?.keysets ?? []).flatMap(({ desired, entry }) =>
      entry === null ? [] : [change(layout.entry(tree, desired.path, entry.id))],
    ),
    ...[
      ...plan.create,
      ...[...plan.memories, ...rotated.transitions].map(({ desired }) => desired),
    ].map(({ path }) => change(layout.keyset(tree, path))),
    ...plan.reissues.map(({ entry }) => change(entry.file)),
    ...plan.crls.map(({ desired }) => change(layout.revocations(tree, desired.path))),
    ...plan.issue.map(({ desired }) => change(layout.leaf(tree, desired.path))),
    ...plan.reencrypt.map(({ file }) => change(file)),
    ...plan.remove.map(({ file }) => ({ path: file, change: 'delete' as const })),
    ...outputs.changes,
  ];
}

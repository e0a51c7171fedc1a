import { PkiError } from '../../errors.ts';
import type { DesiredFleet, DesiredUnit } from '../../model/desired.ts';
import type { TreeFile } from '../../model/made/tree.ts';
import { treePath, type TreePath } from '../../model/names.ts';
import type { Action } from '../../model/plan.ts';
import type { TreeReader } from '../../model/ports.ts';
import { layout } from '../../model/store/layout.ts';
import type { Head, LedgerEntry, PastLine } from '../../model/store/ledger.ts';
import { hasStore } from '../../observe/cluster.ts';
import { guardOrphans, orphanProblems } from '../../observe/guards/orphans.ts';
import { guardRemoved } from '../../observe/guards/recipients.ts';
import { guardLedger, ledgerEntries, ledgerProblems, observeLedger } from '../../observe/ledger.ts';
import { observeMade } from '../../observe/output.ts';
import { fleetFiles } from '../../render/fleet/files.ts';
import { appendToLedger } from '../../render/fleet/ledger.ts';
import type { Context, Job } from './context.ts';
import { historyIndex } from './history.ts';
import { Problems } from './problems.ts';
import { Total, type RunResult, type Sink } from './total.ts';
import { Exports } from './unit/exports.ts';
import { lookAtUnit, type UnitResult } from './unit/work.ts';

/** Who works on units: this thread, or others. */
export interface Workshop {
  /** So many units are worked on at once. */
  readonly width: number;
  readonly work: (job: Job) => Promise<UnitResult>;
  /** Once there is no more work; what comes then needs the memory. */
  readonly close: () => Promise<void>;
}

export interface RunOptions {
  readonly context: Context;
  readonly fleet: DesiredFleet;
  readonly head: Head;
  /** Lines that the ledger had before, as git's history tells. */
  readonly observePast: () => Promise<readonly PastLine[]>;
  readonly units: AsyncIterable<DesiredUnit>;
  readonly isSelected: (unit: DesiredUnit) => boolean;
  /** Whether a cluster that cannot be worked on is one that the run is about. */
  readonly isTold: (cluster: string) => boolean;
  /** Clusters whose declaration has problems. */
  readonly broken: ReadonlyMap<string, PkiError>;
  /** Whether errors of single clusters stop no other. */
  readonly isolates: boolean;
  readonly workshop: Workshop;
  readonly progress: (done: number) => void;
  /** Errors end nothing that can go on without, and are all problems of the result: for who only looks. */
  readonly isLenient?: boolean;
  /** Whether changes of files are listed, not only counted; default true. */
  readonly isListed?: boolean;
}

/**
 * The whole line, unit by unit. With a sink, every result is staged there, in the order of the units; the caller commits or
 * discards. Without, only what would be done is returned. Errors of single clusters stop a `synth`; what isolates them leaves those
 * clusters as they were, their rules in fleet-level files included, and returns the errors.
 *
 * @throws PkiError before the caller commits: `ERR_IDENTITY_NEEDED`, listing every action that needs one, and `ERR_USAGE`.
 */
export async function run(options: RunOptions, sink: Sink | undefined): Promise<RunResult> {
  const { context, fleet, isSelected, workshop } = options;
  const { reader } = context;
  const problems = new Problems();
  const guarded = <T>(instead: T, guard: () => T): T => {
    try {
      return guard();
    } catch (error) {
      if (options.isLenient !== true) throw error;
      problems.add([], error);
      return instead;
    }
  };
  guarded(undefined, () => {
    guardRemoved(fleet, context.now);
  });
  const isolated = (each: ReadonlyMap<string, PkiError>): void => {
    for (const [cluster, error] of each)
      if (options.isTold(cluster)) problems.add([cluster], error);
      else problems.leave(cluster);
  };
  isolated(options.broken);
  guarded(undefined, () => {
    if (options.isolates) isolated(orphanProblems(reader, fleet));
    else guardOrphans(reader, fleet);
  });
  const ledger = guarded({ text: '', lines: [] }, () => observeLedger(reader, fleet.tree));
  guarded(undefined, () => {
    if (options.isolates) isolated(ledgerProblems(reader, fleet.tree, ledger, options.head));
    else guardLedger(reader, fleet.tree, ledger, options.head);
  });
  const historyOf = historyIndex(ledger.lines, options.head, options.observePast);
  const exported = new Exports();
  const total = new Total(
    ledgerEntries(ledger),
    sink,
    options.progress,
    options.isListed !== false,
  );
  const pending: { readonly unit: DesiredUnit; readonly result: Promise<UnitResult> }[] = [];
  const settle = async (most: number): Promise<void> => {
    while (pending.length > most) {
      const [next] = pending.splice(0, 1);
      const result = await next?.result.catch((error: unknown) => {
        problems.add(namesOf(next.unit), error);
      });
      if (result === undefined) continue;
      exported.add(result.exports);
      total.add(result);
    }
  };

  for await (const unit of options.units) {
    // what it uses may still be in the making
    const isAwaited = pending.some((other) => other.unit.exports.length > 0);
    if (unit.imports.length > 0 && isAwaited) await settle(0);
    if (problems.concern(unit)) continue;
    const names = namesOf(unit);
    if (!isSelected(unit) && unit.exports.length === 0) continue;
    const job = { unit, foreign: exported.of(unit), history: await historyOf(unit) };
    if (!isSelected(unit)) {
      try {
        exported.add(lookAtUnit(context, job));
      } catch (error) {
        problems.add(names, error);
      }
      continue;
    }
    const result = workshop.work(job);
    result.catch(() => undefined); // told when its turn comes
    pending.push({ unit, result });
    await settle(workshop.width - 1);
  }
  await settle(0);
  await workshop.close();
  const { clusters: failed, error } = problems;
  const isStopped = !options.isolates || problems.isOfAll || total.result.clusters === 0;
  if (error !== null && isStopped && options.isLenient !== true) throw error;

  const { result } = total;
  refuseUnknown(context.newAuthorities, total.keysets);
  refuseWithoutIdentity(total.locked, context);
  const ofFleet = guarded([], () =>
    fleetLevelFiles(fleet, reader, ledger.text, total.newEntries, failed),
  );
  for (const file of ofFleet) {
    total.files.add({ path: file.path, change: reader.read(file.path) ? 'update' : 'create' });
    sink?.stage(file);
  }
  if (sink === undefined && total.createsKeysets && total.newEntries.length === 0) {
    const path = layout.ledger(fleet.tree);
    total.files.add({ path, change: reader.read(path) ? 'update' : 'create' });
  }
  for (const file of abandonedFiles(fleet, reader)) {
    total.files.add({ path: file, change: 'delete' });
    sink?.remove(file);
  }
  const { leaves, keysets } = total;
  return {
    ...result,
    files: total.files,
    tree: fleet.tree,
    leaves,
    keysets: [...keysets],
    problems,
    unknownFiles: context.pastReaders.unknown,
  };
}

function namesOf({ clusters }: DesiredUnit): string[] {
  return clusters.map(({ name }) => name);
}

/** A misspelt `--new-authority` must not pass for a deliberate one. */
function refuseUnknown(newAuthorities: ReadonlySet<string>, keysets: ReadonlySet<string>): void {
  const unknown = [...newAuthorities].find((path) => !keysets.has(path));
  if (unknown === undefined) return;
  throw new PkiError(
    'ERR_USAGE',
    `--new-authority "${unknown}" names no keyset of the selected clusters`,
    { hint: `keysets are: ${[...keysets].slice(0, 20).join(', ') || 'none'}` },
  );
}

function refuseWithoutIdentity(needy: readonly Action[], { rotation, chain }: Context): void {
  if (needy.length === 0) return;
  throw new PkiError(
    'ERR_IDENTITY_NEEDED',
    `${needy.length === 1 ? '1 action needs' : `${needy.length} actions need`} an identity of a custodian`,
    {
      details: needy.map(({ action, credential, reason }) => `${action} ${credential} (${reason})`),
      hint: [
        'set SOPS_AGE_KEY_FILE to the identity file of a custodian; nothing was written',
        ...(chain === 'synth' && rotation === undefined
          ? ['or leave these clusters as they are: cdk8s-pki synth --partial']
          : []),
      ],
    },
  );
}

/** `.sops.yaml`, `.gitattributes` and the ledger, where they change. */
function fleetLevelFiles(
  fleet: DesiredFleet,
  reader: TreeReader,
  ledger: string,
  entries: readonly LedgerEntry[],
  failed: readonly string[],
): TreeFile[] {
  const text = (path: string): string =>
    Buffer.from(reader.read(treePath(path)) ?? '').toString('utf8');
  const files = [
    ...fleetFiles(fleet, { sops: text('.sops.yaml'), attributes: text('.gitattributes') }, failed),
    {
      path: layout.ledger(fleet.tree),
      content: entries.length > 0 ? appendToLedger(ledger, entries) : ledger,
    },
  ];
  return files.filter(({ path, content }) => content !== text(path));
}

/** Outputs of folders that are no longer declared and have no store: plain charts. */
function abandonedFiles(fleet: DesiredFleet, reader: TreeReader): TreePath[] {
  const declared = new Set(fleet.clusters.map(({ name }) => name));
  return reader
    .list(treePath(fleet.tree))
    .flatMap((name) => (name.endsWith('/') ? name.slice(0, -1) : []))
    .filter((name) => !declared.has(name) && !hasStore(reader, fleet.tree, name))
    .flatMap((name) => {
      const folder = layout.cluster(fleet.tree, name);
      const made = observeMade(reader, folder);
      return made.length === 0 ? [] : [...made, treePath(folder, 'inventory.json')];
    });
}

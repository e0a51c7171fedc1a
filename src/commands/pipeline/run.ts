import { PkiError } from '../../errors.ts';
import type { DesiredFleet, DesiredUnit } from '../../model/desired.ts';
import type { IssuedUnit } from '../../model/made/issued.ts';
import type { TreeFile } from '../../model/made/tree.ts';
import { layout } from '../../model/store/layout.ts';
import type { LedgerEntry } from '../../model/store/ledger.ts';
import { treePath, type CredentialPath, type TreePath } from '../../model/names.ts';
import type { Action, FileChange, Finding } from '../../model/plan.ts';
import type { TreeReader } from '../../model/ports.ts';
import { guardOrphans } from '../../observe/guard.ts';
import { observeLedger } from '../../observe/ledger.ts';
import { observeMade } from '../../observe/output.ts';
import { fleetFiles } from '../../render/fleet/files.ts';
import { appendToLedger } from '../../render/fleet/ledger.ts';
import type { Cipher } from '../../sops/cipher.ts';
import { NOTHING_FOREIGN, type Context, type Foreign } from './context.ts';
import { decide, observeUnit, type Decision } from './decide.ts';
import { exportsOf } from './exports.ts';
import { make } from './make.ts';

export interface RunResult {
  readonly tree: string;
  readonly clusters: number;
  readonly actions: readonly Action[];
  readonly files: readonly FileChange[];
  readonly findings: readonly Finding[];
  /** Manifests of the clusters that were looked at, changed or not. */
  readonly manifests: readonly TreePath[];
  /** Clusters left as they were because they need an identity (`--partial`). */
  readonly skipped: readonly string[];
}

/** Where results go; `plan` has none. */
export interface Sink {
  /** The fleet says who encrypts; where `decrypts`, the cipher holds the identities. */
  readonly cipher: (
    encryption: DesiredFleet['encryption'],
    decrypts: boolean,
  ) => Promise<Cipher> | Cipher;
  /** Whether there is an identity; asked only where one is needed. */
  readonly hasIdentity: () => Promise<boolean> | boolean;
  readonly partial: boolean;
  stage(file: TreeFile): void;
  remove(file: TreePath): void;
}

export interface RunOptions {
  readonly context: Omit<Context, 'history'> & { readonly head: ReadonlySet<CredentialPath> };
  readonly units: AsyncIterable<DesiredUnit>;
  readonly isSelected: (cluster: string) => boolean;
  readonly progress: (done: number) => void;
}

/**
 * The whole line, unit by unit: observe, plan, issue, render, encrypt, stage. With a sink, every result is staged there; the caller
 * commits or discards. Without, only what would be done is returned.
 *
 * @throws PkiError before the caller commits: `ERR_IDENTITY_NEEDED`, listing every action that needs one, and `ERR_USAGE`.
 */
export async function run(options: RunOptions, sink: Sink | undefined): Promise<RunResult> {
  const { fleet, reader } = options.context;
  guardOrphans(reader, fleet);
  const ledger = observeLedger(reader, fleet.tree);
  const context: Context = {
    ...options.context,
    history: { ledger: spkisByKeyset(ledger.entries), head: options.context.head },
  };
  const result = {
    clusters: 0,
    actions: [] as Action[],
    files: [] as FileChange[],
    findings: [] as Finding[],
    manifests: [] as TreePath[],
  };
  const skipped: string[] = [];
  const locked: Action[] = [];
  const keysets = new Set<string>();
  const newEntries: LedgerEntry[] = [];
  let createsKeysets = false;
  const inLedger = new Set(ledger.entries.map(({ spki }) => spki));
  let foreign: Foreign = NOTHING_FOREIGN;

  for await (const unit of options.units) {
    const names = unit.clusters.map(({ name }) => name);
    const selected = names.some((name) => options.isSelected(name));
    if (!selected && unit.exports.length === 0) continue;
    if (!selected) {
      foreign = exportsOf(unit, { clusters: observeUnit(context, unit, foreign) }, foreign);
      continue;
    }
    const decision = decide(context, unit, foreign);
    const needsIdentity = decision.actions.some((action) => action.needsIdentity);
    for (const { authorities, serviceAccountKeys } of unit.clusters)
      for (const { path } of [...authorities, ...serviceAccountKeys]) keysets.add(path);
    result.findings.push(...decision.plan.findings);
    const isLocked = sink !== undefined && needsIdentity && !(await sink.hasIdentity());
    if (isLocked && sink.partial) {
      skipped.push(...names);
      foreign = exportsOf(unit, { clusters: decision.observed }, foreign);
      continue;
    }
    if (isLocked) locked.push(...decision.actions.filter((action) => action.needsIdentity));
    result.clusters += names.length;
    result.manifests.push(...decision.manifests);
    result.actions.push(...decision.actions);
    const cipher = isLocked ? undefined : await sink?.cipher(fleet.encryption, needsIdentity);
    const made = cipher && (await make(context, decision, foreign, cipher));
    result.files.push(...fileChanges(fleet.tree, reader, decision, made?.issued));
    createsKeysets ||= decision.plan.create.length > 0;
    if (sink !== undefined && made !== undefined) {
      for (const file of made.files) sink.stage(file);
      for (const { file } of decision.plan.remove) sink.remove(file);
      for (const { path, change } of decision.outputs.changes)
        if (change === 'delete') sink.remove(path);
    }
    const state = { clusters: decision.observed, made: decision.makes, ...made };
    for (const store of state.clusters.values()) {
      for (const { path, entries } of store.keysets.values()) {
        const [cluster = '', keyset = ''] = path.split('/');
        for (const { id, spki } of entries) {
          if (!inLedger.has(spki)) newEntries.push({ cluster, keyset, id, spki });
        }
      }
    }
    if (unit.exports.length > 0) foreign = exportsOf(unit, state, foreign);
    options.progress(result.clusters);
  }

  refuseUnknown(context.newAuthorities, keysets);
  refuseWithoutIdentity(locked);
  for (const file of fleetLevelFiles(fleet, reader, ledger.text, newEntries)) {
    result.files.push({ path: file.path, change: reader.read(file.path) ? 'update' : 'create' });
    sink?.stage(file);
  }
  if (sink === undefined && createsKeysets && newEntries.length === 0) {
    const path = layout.ledger(fleet.tree);
    result.files.push({ path, change: reader.read(path) ? 'update' : 'create' });
  }
  for (const file of abandonedFiles(fleet, reader)) {
    result.files.push({ path: file, change: 'delete' });
    sink?.remove(file);
  }
  return { ...result, tree: fleet.tree, skipped };
}

function spkisByKeyset(entries: readonly LedgerEntry[]): Map<string, Set<string>> {
  const spkis = new Map<string, Set<string>>();
  for (const { cluster, keyset, spki } of entries) {
    const path = `${cluster}/${keyset}`;
    spkis.set(path, (spkis.get(path) ?? new Set()).add(spki));
  }
  return spkis;
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

function refuseWithoutIdentity(needy: readonly Action[]): void {
  if (needy.length === 0) return;
  throw new PkiError(
    'ERR_IDENTITY_NEEDED',
    `${needy.length === 1 ? '1 action needs' : `${needy.length} actions need`} an identity of a custodian`,
    {
      details: needy.map(({ action, credential, reason }) => `${action} ${credential} (${reason})`),
      hint: [
        'set SOPS_AGE_KEY_FILE to the identity file of a custodian; nothing was written',
        'or leave these clusters as they are: cdk8s-pki synth --partial',
      ],
    },
  );
}

/** All files that a decision changes: store documents and outputs. A new entry has no file name before it is issued. */
function fileChanges(
  tree: string,
  reader: TreeReader,
  { plan, outputs }: Decision,
  issued: IssuedUnit | undefined,
): FileChange[] {
  const change = (path: TreePath): FileChange => ({
    path,
    change: reader.read(path) === undefined ? 'create' : 'update',
  });
  return [
    ...(issued?.keysets ?? []).map(({ desired, id }) =>
      change(layout.entry(tree, desired.path, id)),
    ),
    ...plan.create.map(({ path }) => change(layout.keyset(tree, path))),
    ...plan.issue.map(({ desired }) => change(layout.leaf(tree, desired.path))),
    ...plan.reencrypt.map(({ file }) => change(file)),
    ...plan.remove.map(({ file }) => ({ path: file, change: 'delete' as const })),
    ...outputs.changes,
  ];
}

/** `.sops.yaml`, `.gitattributes` and the ledger, where they change. */
function fleetLevelFiles(
  fleet: DesiredFleet,
  reader: TreeReader,
  ledger: string,
  entries: readonly LedgerEntry[],
): TreeFile[] {
  const text = (path: string): string =>
    Buffer.from(reader.read(treePath(path)) ?? '').toString('utf8');
  const files = [
    ...fleetFiles(fleet, { sops: text('.sops.yaml'), attributes: text('.gitattributes') }),
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
    .filter((name) => name.endsWith('/') && !declared.has(name.slice(0, -1)))
    .flatMap((name) => {
      const folder = layout.cluster(fleet.tree, name.slice(0, -1));
      const made = observeMade(reader, folder);
      return made.length === 0 ? [] : [...made, treePath(folder, 'inventory.json')];
    });
}

import { PkiError } from '../../errors.ts';
import type { DesiredFleet, DesiredUnit } from '../../model/desired.ts';
import type { TreeFile } from '../../model/made/tree.ts';
import { credentialPath, treePath, type TreePath } from '../../model/names.ts';
import type { FileChange } from '../../model/plan.ts';
import type { TreeReader } from '../../model/ports.ts';
import { layout } from '../../model/store/layout.ts';
import type { Head, Tombstone } from '../../model/store/ledger.ts';
import { hasStore, storeFiles } from '../../observe/cluster.ts';
import { guardMoved } from '../../observe/guards/moved.ts';
import { guardLedger, ledgerEntries, observeLedger, type Ledger } from '../../observe/ledger.ts';
import { observeLeaf } from '../../observe/leaf.ts';
import { observeMade } from '../../observe/output.ts';
import { fleetFiles } from '../../render/fleet/files.ts';
import { appendToLedger } from '../../render/fleet/ledger.ts';
import { withoutRows } from '../../render/output/inventory.ts';
import { withoutSection } from '../../render/output/rotation-page.ts';
import { refuseUsed } from './used.ts';
import type { Target } from './target.ts';

interface RemovalInput {
  readonly fleet: DesiredFleet;
  readonly units: AsyncIterable<DesiredUnit>;
  readonly reader: TreeReader;
  readonly head: Head;
  readonly now: Date;
}

/** What a removal does to the tree. */
export interface Removal {
  readonly files: readonly FileChange[];
  /** Of files that change. */
  readonly contents: readonly TreeFile[];
  /** Files in the folder of what is removed that stay: nobody but their owner deletes them. */
  readonly left: readonly TreePath[];
  /** Until when certificates of a node that is removed are good. */
  readonly good: readonly Date[];
}

/** What goes: files, and the line that the ledger keeps. */
interface Gone {
  readonly folder: TreePath;
  readonly files: readonly TreePath[];
  readonly rewritten: readonly TreeFile[];
  readonly tombstone: Tombstone | null;
}

/**
 * @throws PkiError `ERR_IN_USE` for what is declared, or has issued what is declared; `ERR_USAGE` for what is not there;
 * `ERR_STORE` for the keys of another one whose folder was renamed.
 */
export async function planRemoval(
  target: Target,
  { fleet, units, reader, head, now }: RemovalInput,
): Promise<Removal> {
  const { tree } = fleet;
  const ledger = observeLedger(reader, tree);
  guardLedger(reader, tree, ledger, head);
  const removed = now.toISOString().replace(/\.\d+/u, '');
  const cluster = fleet.clusters.find(({ name }) => name === target.cluster);
  if (cluster !== undefined && target.member === null) throw declared(target);
  refuseAbsent(reader, tree, target, { ledger, isDeclared: cluster !== undefined });
  guardMoved(reader, tree, target.cluster, target.member);
  const unit = await unitOf(units, target);
  const gone =
    target.member === null
      ? wholeCluster(reader, tree, target.cluster, removed)
      : memberOf(reader, tree, { ...target, member: target.member }, { unit, ledger, removed });
  refuseUsed(reader, fleet, target);

  const text = (path: string): string =>
    Buffer.from(reader.read(treePath(path)) ?? '').toString('utf8');
  const contents = [
    ...gone.rewritten,
    ...(gone.tombstone === null
      ? []
      : [{ path: layout.ledger(tree), content: appendToLedger(ledger.text, [gone.tombstone]) }]),
    ...fleetFiles(fleet, { sops: text('.sops.yaml'), attributes: text('.gitattributes') }),
  ].filter(({ path, content }) => content !== text(path));
  const present = gone.files.filter((path) => reader.read(path) !== undefined);
  return {
    files: [
      ...present.map((path) => ({ path, change: 'delete' as const })),
      ...contents.map(({ path }) => ({
        path,
        change: reader.read(path) === undefined ? ('create' as const) : ('update' as const),
      })),
    ],
    contents,
    left: filesBelow(reader, gone.folder).filter((path) => !present.includes(path)),
    good: endsOf(reader, tree, target, present).filter((end) => end >= now),
  };
}

/** When certificates end whose documents are among `files`: those of a node. Most of a whole cluster end with its authorities. */
function endsOf(
  reader: TreeReader,
  tree: string,
  { cluster, member }: Target,
  files: readonly TreePath[],
): Date[] {
  if (member === null) return [];
  const folder = treePath(layout.store(tree, cluster), member);
  return files.flatMap((file) => {
    if (!file.startsWith(`${folder}/`)) return [];
    const name = file.slice(folder.length + 1).replace(/\.sops\.yaml$/u, '');
    const leaf = observeLeaf(reader, tree, credentialPath(cluster, member, name), () => undefined);
    return leaf === undefined || 'unreadable' in leaf ? [] : [leaf.certificate.notAfter];
  });
}

function declared({ text, member }: Target): PkiError {
  const what = member === null ? 'cluster' : 'node or keyset';
  return new PkiError('ERR_IN_USE', `${what} "${text}" is declared`, {
    hint: 'take it out of the declaration first; remove is for what stays behind in the tree',
  });
}

function refuseAbsent(
  reader: TreeReader,
  tree: string,
  { text, cluster, member }: Target,
  { ledger, isDeclared }: { readonly ledger: Ledger; readonly isDeclared: boolean },
): void {
  if (member !== null && !isDeclared && hasStore(reader, tree, cluster)) {
    throw new PkiError('ERR_USAGE', `cluster "${cluster}" is not declared`, {
      hint: `remove all of it: cdk8s-pki remove ${cluster}`,
    });
  }
  const isThere =
    member === null
      ? hasStore(reader, tree, cluster)
      : storeFiles(reader, tree, cluster).some(({ owner }) => owner === member);
  if (isThere) return;
  const grave = ledger.lines.findLast(
    (line) => 'removed' in line && line.cluster === cluster && line.keyset === member,
  );
  const date = grave !== undefined && 'removed' in grave ? grave.removed : undefined;
  throw new PkiError(
    'ERR_USAGE',
    date === undefined ? `the tree has no store of "${text}"` : `"${text}" was removed on ${date}`,
    { hint: "see which stores have no declaration: cdk8s-pki plan, or 'git status'" },
  );
}

async function unitOf(
  units: AsyncIterable<DesiredUnit>,
  { cluster, member }: Target,
): Promise<DesiredUnit | undefined> {
  if (member === null) return undefined;
  for await (const unit of units)
    if (unit.clusters.some(({ name }) => name === cluster)) return unit;
  return undefined;
}

function wholeCluster(reader: TreeReader, tree: string, cluster: string, removed: string): Gone {
  const folder = layout.cluster(tree, cluster);
  return {
    folder,
    files: [
      ...storeFiles(reader, tree, cluster).map(({ file }) => file),
      ...observeMade(reader, folder),
      layout.inventory(tree, cluster),
    ],
    rewritten: [],
    tombstone: { cluster, keyset: null, removed },
  };
}

/** A node, which has no authority and so needs no tombstone, or a keyset. */
function memberOf(
  reader: TreeReader,
  tree: string,
  target: Target & { readonly member: string },
  state: {
    readonly unit: DesiredUnit | undefined;
    readonly ledger: Ledger;
    readonly removed: string;
  },
): Gone {
  const { unit, ledger, removed } = state;
  const { cluster, member } = target;
  const desired = unit?.clusters.find(({ name }) => name === cluster);
  const keysets = [...(desired?.authorities ?? []), ...(desired?.serviceAccountKeys ?? [])];
  if ([...keysets, ...(desired?.nodes ?? [])].some(({ name }) => name === member))
    throw declared(target);
  const files = storeFiles(reader, tree, cluster)
    .filter(({ owner }) => owner === member)
    .map(({ file }) => file);
  const bundle = layout.node(tree, cluster, member);
  const isKeyset =
    files.some((file) => file.endsWith('/keyset.yaml')) ||
    ledgerEntries(ledger).some((line) => line.cluster === cluster && line.keyset === member);
  const page = isKeyset
    ? rotationPageWithout(reader, layout.rotationPage(tree, cluster), member)
    : null;
  const outputs = isKeyset
    ? page?.content === null
      ? [page.path]
      : []
    : observeMade(reader, layout.cluster(tree, cluster)).filter((file) =>
        file.startsWith(`${bundle}/`),
      );
  const inventory = [layout.inventory(tree, cluster), layout.inventoryPage(tree, cluster)].flatMap(
    (path) => {
      const content = reader.read(path);
      const rows = { name: member, isKeyset, files: outputs };
      return content === undefined
        ? []
        : [{ path, content: withoutRows(Buffer.from(content).toString('utf8'), rows) }];
    },
  );
  return {
    folder: isKeyset ? treePath(layout.store(tree, cluster), member) : bundle,
    files: [...files, ...outputs],
    rewritten: [
      ...inventory,
      ...(page?.content == null ? [] : [{ path: page.path, content: page.content }]),
    ],
    tombstone: isKeyset ? { cluster, keyset: member, removed } : null,
  };
}

/** The runbook of the cluster's rotations without a keyset that is removed in the middle of one; null where there is none. */
function rotationPageWithout(
  reader: TreeReader,
  path: TreePath,
  keyset: string,
): { readonly path: TreePath; readonly content: string | null } | null {
  const page = reader.read(path);
  return page === undefined
    ? null
    : { path, content: withoutSection(Buffer.from(page).toString('utf8'), keyset) };
}

function filesBelow(reader: TreeReader, folder: TreePath): TreePath[] {
  return reader.list(folder).flatMap((name) => {
    const path = treePath(folder, name.replace(/\/$/u, ''));
    return name.endsWith('/') ? filesBelow(reader, path) : [path];
  });
}

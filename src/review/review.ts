import { clusterOfFile, layout } from '../model/store/layout.ts';
import { treePath, type TreePath } from '../model/names.ts';
import type { TreeReader } from '../model/ports.ts';
import { reviewCluster, type ReviewContext } from './cluster.ts';
import { ledgerFlags } from './fleet/ledger.ts';
import { ruleFlags, ruleRecipients } from './fleet/sops-rules.ts';
import { unknownFiles } from './fleet/unknown-files.ts';
import { readStores } from './compare/foreign.ts';
import { deadlineOf } from './compare/copies.ts';
import { flag, sortFlags } from './flags.ts';
import { guardOf, guardPlaces } from './guards.ts';
import { differingFiles, openSide, type Side } from './read/side.ts';
import type { StageWaits } from './stages.ts';
import type { Flag, Review, Totals } from './report.ts';

export interface ReviewOptions {
  /** The tree's folder. */
  readonly tree: string;
  readonly now: Date;
  /** Files that differ, where that is known already; default: all files of both trees are compared, and guards beside them. */
  readonly differing?: readonly TreePath[];
  /** Symbolic links in the tree that is to be reviewed; default: none. */
  readonly links?: readonly TreePath[];
  /** What is known of stages that are under way in the base; default: nothing, and nothing is said of it. */
  readonly waits?: Omit<StageWaits, 'now'>;
}

/**
 * What a reviewer must know of the differences between two trees. Pure, without an identity; what cannot be read on either side is
 * a flag, never an error.
 *
 * @param base the tree that is trusted: that of the base branch.
 * @param head the tree that is to be reviewed.
 */
export function review(base: TreeReader, head: TreeReader, options: ReviewOptions): Review {
  const { tree, now, links = [], waits = { since: new Map() } } = options;
  const [was, is] = [openSide(base), openSide(head)];
  const differing =
    options.differing ??
    [tree, ...guardPlaces(0)].flatMap((place) => differingPlace(was, is, place)).sort();
  const context: ReviewContext = {
    base: was,
    head: is,
    tree,
    stores: readStores(is, tree),
    fleetRecipients: ruleRecipients(was.text(treePath('.sops.yaml'))) ?? new Set(),
    waits: { ...waits, now },
  };
  const fleetFlags: Flag[] = [];
  const byCluster = new Map<string, TreePath[]>();
  for (const file of differing) {
    const cluster = clusterOfFile(tree, file);
    if (cluster === null) fleetFlags.push(...fileFlags(context, file));
    else byCluster.set(cluster, [...(byCluster.get(cluster) ?? []), file]);
  }
  const reviewed = [...byCluster]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, files]) => reviewCluster(context, name, files));
  const clusters = reviewed.map(({ cluster }) => cluster);
  const unread = damaged(was, is, differing);
  return {
    now,
    flags: sortFlags([
      ...fleetFlags,
      ...reviewed.flatMap(({ flags }) => flags),
      ...unknownFiles(is, { tree, files: differing, links }),
      ...unread,
    ]),
    totals: {
      ...sumTotals(clusters.map(({ totals }) => totals)),
      files: differing.length,
    },
    deadline: deadlineOf(
      clusters.flatMap(({ certificates }) => certificates),
      clusters.flatMap(({ keysets }) => keysets),
    ),
    clusters,
  };
}

function differingPlace(base: Side, head: Side, place: string): TreePath[] {
  const below = differingFiles(base, head, treePath(place));
  const [before, after] = [base.text(treePath(place)), head.text(treePath(place))];
  return before === after ? below : [treePath(place), ...below];
}

/** Of files that are no cluster's: the ledger, and what guards the tree. */
function fileFlags({ base, head, tree }: ReviewContext, file: TreePath): Flag[] {
  if (file === layout.ledger(tree)) return ledgerFlags(base, head, tree);
  const [before, after] = [base.text(file), head.text(file)];
  if (file.startsWith(`${tree}/`)) return [];
  const change = before === undefined ? 'is new' : after === undefined ? 'is gone' : 'is changed';
  const guard = guardOf(file);
  if (guard === undefined) return [];
  if (guard.place !== '.sops.yaml') {
    const text = `${file} ${change}, which decides ${guard.decides}: read it yourself`;
    return [flag(guard.flag, text, { file })];
  }
  return ruleFlags(before, after, file);
}

/** Files that could not be read at all. */
function damaged(base: Side, head: Side, differing: readonly TreePath[]): Flag[] {
  const files = new Set(differing);
  const of = (side: Side, when: string): Flag[] =>
    [...side.problems].map(([file, problem]) =>
      flag('Damaged', `${when}: ${problem}`, { file: files.has(file) ? file : null }),
    );
  return [...of(base, 'base'), ...of(head, 'now')];
}

function sumTotals(list: readonly Totals[]): Totals {
  const sum = (key: keyof Totals): number => list.reduce((total, item) => total + item[key], 0);
  return {
    renewed: sum('renewed'),
    changed: sum('changed'),
    added: sum('added'),
    removed: sum('removed'),
    rewritten: sum('rewritten'),
    damaged: sum('damaged'),
    keysets: sum('keysets'),
    nodes: sum('nodes'),
    files: sum('files'),
  };
}

import path from 'node:path';
import { DEFAULTS } from '../../catalog/defaults.ts';
import { PkiError } from '../../errors.ts';
import { layout } from '../../model/store/layout.ts';
import type { TreeReader } from '../../model/ports.ts';
import { treeReader } from '../../observe/source/reader.ts';
import { isHalfWritten } from '../../write/journal.ts';
import { storesOf } from '../check/tree.ts';
import type { Invocation } from '../command.ts';

/** A tree that is read without its declaration. */
export interface OpenTree {
  readonly reader: TreeReader;
  /** Its folder, from the working directory. */
  readonly tree: string;
  /** Folders that have a store. */
  readonly clusters: readonly string[];
}

/**
 * Finds the tree of `--tree`, and warns where a run left half of its files.
 *
 * @throws PkiError `ERR_READ` where there is none
 */
export function openTree({
  cwd,
  options,
  output,
}: Pick<Invocation, 'cwd' | 'options' | 'output'>): OpenTree {
  if (isHalfWritten(cwd)) {
    output.note(
      'cdk8s-pki: warning: a run was cut off, or is at work, in the midst of its writes: the tree may be half of what it will be; finish it with cdk8s-pki synth',
    );
  }

  const given = options.tree ?? DEFAULTS.tree;
  const tree = path.relative(cwd, path.resolve(cwd, given)).replaceAll(path.sep, '/') || '.';
  const reader = treeReader(cwd);
  const clusters = storesOf(reader, tree);
  if (clusters.length > 0 || reader.read(layout.ledger(tree)) !== undefined) {
    return { reader, tree, clusters };
  }
  throw new PkiError('ERR_READ', `there is no tree of cdk8s-pki in "${given}"`, {
    hint: [
      'run it at the root of the repository, or name the folder with --tree',
      'make the tree: cdk8s-pki synth; check the files of a node: cdk8s-pki check --dir /etc/kubernetes',
    ],
  });
}

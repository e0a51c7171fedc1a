import { EXIT } from '../errors.ts';
import { observeHead } from '../observe/source/head.ts';
import { treeReader } from '../observe/source/reader.ts';
import type { Invocation } from './command.ts';
import { withDeclaration } from './pipeline/prepare.ts';
import { planRemoval, type Removal } from './remove/removal.ts';
import { parseTarget, type Target } from './remove/target.ts';
import { transaction } from './writing/transaction.ts';

/** Takes out of the tree what is no longer declared: a cluster, or a node or a keyset of one. */
export async function run(invocation: Invocation): Promise<number> {
  const { options } = invocation;
  const target = parseTarget(invocation.arguments[0] ?? '');
  await transaction(
    invocation,
    async (journal) => {
      const removal = await decideRemoval(invocation, target);
      if (options.dryRun === true) return removal;
      for (const file of removal.contents) journal.stage(file);
      for (const { path, change } of removal.files) if (change === 'delete') journal.remove(path);
      return removal;
    },
    (removal) => {
      report(invocation, target, removal);
    },
  );
  return EXIT.ok;
}

function decideRemoval(invocation: Invocation, target: Target): Promise<Removal> {
  const { cwd, options } = invocation;
  const selection = target.member === null ? {} : { clusters: [target.cluster] };
  return withDeclaration(invocation, selection, async ({ fleet, units }) => {
    const head = await observeHead(cwd, fleet.tree);
    const now = options.now ?? new Date();
    return planRemoval(target, { fleet, units, reader: treeReader(cwd), head, now });
  });
}

function report(
  { options, output }: Invocation,
  { text, cluster, member }: Target,
  { files, left, good }: Removal,
): void {
  if (options.output === 'json') output.json({ removed: text, files, left });
  else {
    const count = files.filter(({ change }) => change === 'delete').length;
    const verb = options.dryRun === true ? 'would remove' : 'removed';
    output.line(`${verb} ${text}: ${count === 1 ? '1 file' : `${count} files`} deleted`);
    const last = new Date(Math.max(...good.map((end) => end.getTime())));
    if (good.length > 0)
      output.line(
        `note: ${good.length === 1 ? '1 certificate of it is' : `${good.length} certificates of it are`} good until ${last.toISOString()}; where somebody else may have its keys, once this is committed: cdk8s-pki revoke ${cluster} '${cluster}/${member ?? ''}/*'`,
      );
  }
  for (const path of left) output.note(`left as it is, it was not made here: ${path}`);
}

import { PkiError } from '../../errors.ts';
import { observeSince } from '../../observe/source/since.ts';
import type { Revision } from '../../observe/source/revision.ts';
import type { StageWaits } from '../../review/stages.ts';
import type { Invocation } from '../command.ts';

/** Since when a base has the stages that a change goes on from; a clone that cannot tell is no error of the change. */
export async function stagesSince(
  { cwd, output }: Invocation,
  tree: string,
  base: Revision,
): Promise<StageWaits['since']> {
  try {
    return await observeSince(cwd, tree, base);
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
    const [hint = ''] = error.hints;
    output.note(
      `cdk8s-pki: warning: ${error.message}, so a stage that comes too early is not found: ${hint}`,
    );
    return new Map();
  }
}

import { nameHints } from '../../catalog/names/suggest.ts';
import { PkiError } from '../../errors.ts';
import type { RotationRequest } from '../../model/store/rotation.ts';
import { filesBesideBase } from '../../observe/source/stages.ts';
import { isNothing } from '../pipeline/report.ts';
import type { RunResult } from '../pipeline/total.ts';

const MOST_FILES = 5;

/** @throws PkiError `ERR_USAGE` for a keyset that the store has not */
export function refuseUnknown(
  { keyset }: RotationRequest,
  { keysets, rotations }: RunResult,
): void {
  if (rotations.some((one) => one.keyset === keyset)) return;
  const [cluster = ''] = keyset.split('/');
  const own = keysets.filter((path) => path.startsWith(`${cluster}/`));
  throw new PkiError('ERR_USAGE', `"${keyset}" is no keyset of the store`, {
    hint: nameHints(keyset, 'keysets', own.length > 0 ? own : keysets),
  });
}

/** @throws PkiError `ERR_ROTATION` where `synth` has something to do: a stage is alone in its change */
export function refuseUnfinished(result: RunResult): void {
  if (isNothing(result)) return;
  throw new PkiError(
    'ERR_ROTATION',
    'the tree is not as declared: this must be alone in its change',
    {
      details: result.actions
        .slice(0, MOST_FILES)
        .map(({ action, credential, reason }) => `${action} ${credential} (${reason})`),
      hint: 'make it so first: cdk8s-pki synth, and merge that',
    },
  );
}

/**
 * A stage follows what is merged, and its outputs: a soak says nothing of files that came later.
 *
 * @throws PkiError `ERR_ROTATION` where the tree has a change that the base branch has not
 */
export async function refuseUnmerged(cwd: string, tree: string): Promise<void> {
  const files = await filesBesideBase(cwd, tree);
  if (files.length === 0) return;
  const more = files.length > MOST_FILES ? [`and ${files.length - MOST_FILES} more`] : [];
  throw new PkiError(
    'ERR_ROTATION',
    'the tree has changes that are not on the base branch: a stage must be alone in its change',
    {
      details: [...files.slice(0, MOST_FILES), ...more],
      hint: [
        `merge them first; what is not committed is seen by git status ${tree}`,
        'a stage that is not merged needs no --abort: git stash --include-untracked takes back what is not committed',
      ],
    },
  );
}

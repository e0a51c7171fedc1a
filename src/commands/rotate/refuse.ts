import { nameHints } from '../../catalog/names/suggest.ts';
import { PkiError } from '../../errors.ts';
import type { RotationRequest } from '../../model/store/rotation.ts';
import { isNothing } from '../pipeline/report.ts';
import type { RunResult } from '../pipeline/total.ts';

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
        .slice(0, 5)
        .map(({ action, credential, reason }) => `${action} ${credential} (${reason})`),
      hint: 'make it so first: cdk8s-pki synth, and merge that',
    },
  );
}

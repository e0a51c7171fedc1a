import { PkiError } from '../../errors.ts';
import { isHalfWritten } from '../../write/journal.ts';

/** @throws PkiError `ERR_JOURNAL`: half of a tree says nothing about what is to be done. */
export function refuseHalfWritten(cwd: string): void {
  if (!isHalfWritten(cwd)) return;
  throw new PkiError(
    'ERR_JOURNAL',
    'a run was cut off, or is at work, in the midst of its writes',
    {
      hint: 'let it end, or finish it: cdk8s-pki synth; what it decided needs no identity',
    },
  );
}

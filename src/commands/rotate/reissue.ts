import type { CredentialPath } from '../../model/names.ts';
import type { Invocation } from '../command.ts';
import { carryOut } from './rotate.ts';

/** Signs the certificate of an authority again, with the same key. */
export function run(invocation: Invocation): Promise<number> {
  const keyset = invocation.arguments.join('/') as CredentialPath;
  return carryOut(invocation, { keyset, verb: 'reissue', acceptLockout: false });
}

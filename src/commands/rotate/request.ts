import { PkiError } from '../../errors.ts';
import type { CredentialPath } from '../../model/names.ts';
import type { RotationRequest } from '../../model/store/rotation.ts';
import type { Invocation } from '../command.ts';

const VERBS = ['status', 'abort', 'compromised'] as const;

/**
 * What the command line asks for.
 *
 * @throws PkiError `ERR_USAGE` for verbs that exclude each other, and where it does not say which keyset.
 */
export function requestOf({
  options,
  arguments: [cluster, keyset],
}: Pick<Invocation, 'options' | 'arguments'>): RotationRequest {
  const [verb = 'advance', other] = VERBS.filter((name) => options[name] === true);
  if (other !== undefined) {
    throw new PkiError('ERR_USAGE', `--${verb} and --${other} exclude each other`);
  }
  const acceptLockout = options.acceptLockout === true;
  if (acceptLockout && verb !== 'advance') {
    throw new PkiError('ERR_USAGE', `--accept-lockout and --${verb} exclude each other`, {
      hint: 'it is for the stage "retire"',
    });
  }
  if (options.kubeconfig !== undefined && verb !== 'status' && verb !== 'advance') {
    throw new PkiError('ERR_USAGE', `--kubeconfig and --${verb} exclude each other`, {
      hint: `nothing is waited for with --${verb}`,
    });
  }
  if (verb !== 'status' && (cluster === undefined || keyset === undefined)) {
    throw new PkiError('ERR_USAGE', 'rotate takes the names of a cluster and of a keyset of it', {
      hint: 'where they all stand: cdk8s-pki rotate --status',
    });
  }
  return {
    keyset: [cluster, keyset].filter(Boolean).join('/') as CredentialPath,
    verb,
    acceptLockout,
  };
}

import { PkiError } from '../../errors.ts';
import { credentialParts, type CredentialPath } from '../../model/names.ts';
import { meansCredential } from '../../model/selection.ts';
import type { RequestedRevocation } from '../../model/store/revocations.ts';
import type { RevocationReason } from '../../model/x509.ts';
import { observePastLeaves } from '../../observe/source/past/leaves.ts';
import { treeReader } from '../../observe/source/reader.ts';
import type { Invocation } from '../command.ts';
import { refuseUnknownNames } from '../input/requested.ts';
import { runDeclaration } from '../pipeline/prepare.ts';
import type { RunResult, Sink } from '../pipeline/total.ts';
import { findCertificates } from './find.ts';

/** What is revoked, by the authority that signed it, and what follows. */
interface Revoked {
  readonly result: RunResult;
  readonly revocations: ReadonlyMap<CredentialPath, readonly RequestedRevocation[]>;
}

/** Once to learn what is declared, then with the certificates that are revoked. */
export async function revoke(invocation: Invocation, sink: Sink | undefined): Promise<Revoked> {
  const { cwd, options } = invocation;
  const [cluster = '', name = ''] = invocation.arguments;
  const request = { cluster, names: [name] };
  const before = await runDeclaration(invocation, 'synth', undefined, {
    revoke: { ...request, revocations: new Map() },
  });
  const { tree } = before;
  const isMeant = (path: CredentialPath): boolean => meansCredential(name, path);
  const own = before.leaves.filter((path) => credentialParts(path).cluster === cluster);
  const declared = own.filter(isMeant);
  const { revocations, leaves } = findCertificates(treeReader(cwd), tree, {
    leaves: declared,
    reason: (options.reason ?? 'unspecified') as RevocationReason,
    now: options.now ?? new Date(),
    past: await observePastLeaves(cwd, cluster, isMeant),
  });
  // one that is gone may have had certificates of an authority that others share
  if (before.clusters === 0 && leaves.size === 0) throw unknownCluster(cluster);
  if (leaves.size === 0)
    refuseUnknownNames({ options, arguments: [name] }, { ...before, leaves: own });
  if (declared.length === 0 && revocations.size === 0) throw nothingGood(cluster, name);
  const result = await runDeclaration(invocation, 'synth', sink, {
    revoke: { ...request, revocations },
  });
  return { result, revocations };
}

function nothingGood(cluster: string, name: string): PkiError {
  return new PkiError('ERR_USAGE', `no certificate of "${cluster}/${name}" is good any more`, {
    hint: 'those that git knows have expired, or their authority is no longer trusted; nothing was written',
  });
}

function unknownCluster(cluster: string): PkiError {
  return new PkiError('ERR_USAGE', `"${cluster}" is no cluster of the declaration`, {
    hint: 'revoke takes the names of a cluster and of a certificate of it, as: cdk8s-pki revoke prod cp-1/etcd-peer',
  });
}

import { PkiError } from '../../errors.ts';
import type { CredentialPath } from '../../model/names.ts';
import { meansCredential } from '../../model/selection.ts';
import type { Revocation } from '../../model/store/revocations.ts';
import type { RevocationReason } from '../../model/x509.ts';
import { observePastLeaf } from '../../observe/source/past/leaf.ts';
import { treeReader } from '../../observe/source/reader.ts';
import type { Invocation } from '../command.ts';
import { refuseUnknownNames } from '../input/requested.ts';
import { runDeclaration } from '../pipeline/prepare.ts';
import type { RunResult, Sink } from '../pipeline/total.ts';
import { findCertificates } from './find.ts';

/** What is revoked, by the authority that signed it, and what follows. */
interface Revoked {
  readonly result: RunResult;
  readonly revocations: ReadonlyMap<CredentialPath, readonly Revocation[]>;
}

/** Once to learn what is declared, then with the certificates that are revoked. */
export async function revoke(invocation: Invocation, sink: Sink | undefined): Promise<Revoked> {
  const { cwd, options } = invocation;
  const [cluster = '', name = ''] = invocation.arguments;
  const request = { cluster, names: [name] };
  const named = { options, arguments: [name] };
  const before = await runDeclaration(invocation, 'synth', undefined, {
    revoke: { ...request, revocations: new Map() },
  });
  if (before.clusters === 0) throw unknownCluster(cluster);
  const own = before.leaves.filter((path) => path.startsWith(`${cluster}/`));
  refuseUnknownNames(named, { ...before, leaves: own });
  const { tree } = before;
  const revocations = await findCertificates(treeReader(cwd), tree, {
    leaves: own.filter((path) => meansCredential(name, path)),
    reason: (options.reason ?? 'unspecified') as RevocationReason,
    now: options.now ?? new Date(),
    past: (path) => observePastLeaf(cwd, tree, path),
  });
  const result = await runDeclaration(invocation, 'synth', sink, {
    revoke: { ...request, revocations },
  });
  return { result, revocations };
}

function unknownCluster(cluster: string): PkiError {
  return new PkiError('ERR_USAGE', `"${cluster}" is no cluster of the declaration`, {
    hint: 'revoke takes the names of a cluster and of a certificate of it, as: cdk8s-pki revoke prod cp-1/etcd-peer',
  });
}

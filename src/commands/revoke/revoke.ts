import { EXIT, PkiError } from '../../errors.ts';
import { meansCredential } from '../../model/selection.ts';
import type { RevocationReason } from '../../model/x509.ts';
import { observePastLeaf } from '../../observe/source/past-leaf.ts';
import { treeReader } from '../../observe/source/reader.ts';
import type { Invocation } from '../command.ts';
import { refuseUnknownNames } from '../input/requested.ts';
import { runDeclaration } from '../pipeline/prepare.ts';
import { reportJson, reportText } from '../pipeline/report.ts';
import type { RunResult, Sink } from '../pipeline/total.ts';
import { refuseHalfWritten } from '../writing/half-written.ts';
import { transaction } from '../writing/transaction.ts';
import { findCertificates } from './find.ts';
import { revocationJson, revocationLines } from './print.ts';

/** Gives leaves new keys and certificates now, and puts those that they had on the CRL of their authority. */
export async function run(invocation: Invocation): Promise<number> {
  const { cwd, options } = invocation;
  if (options.dryRun === true) {
    refuseHalfWritten(cwd);
    report(invocation, await revoke(invocation, undefined), 'to do');
    return EXIT.ok;
  }
  await transaction(
    invocation,
    (journal) => revoke(invocation, journal),
    (result) => {
      report(invocation, result, 'done');
    },
  );
  return EXIT.ok;
}

/** Once to learn what is declared, then with the certificates that are revoked. */
async function revoke(invocation: Invocation, sink: Sink | undefined): Promise<RunResult> {
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
  return runDeclaration(invocation, 'synth', sink, { revoke: { ...request, revocations } });
}

function unknownCluster(cluster: string): PkiError {
  return new PkiError('ERR_USAGE', `"${cluster}" is no cluster of the declaration`, {
    hint: 'revoke takes the names of a cluster and of a certificate of it, as: cdk8s-pki revoke prod cp-1/etcd-peer',
  });
}

function report({ options, output }: Invocation, result: RunResult, tense: 'to do' | 'done'): void {
  if (options.output === 'json') {
    output.json({
      ...(reportJson(result) as object),
      revocations: result.revocations.map(revocationJson),
    });
    return;
  }
  reportText(output, result, tense);
  for (const line of revocationLines(result.revocations)) output.line(line);
}

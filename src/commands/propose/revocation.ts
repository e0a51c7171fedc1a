import type { CredentialPath } from '../../model/names.ts';
import type { Action } from '../../model/plan.ts';
import type {
  RequestedRevocation,
  Revocation,
  RevocationStatus,
} from '../../model/store/revocations.ts';
import { observeKeyset } from '../../observe/keyset.ts';
import { treeReader } from '../../observe/source/reader.ts';
import type { PullRequestText } from '../../propose/forges/forge.ts';
import type { ProposedFile } from '../../propose/git/objects.ts';
import type { Work } from '../../propose/policy.ts';
import type { Proposed, ReadFiles, Renewal } from '../../propose/renewal.ts';
import type { Invocation } from '../command.ts';
import { runDeclaration } from '../pipeline/prepare.ts';
import { isNothing } from '../pipeline/report.ts';
import type { RunResult } from '../pipeline/total.ts';
import { refuseUnfinished } from '../rotate/refuse.ts';
import { revoke } from '../revoke/carry-out.ts';
import { describeRevocation } from './describe.ts';
import { collectFiles, isGenerated, isMade } from './files.ts';
import { reported } from './report.ts';

/** Certificates that are revoked in one pull request, alone. */
export interface RevocationWork extends Work {
  readonly statuses: readonly RevocationStatus[];
  readonly actions: readonly Action[];
  /** By the authority whose CRL has them then. */
  readonly revocations: ReadonlyMap<CredentialPath, readonly RequestedRevocation[]>;
}

/** What `revoke` does, for the pull request that carries it. */
export class RevocationOf implements Renewal<RevocationWork> {
  /** What somebody asked for stays open until people decide. */
  readonly isWhole = false;
  readonly #invocation: Invocation;
  readonly #prefix: string;
  #tree = 'deploy';

  constructor(invocation: Invocation, prefix: string) {
    this.#invocation = invocation;
    this.#prefix = prefix;
  }

  async plan(cwd: string): Promise<readonly RevocationWork[]> {
    const invocation = { ...this.#invocation, cwd };
    const { result, revocations } = await revoke(invocation, undefined);
    refuseUnfinished(await this.#synth(cwd));
    this.#tree = result.tree;
    const [cluster = '', name = ''] = invocation.arguments;
    const revoked = [...revocations.values()].flat();
    return [
      {
        name: `${cluster}/${branchName(name)}`,
        clusters: [],
        set: revoked.map(
          ({ credential, serialNumber, reason }) =>
            `revoke ${credential} ${serialNumber} ${reason}`,
        ),
        deadline: null,
        renewBefore: null,
        isAsked: true,
        statuses: result.revocations,
        actions: result.actions,
        revocations,
      },
    ];
  }

  /** The branch is right while its CRLs name what is asked for, with the reason. */
  async isCurrent(cwd: string, { revocations }: RevocationWork): Promise<boolean> {
    if (!isNothing(await this.#synth(cwd))) return false;
    const reader = treeReader(cwd);
    const text = ({ serialNumber, reason }: Revocation): string => `${serialNumber} ${reason}`;
    return [...revocations].every(([path, wanted]) => {
      const { entries = [] } = observeKeyset(reader, this.#tree, path)?.revocations ?? {};
      const named = new Set(entries.map(text));
      return wanted.every((entry) => named.has(text(entry)));
    });
  }

  async make(cwd: string): Promise<readonly ProposedFile[]> {
    return collectFiles(this.#prefix, (sink) => revoke({ ...this.#invocation, cwd }, sink));
  }

  describe(cwd: string, work: RevocationWork, proposed: Proposed): Promise<PullRequestText> {
    const now = this.#invocation.options.now ?? new Date();
    const place = { tree: this.#tree, prefix: this.#prefix, now };
    return reported(describeRevocation(work), cwd, place, proposed);
  }

  isGenerated(path: string): boolean {
    return isGenerated(this.#prefix, this.#tree, path);
  }

  isMade(paths: readonly string[], was: ReadFiles, is: ReadFiles): Promise<boolean> {
    return isMade(this.#prefix, this.#tree, paths, was, is);
  }

  /** What is due of a cluster is another pull request's. */
  clusterOf(): null {
    return null;
  }

  /** What `synth` would do of the cluster's unit. */
  #synth(cwd: string): Promise<RunResult> {
    const [cluster = ''] = this.#invocation.arguments;
    const revoking = { cluster, names: [], revocations: new Map() };
    return runDeclaration({ ...this.#invocation, cwd }, 'synth', undefined, { revoke: revoking });
  }
}

/** Of a name that may have wildcards, which git allows in no branch. */
function branchName(name: string): string {
  return name.replaceAll('/', '.').replaceAll('*', 'all').replaceAll('?', 'any');
}

import { PkiError } from '../../../errors.ts';
import type { CredentialPath } from '../../../model/names.ts';
import type { RotationRequest, RotationStatus } from '../../../model/store/rotation.ts';
import { clusterOfFile } from '../../../model/store/layout.ts';
import { observeKeyset } from '../../../observe/keyset.ts';
import { ledgerEntries, observeLedger } from '../../../observe/ledger.ts';
import { treeReader } from '../../../observe/source/reader.ts';
import { withEvidence } from '../../../plan/rotation/with-evidence.ts';
import type { PullRequestText } from '../../../propose/forges/forge.ts';
import type { ProposedFile } from '../../../propose/git/objects.ts';
import type { Held, Proposed, ReadFiles, Renewal } from '../../../propose/renewal.ts';
import type { Invocation } from '../../command.ts';
import { runDeclaration } from '../../pipeline/prepare.ts';
import { isNothing } from '../../pipeline/report.ts';
import type { RunResult, Sink } from '../../pipeline/total.ts';
import { askClusters, isWaiting, type Asked } from '../../rotate/evidence.ts';
import { refuseUnfinished, refuseUnknown } from '../../rotate/refuse.ts';
import { warningLines } from '../../rotate/warnings.ts';
import { describeReissue, describeStage } from '../describe.ts';
import { collectFiles, isGenerated, isMade } from '../files.ts';
import { reported } from '../report.ts';
import { strayWorks, type DeclaredKeysets } from './strays.ts';
import { automaticWorks, isLeft, leftToPeople, workOf, type RotationWork } from './works.ts';

/** What `renew` knows when it looks at rotations. */
interface Automatic {
  readonly keysets: DeclaredKeysets;
  readonly isWhole: boolean;
}

const MOST_NAMED = 3;

const pendingText = (keyset: CredentialPath, files: readonly string[]): string => {
  const more = files.length > MOST_NAMED ? ` and ${files.length - MOST_NAMED} more` : '';
  const named = files.slice(0, MOST_NAMED).join(', ');
  return `a stage is alone in its change, so that of ${keyset} waits until the tree is as declared: ${named}${more}`;
};

/** What `rotate` does, for the pull request that carries it; without a request, every stage that is automatic and may follow. */
export class RotationsOf implements Renewal<RotationWork> {
  /** One keyset's pull request says nothing of another's. */
  readonly isWhole = false;
  readonly #invocation: Invocation;
  readonly #wanted: RotationRequest | Automatic;
  readonly #prefix: string;
  readonly #now: Date;
  #tree = 'deploy';
  /** Of every key that the base has or had. */
  #knownIds: ReadonlySet<string> = new Set();
  /** Files of clusters that are to change without a stage: those of the fleet have no pull request of their own to wait for. */
  #pending: ReadonlySet<string> = new Set();
  /** What clusters said of stages that wait. */
  #evidence: Asked['evidence'] = new Map();

  constructor(invocation: Invocation, prefix: string, wanted: RotationRequest | Automatic) {
    this.#invocation = invocation;
    this.#wanted = wanted;
    this.#prefix = prefix;
    this.#now = invocation.options.now ?? new Date();
  }

  async plan(cwd: string, held: () => Promise<readonly Held[]>): Promise<readonly RotationWork[]> {
    const works = await this.#works(cwd, held);
    this.#knownIds = new Set(
      ledgerEntries(observeLedger(treeReader(cwd), this.#tree)).map(({ id }) => id),
    );
    const complete: RotationWork[] = [];
    for (const work of works) {
      const made = work.set.length === 0 ? { actions: [] } : await this.#made(cwd, work);
      const isAsked = this.#isAsked;
      if ('pending' in made) this.#invocation.output.note(made.pending);
      else if ('actions' in made) complete.push({ ...work, actions: made.actions, isAsked });
      else if (work.wish === 'automatic') complete.push({ ...work, set: [] });
      else {
        const why = `somebody asked for "${work.transition}", which cannot be made now: ${made.blocked}`;
        complete.push(leftToPeople(work, why));
      }
    }
    return complete;
  }

  get #isAsked(): boolean {
    return 'verb' in this.#wanted;
  }

  async #works(
    cwd: string,
    held: () => Promise<readonly Held[]>,
  ): Promise<readonly RotationWork[]> {
    const request = this.#wanted;
    if (!('verb' in request)) return this.#automaticWorks(cwd, request, held);
    const isHard = request.verb === 'compromised';
    // what nobody can wait with asks nothing of the history, which a shallow clone has not
    const asking = isHard ? request : ({ ...request, verb: 'status' } as const);
    const result = await this.#run(cwd, asking, undefined);
    this.#tree = result.tree;
    refuseUnknown(request, result);
    if (!isHard) refuseUnfinished(result);
    for (const line of warningLines(request, result.rotations, this.#now))
      this.#invocation.output.note(line);
    const wanted = result.rotations.filter(({ keyset }) => keyset === request.keyset);
    const failures = request.verb === 'advance' ? await this.#ask(cwd, wanted) : new Map();
    for (const failure of failures.values()) throw failure;
    return wanted.map((status) => workOf(this.#seen(status), request, 'asked-for', this.#now));
  }

  /** Only of what waits for time alone. */
  async #ask(cwd: string, statuses: readonly RotationStatus[]): Promise<Asked['failures']> {
    const waiting = statuses.filter((status) => isWaiting(status, this.#now));
    const asked = await askClusters(this.#invocation, cwd, this.#tree, waiting);
    this.#evidence = asked.evidence;
    return asked.failures;
  }

  #seen(status: RotationStatus): RotationStatus {
    return withEvidence(status, this.#evidence.get(status.keyset));
  }

  async #automaticWorks(
    cwd: string,
    { keysets, isWhole }: Automatic,
    held: () => Promise<readonly Held[]>,
  ): Promise<readonly RotationWork[]> {
    this.#tree = keysets.tree;
    const open = await held();
    const strays = strayWorks(keysets, open, isWhole);
    // where a keyset stands is in the history, which a shallow clone has not
    if (keysets.automatic.size === 0) return strays;
    const all = { keyset: '' as CredentialPath, acceptLockout: false };
    const result = await this.#run(cwd, { ...all, verb: 'status' }, undefined);
    const failures = await this.#ask(
      cwd,
      result.rotations.filter(({ automatic }) => automatic),
    );
    // others are not to wait with it
    for (const [cluster, { message }] of failures)
      this.#invocation.output.note(`${cluster} could not be asked, so its stages wait: ${message}`);
    const pending = result.files.list.map(({ path }) => path);
    this.#pending = new Set(pending.filter((path) => clusterOfFile(this.#tree, path) !== null));
    const rotations = result.rotations.map((status) => this.#seen(status));
    return [...automaticWorks({ ...result, rotations }, open, this.#now, failures), ...strays];
  }

  /**
   * What a stage would make. An automatic one that another cluster blocks, or an error of it, waits: nobody asked for it, and others are
   * not to wait with it; errors were told with the renewals before. One that would take along what else is to be done waits for that.
   */
  async #made(
    cwd: string,
    { request, keyset }: RotationWork,
  ): Promise<
    | Pick<RotationWork, 'actions'>
    | { readonly blocked: string }
    /** What is open stays as it is. */
    | { readonly pending: string }
  > {
    try {
      const { actions, files } = await this.#run(cwd, request, undefined);
      const along = files.list.map(({ path }) => path).filter((path) => this.#pending.has(path));
      if (along.length === 0) return { actions };
      return { pending: pendingText(keyset, along) };
    } catch (error) {
      if (error instanceof PkiError && !this.#isAsked) return { blocked: error.message };
      throw error;
    }
  }

  /** That the branch is recorded as this change was looked at before; here, that it has what the change leaves. */
  async isCurrent(cwd: string, work: RotationWork): Promise<boolean> {
    const { keyset: path, entries: expected, request, deadline } = work;
    const [cluster = ''] = path.split('/');
    const result = await runDeclaration({ ...this.#invocation, cwd }, 'synth', undefined, {
      revoke: { cluster, names: [], revocations: new Map() }, // looks at the units of that cluster
      isolates: !this.#isAsked,
    });
    const { entries = [] } = observeKeyset(treeReader(cwd), this.#tree, path) ?? {};
    if (!isNothing(result) || !isLeft(expected, entries, this.#knownIds)) return false;
    const notAfter = entries[0]?.certificate?.notAfter;
    return request.verb !== 'reissue' || +(notAfter ?? 0) > +(deadline ?? 0);
  }

  async make(cwd: string, { request }: RotationWork): Promise<readonly ProposedFile[]> {
    return collectFiles(this.#prefix, (sink) => this.#run(cwd, request, sink));
  }

  describe(cwd: string, work: RotationWork, proposed: Proposed): Promise<PullRequestText> {
    const { transition } = work;
    const text =
      transition === 'reissue'
        ? describeReissue(work, this.#now)
        : describeStage({ ...work, transition });
    const place = { tree: this.#tree, prefix: this.#prefix, now: this.#now };
    return reported(text, cwd, place, proposed);
  }

  isGenerated(path: string): boolean {
    return isGenerated(this.#prefix, this.#tree, path);
  }

  isMade(paths: readonly string[], was: ReadFiles, is: ReadFiles): Promise<boolean> {
    return isMade(this.#prefix, this.#tree, paths, was, is);
  }

  /** No cluster has but one rotation: one says nothing of another. */
  clusterOf(): null {
    return null;
  }

  /** Looks beside clusters that have errors; a stage is made of a whole fleet only, since any of them may use the keyset. */
  #run(cwd: string, request: RotationRequest, sink: Sink | undefined): Promise<RunResult> {
    const invocation = { ...this.#invocation, cwd };
    const isolates = !this.#isAsked && request.verb === 'status';
    const evidence = this.#evidence;
    return runDeclaration(invocation, 'synth', sink, { request, isBase: true, isolates, evidence });
  }
}

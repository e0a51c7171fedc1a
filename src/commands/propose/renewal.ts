import { treePath, type CredentialPath } from '../../model/names.ts';
import type { Finding } from '../../model/plan.ts';
import { clusterOfFile, layout } from '../../model/store/layout.ts';
import type { PullRequestText } from '../../propose/forges/forge.ts';
import type { ProposedFile } from '../../propose/git/objects.ts';
import type { Held, Proposed, ReadFiles, Renewal } from '../../propose/renewal.ts';
import { treeReader } from '../../observe/source/reader.ts';
import type { Invocation } from '../command.ts';
import { refuseUnknownNames, requestedOf } from '../input/requested.ts';
import { selectClusters, selectionOf } from '../input/select.ts';
import { runDeclaration, withDeclaration, type Declared } from '../pipeline/prepare.ts';
import { Problems } from '../pipeline/problems.ts';
import { waitingText } from '../pipeline/report.ts';
import type { RunResult, Sink } from '../pipeline/total.ts';
import { askedFor } from './asked.ts';
import { describeWork } from './describe.ts';
import { collectFiles, isGenerated, isMade, ownPath } from './files.ts';
import { reported } from './report.ts';
import type { DeclaredKeysets } from './rotation/strays.ts';
import { worksOf, type ClusterWork } from './work.ts';

/** What `renew` does, for the pull requests that carry it: the same line over a checkout of the base. */
export class RenewalOf implements Renewal<ClusterWork> {
  isWhole: boolean;
  /** Of single clusters: theirs are neither proposed nor closed. */
  problems = new Problems();
  /** What a person must see to. */
  findings: readonly Finding[] = [];
  /** What is rotated without being asked for, once it was planned. */
  keysets: DeclaredKeysets = { tree: 'deploy', all: new Set(), automatic: new Set() };
  readonly #invocation: Invocation;
  readonly #group: string | undefined;
  /** Folder of the working directory in the repository, with a slash at its end, or nothing. */
  readonly #prefix: string;
  #tree = 'deploy';
  /** What open pull requests hold though it may not be due. */
  #askedBefore: readonly CredentialPath[] = [];

  constructor(invocation: Invocation, prefix: string, group: string | undefined) {
    const { cluster, shard } = invocation.options;
    this.isWhole =
      cluster === undefined && shard === undefined && requestedOf(invocation).length === 0;
    this.#invocation = invocation;
    this.#group = group;
    this.#prefix = prefix;
  }

  async plan(cwd: string, held: () => Promise<readonly Held[]>): Promise<readonly ClusterWork[]> {
    const { units, keysets } = await unitsOf({ ...this.#invocation, cwd });
    const { tree } = keysets;
    this.keysets = keysets;
    this.#tree = tree;
    const base = treeReader(cwd);
    const files = (await held()).flatMap((open) => open.files);
    this.#askedBefore = files.flatMap(({ path, content }) => {
      const file = ownPath(this.#prefix, path);
      if (file === null || content === null) return [];
      const text = Buffer.from(content).toString('utf8');
      return askedFor(base, tree, treePath(file), text) ?? [];
    });
    const result = await runDeclaration(this.#with(cwd), 'propose', undefined);
    refuseUnknownNames(this.#invocation, result);
    this.problems = result.problems;
    this.findings = result.findings;
    for (const { code, credential, message } of result.findings)
      this.#invocation.output.note(`${code} ${credential}: ${message}`);
    for (const line of waitingText(result.waiting)) this.#invocation.output.note(line);
    this.isWhole &&= result.problems.error === null;
    const failed = new Set(result.problems.clusters);
    const sound = units.filter((clusters) => !clusters.some((name) => failed.has(name)));
    const isAsked = requestedOf(this.#invocation).length > 0;
    return worksOf(base, sound, result, this.#group).map((work) => ({
      ...work,
      isAsked: isAsked && work.actions.some(({ reason }) => reason === 'Requested'),
    }));
  }

  async isCurrent(cwd: string, work: ClusterWork, paths: ReadonlySet<string>): Promise<boolean> {
    const { actions, files } = await this.#run(cwd, work, undefined);
    const isLeft = actions.some(({ reason }) => reason !== 'Requested');
    const isThere = work.actions.every(
      ({ action, credential }) =>
        action !== 'issue' || paths.has(this.#prefix + layout.leaf(this.#tree, credential)),
    );
    const mine = new Set(work.clusters);
    const isRequested = actions.length > 0;
    // what is asked for is made again every time, but nothing goes
    const isStale = files.list.some(
      ({ path, change }) =>
        mine.has(clusterOfFile(this.#tree, path) ?? '') && (change === 'delete' || !isRequested),
    );
    return !isLeft && isThere && !isStale;
  }

  async make(cwd: string, work: ClusterWork): Promise<readonly ProposedFile[]> {
    return collectFiles(this.#prefix, (sink) => this.#run(cwd, work, sink));
  }

  describe(cwd: string, work: ClusterWork, proposed: Proposed): Promise<PullRequestText> {
    const now = this.#invocation.options.now ?? new Date();
    const place = { tree: this.#tree, prefix: this.#prefix, now };
    return reported(describeWork(work), cwd, place, proposed);
  }

  isGenerated(path: string): boolean {
    return isGenerated(this.#prefix, this.#tree, path);
  }

  isMade(paths: readonly string[], was: ReadFiles, is: ReadFiles): Promise<boolean> {
    return isMade(this.#prefix, this.#tree, paths, was, is);
  }

  clusterOf(path: string): string | null {
    const own = ownPath(this.#prefix, path);
    return own === null ? null : clusterOfFile(this.#tree, own);
  }

  /** In a checkout; with what is asked for now, and was asked for before. */
  #with(cwd: string, options = this.#invocation.options): Invocation {
    const { arguments: names } = this.#invocation;
    const asked = options.all === true ? [] : this.#askedBefore;
    return { ...this.#invocation, cwd, options, arguments: [...names, ...asked] };
  }

  async #run(cwd: string, { clusters }: ClusterWork, sink: Sink | undefined): Promise<RunResult> {
    const options = { ...this.#invocation.options, cluster: clusters };
    delete options.shard; // the work is of this run's shard already
    const invocation = this.#with(cwd, options);
    const result = await runDeclaration(invocation, 'propose', sink);
    const { error } = result.problems;
    if (error !== null) throw error;
    return result;
  }
}

interface UnitsOf {
  readonly units: readonly (readonly string[])[];
  readonly keysets: DeclaredKeysets;
}

/** Clusters that belong together, of those that the run is about, and their keysets. */
async function unitsOf(invocation: Invocation): Promise<UnitsOf> {
  const selection = selectionOf(invocation);
  const find = async ({ fleet, units }: Declared): Promise<UnitsOf> => {
    const isSelected = selectClusters(
      selection,
      fleet.clusters.map(({ name }) => name),
    );
    const found: string[][] = [];
    const [all, automatic] = [new Set<CredentialPath>(), new Set<CredentialPath>()];
    for await (const { clusters } of units) {
      const names = clusters.map(({ name }) => name);
      if (!isSelected(names)) continue;
      found.push(names);
      for (const { authorities, serviceAccountKeys } of clusters)
        for (const { path, rotation } of [...authorities, ...serviceAccountKeys]) {
          all.add(path);
          if (rotation.automatic) automatic.add(path);
        }
    }
    return { units: found, keysets: { tree: fleet.tree, all, automatic } };
  };
  return withDeclaration(invocation, selection, find, true);
}

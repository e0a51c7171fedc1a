import { PkiError } from '../../errors.ts';
import type { CredentialPath } from '../../model/names.ts';
import type { Action } from '../../model/plan.ts';
import {
  NEW_ENTRY,
  type RotationRequest,
  type RotationStatus,
} from '../../model/store/rotation.ts';
import type { Rollout } from '../../catalog/rotation/rollout.ts';
import { chooseTransition } from '../../plan/rotation/choose.ts';
import { isReady } from '../../plan/rotation/ready.ts';
import { TRANSITIONS } from '../../plan/rotation/transitions.ts';
import type { PullRequestText } from '../../propose/forges/forge.ts';
import type { ProposedFile } from '../../propose/git/objects.ts';
import type { Work } from '../../propose/policy.ts';
import type { Proposed, ReadFiles, Renewal } from '../../propose/renewal.ts';
import type { Invocation } from '../command.ts';
import { runDeclaration } from '../pipeline/prepare.ts';
import { isNothing } from '../pipeline/report.ts';
import type { RunResult, Sink } from '../pipeline/total.ts';
import { refuseUnfinished, refuseUnknown } from '../rotate/refuse.ts';
import { describeReissue, describeStage } from './describe.ts';
import { collectFiles, isGenerated, isMade } from './files.ts';
import { reported } from './report.ts';

/** One transition of one keyset, or its reissue; each is always alone in its pull request. */
export interface RotationWork extends Work {
  readonly request: RotationRequest;
  readonly transition: Rollout;
  readonly keyset: CredentialPath;
  readonly domain: RotationStatus['domain'];
  readonly users: RotationStatus['users'];
  readonly actions: readonly Action[];
  /** `id state`, as the transition leaves them. */
  readonly entries: readonly string[];
}

/** What `rotate` does, for the pull request that carries it; without a request, every stage that is automatic and may follow. */
export class RotationsOf implements Renewal<RotationWork> {
  /** A stage that somebody asked for stays open until people decide. */
  readonly isWhole = false;
  readonly #invocation: Invocation;
  readonly #request: RotationRequest | undefined;
  readonly #prefix: string;
  readonly #now: Date;
  #tree = 'deploy';

  constructor(invocation: Invocation, prefix: string, request?: RotationRequest) {
    this.#invocation = invocation;
    this.#request = request;
    this.#prefix = prefix;
    this.#now = invocation.options.now ?? new Date();
  }

  async plan(cwd: string): Promise<readonly RotationWork[]> {
    const request = this.#request;
    const asked = request ?? { keyset: '' as RotationRequest['keyset'], acceptLockout: false };
    const result = await this.#run(cwd, { ...asked, verb: 'status' }, undefined);
    this.#tree = result.tree;
    if (request !== undefined) {
      refuseUnknown(request, result);
      if (request.verb !== 'compromised') refuseUnfinished(result);
    }
    const works =
      request === undefined
        ? automaticWorks(result, this.#now)
        : result.rotations
            .filter(({ keyset }) => keyset === request.keyset)
            .map((status) => workOf(status, request, this.#now));
    const complete: RotationWork[] = [];
    for (const work of works) {
      const actions = work.set.length === 0 ? [] : await this.#actions(cwd, work);
      complete.push(
        actions === 'blocked'
          ? { ...work, set: [] }
          : { ...work, actions, isAsked: request !== undefined },
      );
    }
    return complete;
  }

  /**
   * An automatic stage that another cluster blocks, or an error of it, waits: nobody asked for it, and others are not to wait with it.
   * Errors were told with the renewals before.
   */
  async #actions(
    cwd: string,
    { request }: RotationWork,
  ): Promise<RotationWork['actions'] | 'blocked'> {
    try {
      return (await this.#run(cwd, request, undefined)).actions;
    } catch (error) {
      if (error instanceof PkiError && this.#request === undefined) return 'blocked';
      throw error;
    }
  }

  async isCurrent(cwd: string, { request, entries, deadline }: RotationWork): Promise<boolean> {
    const result = await this.#run(cwd, { ...request, verb: 'status' }, undefined);
    const status = result.rotations.find(({ keyset }) => keyset === request.keyset);
    if (!isNothing(result) || status === undefined) return false;
    const isLater = +(status.notAfter ?? 0) > +(deadline ?? 0);
    return isLike(entries, texts(status.entries)) && (request.verb !== 'reissue' || isLater);
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
    const isolates = this.#request === undefined && request.verb === 'status';
    return runDeclaration(invocation, 'synth', sink, { request, isBase: true, isolates });
  }
}

/** A rotation that is due is started, one at a time in a cluster; one that is under way goes on. */
function automaticWorks(result: RunResult, now: Date): RotationWork[] {
  const { rotations, actions } = result;
  const busy = new Set(actions.map(({ cluster }) => cluster));
  const underWay = new Set(
    rotations.filter(({ standing }) => standing !== 'steady').map(clusterOfKeyset),
  );
  const works: RotationWork[] = [];
  for (const status of rotations.filter(({ automatic }) => automatic)) {
    const cluster = clusterOfKeyset(status);
    if (busy.has(cluster)) continue; // a stage waits for a tree that is as declared
    const { keyset, standing } = status;
    const request: RotationRequest = { keyset, verb: 'advance', acceptLockout: false };
    const mayStart = standing !== 'steady' || !underWay.has(cluster);
    if (mayStart && isReady(status, now)) {
      underWay.add(cluster);
      works.push(workOf(status, request, now));
    } else works.push({ ...nothingOf(status, request), transition: status.next });
  }
  return works;
}

function clusterOfKeyset({ keyset }: Pick<RotationStatus, 'keyset'>): string {
  return keyset.split('/')[0] ?? '';
}

/** Of no cluster: what is due of a cluster is another pull request's. */
function nothingOf(
  { keyset, domain, users }: RotationStatus,
  request: RotationRequest,
): Omit<RotationWork, 'transition'> {
  const work = { name: keyset, clusters: [], set: [], deadline: null, renewBefore: null };
  return { ...work, keyset, domain, users, request, entries: [], actions: [] };
}

/** @throws PkiError `ERR_ROTATION` where the transition may not follow yet */
function workOf(status: RotationStatus, request: RotationRequest, now: Date): RotationWork {
  if (request.verb === 'reissue') return reissueOf(status, request);
  const name = chooseTransition(request, status, now) ?? status.next;
  return {
    ...nothingOf(status, request),
    transition: name,
    set: [`${name} ${status.keyset} ${texts(status.entries).join(', ')}`],
    entries: texts(TRANSITIONS[name](status.entries)),
  };
}

/** What stands on a branch is right as long as it lives longer than what the base has. */
function reissueOf(status: RotationStatus, request: RotationRequest): RotationWork {
  const { keyset, notAfter, entries } = status;
  return {
    ...nothingOf(status, request),
    transition: 'reissue',
    set: [`reissue ${keyset} ${notAfter?.toISOString() ?? ''}`],
    deadline: notAfter,
    entries: texts(entries),
  };
}

function texts(entries: RotationStatus['entries']): string[] {
  return entries.map(({ id, state }) => `${id} ${state}`).sort();
}

/** The same entries in the same states; a new one has an id that nobody knew. */
function isLike(expected: readonly string[], found: readonly string[]): boolean {
  const known = expected.filter((text) => !text.startsWith(`${NEW_ENTRY} `));
  const added = expected
    .filter((text) => text.startsWith(`${NEW_ENTRY} `))
    .map((text) => text.slice(NEW_ENTRY.length));
  const others = found.filter((text) => !known.includes(text));
  return (
    known.every((text) => found.includes(text)) &&
    others.length === added.length &&
    added.every((state) => others.some((text) => text.endsWith(state)))
  );
}

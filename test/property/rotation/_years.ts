import { openEntries } from '../../../src/commands/pipeline/unit/open.ts';
import {
  automaticWorks,
  workOf,
  type RotationWork,
} from '../../../src/commands/propose/rotation/works.ts';
import type { DesiredUnit } from '../../../src/model/desired.ts';
import type { CredentialPath } from '../../../src/model/names.ts';
import type { ObservedCluster } from '../../../src/model/observed.ts';
import type { Action } from '../../../src/model/plan.ts';
import { layout } from '../../../src/model/store/layout.ts';
import type { MergedStage, RotationRequest } from '../../../src/model/store/rotation.ts';
import { observeCluster } from '../../../src/observe/cluster.ts';
import { dueAt } from '../../../src/plan/renewal.ts';
import { comesBack, setDigest, type Work } from '../../../src/propose/policy.ts';
import type { AgeIdentity } from '../../../src/sops/age/identity.ts';
import { nativeCipher } from '../../../src/sops/cipher.ts';
import { after, DAY, TREE } from '../../_helpers/desired.ts';
import { MemoryTree, synth, type SynthResult } from '../../_helpers/repository.ts';

/** How people treat the pull requests that are opened, one after the other and over again. */
export interface People {
  /** Days that each waits. */
  readonly delays: readonly number[];
  /** Every so many-th of a stage is closed where it would have been merged. */
  readonly closesEvery: number;
}

/**
 * As `propose` has them: what it is about, when its branch was made, and when people decide. All of one cluster touch its inventory, so
 * each is made anew after every merge, and what is merged was made on the tree as it stands.
 */
interface Pull {
  readonly work: Pick<Work, 'name' | 'set' | 'record' | 'deadline' | 'renewBefore'>;
  /** Undefined for the renewal of certificates. */
  readonly request: RotationRequest | undefined;
  readonly decidedAt: Date;
  readonly isClosed: boolean;
  readonly madeAt: Date;
  readonly version: number;
}

/** A repository of one cluster, a forge, and a job that runs `renew --pull-request`. */
export class Years {
  readonly tree = new MemoryTree();
  readonly open = new Map<string, Pull>();
  /** When each keyset had one entry last: the next rotation may begin on the day on which one ends. */
  readonly steadyAt = new Map<CredentialPath, Date>();
  /** Merged stages that another stage was merged before on the same day. */
  mergedTogether = 0;
  rebuilt = 0;
  closed = 0;
  mostOpen = 0;
  readonly #unit: DesiredUnit;
  readonly #identity: AgeIdentity;
  readonly #people: People;
  readonly #merged = new Map<CredentialPath, MergedStage>();
  readonly #refused = new Map<string, { readonly set: string; readonly closedAt: Date }>();
  #cluster: ObservedCluster | undefined;
  #due: { readonly at: Date; readonly actions: readonly Action[] } | undefined;
  #status: SynthResult | undefined;
  #asked: CredentialPath | undefined;
  #opened = 0;
  #version = 0;

  constructor(unit: DesiredUnit, identity: AgeIdentity, people: People) {
    this.#unit = unit;
    this.#identity = identity;
    this.#people = people;
  }

  async start(): Promise<void> {
    await synth(this.tree, { units: [this.#unit] });
  }

  /** Somebody runs `rotate --pull-request`, and again where others close it, until it is merged: nobody else begins what has no end. */
  ask(keyset: CredentialPath): void {
    this.#asked = keyset;
  }

  /** A run, and after each merge another one. */
  async day(now: Date): Promise<void> {
    await this.#run(now);
    let stages = 0;
    for (;;) {
      const pull = [...this.open.values()].find(({ decidedAt }) => decidedAt <= now);
      if (pull === undefined) return;
      this.open.delete(pull.work.name);
      if (pull.isClosed) {
        this.closed += 1;
        const set = setDigest(pull.work.set);
        this.#refused.set(pull.work.name, { set, closedAt: now });
        continue;
      }
      await this.#merge(pull, now);
      if (pull.request !== undefined) {
        if (stages > 0) this.mergedTogether += 1;
        stages += 1;
      }
      await this.#run(now);
    }
  }

  cluster(): ObservedCluster {
    return (this.#cluster ??= observeCluster(this.tree, TREE, 'prod', () => undefined));
  }

  /** Opens every private key of the store's keysets; throws where one is not that of its entry. */
  async openAll(): Promise<void> {
    const cipher = nativeCipher({ list: [this.#identity], unusable: [] });
    for (const keyset of this.cluster().keysets.values())
      await openEntries(keyset, this.tree, cipher);
  }

  async #run(now: Date): Promise<void> {
    for (const { path, entries } of this.cluster().keysets.values())
      if (entries.length === 1) this.steadyAt.set(path, now);
    await this.#renewals(now);
    await this.#rotations(now);
    this.mostOpen = Math.max(this.mostOpen, this.open.size);
  }

  /** Time alone changes what is due, the base all else: no run looks at either again that has not changed. */
  async #renewals(now: Date): Promise<void> {
    if (this.#due === undefined || this.#dueBetween(this.#due.at, now))
      this.#due = { at: now, actions: (await this.#synth(this.tree, now, 'plan')).actions };
    const { actions } = this.#due;
    const set = actions.map(({ action, credential }) => `${action} ${credential}`);
    const work = { name: 'renew', set, deadline: null, renewBefore: null };
    this.#propose(work, undefined, now);
  }

  async #rotations(now: Date): Promise<void> {
    const keyset = '' as CredentialPath;
    const request: RotationRequest = { keyset, verb: 'status', acceptLockout: false };
    this.#status ??= await this.#synth(this.tree, now, 'plan', request);
    const { rotations, actions } = this.#status;
    const held = [...this.open.values()].map(({ work }) => ({
      name: work.name,
      record: work.record,
      files: [],
    }));
    const works: RotationWork[] = automaticWorks({ rotations, actions }, held, now);
    const asked = rotations.find((status) => status.keyset === this.#asked);
    if (asked !== undefined) {
      const advance = { keyset: asked.keyset, verb: 'advance', acceptLockout: false } as const;
      const own = workOf(asked, advance, 'asked-for', now);
      works.splice(0, works.length, ...works.filter(({ name }) => name !== own.name), own);
    }
    for (const work of works) this.#propose(work, work.request, now);
  }

  /** As `propose` brings one branch in line with what is due. */
  #propose(work: Pull['work'], request: RotationRequest | undefined, now: Date): void {
    const pull = this.open.get(work.name);
    if (work.set.length === 0) {
      this.open.delete(work.name);
      return;
    }
    const refused = this.#refused.get(work.name);
    if (pull === undefined && refused !== undefined && now < comesBack(work as Work, refused))
      return;
    const isSame =
      pull?.work.record === work.record && setDigest(pull?.work.set ?? []) === setDigest(work.set);
    if (pull !== undefined && isSame && pull.version === this.#version) return;
    if (pull !== undefined) this.rebuilt += 1;
    const isStage = request !== undefined;
    if (pull === undefined) this.#opened += 1;
    const { delays, closesEvery } = this.#people;
    const delay = delays[this.#opened % delays.length] ?? 0;
    this.open.set(work.name, {
      decidedAt: pull?.decidedAt ?? after(now, delay * DAY),
      isClosed: pull?.isClosed ?? (isStage && this.#opened % closesEvery === 0),
      ...{ work, request, madeAt: now, version: this.#version },
    });
  }

  #dueBetween(since: Date, now: Date): boolean {
    const { leaves } = this.cluster();
    return this.#unit.clusters.some((desired) =>
      desired.leaves.some((leaf) => {
        const own = leaves.get(leaf.path);
        if (own === undefined || 'unreadable' in own) return true;
        const { issuedAt, certificate } = own;
        const due = dueAt(leaf.path, leaf, { issuedAt, notAfter: certificate.notAfter });
        return since < due && due <= now;
      }),
    );
  }

  async #merge({ request, madeAt }: Pull, now: Date): Promise<void> {
    await this.#synth(this.tree, madeAt, 'synth', request);
    this.#cluster = this.#due = this.#status = undefined;
    this.#version += 1;
    if (request === undefined) return;
    const { keyset } = request;
    if (keyset === this.#asked) this.#asked = undefined;
    const content = this.tree.read(layout.keyset(TREE, keyset)) ?? new Uint8Array();
    this.#merged.set(keyset, { since: now, commit: 'c'.repeat(40), content });
  }

  #synth(tree: MemoryTree, now: Date, mode: 'plan' | 'synth', request?: RotationRequest) {
    const common = { units: [this.#unit], identity: this.#identity, now };
    if (request === undefined) return synth(tree, { ...common, chain: 'propose' }, mode);
    return synth(tree, { ...common, rotation: { request, merged: this.#merged } }, mode);
  }
}

import process from 'node:process';
import test from 'ava';
import fc from 'fast-check';
import { validityOf } from '../../src/issue/dates.ts';
import type { DesiredCluster, DesiredLeaf } from '../../src/model/desired.ts';
import type { CredentialPath } from '../../src/model/names.ts';
import type { ObservedLeaf } from '../../src/model/observed.ts';
import { CHAINS, type ChainName } from '../../src/plan/checks.ts';
import { plan, type UnitPlan } from '../../src/plan/plan.ts';
import { dueAt } from '../../src/plan/renewal.ts';
import {
  decide,
  inOrder,
  setDigest,
  urgencyOf,
  type Situation,
  type Work,
} from '../../src/propose/policy.ts';
import { nativeCipher, type Cipher } from '../../src/sops/cipher.ts';
import {
  after,
  authority,
  certificateOf,
  cluster,
  DAY,
  leaf,
  NOW,
  observedCluster,
  observedLeaf,
  sha256,
  unit,
} from '../_helpers/desired.ts';
import { randomFleet, unitsOf } from '../_helpers/random-fleet.ts';
import { MemoryTree, newIdentity, synth } from '../_helpers/repository.ts';
import { seeded } from '../_helpers/seeded.ts';

const isSlow = process.env['SLOW'] === '1';
const YEARS = 10;
const DAYS = YEARS * 365;
const LONGEST_DELAY = 30;

/** How a leaf is renewed, in parts of what is possible. */
const policy = fc.record({
  /** Of the room between the shortest and the longest renewBefore. */
  early: fc.double({ min: 0, max: 1, noNaN: true }),
  isPercentage: fc.boolean(),
  validity: fc.integer({ min: 300, max: 800 }),
  jitter: fc.constantFrom(0, 1, 7, 14),
  hasWindow: fc.boolean(),
});

const fleet = fc.record({
  clusters: fc.array(
    fc.record({
      nodes: fc.nat(2),
      ofNode: fc.array(policy, { minLength: 1, maxLength: 3 }),
      others: fc.array(policy, { minLength: 1, maxLength: 2 }),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  maxOpen: fc.integer({ min: 1, max: 3 }),
  hour: fc.nat(23),
  delays: fc.array(fc.nat(LONGEST_DELAY), { minLength: 1, maxLength: 12 }),
});

type RandomFleet = typeof fleet extends fc.Arbitrary<infer T> ? T : never;

/** Three clusters that are due on the same day, and room for one. */
const CROWDED: RandomFleet = {
  clusters: [1, 2, 3].map(() => ({
    nodes: 1,
    ofNode: [{ early: 0, isPercentage: false, validity: 400, jitter: 7, hasWindow: false }],
    others: [{ early: 0.5, isPercentage: false, validity: 365, jitter: 0, hasWindow: false }],
  })),
  maxOpen: 1,
  hour: 8,
  delays: [30, 0, 12],
};

const WINDOW = { cron: '0 1 * * 6', duration: 4 * 3600, timeZone: 'Europe/Berlin' };

function leafOf(
  path: string,
  random: RandomFleet['clusters'][number]['others'][number],
  room: number,
) {
  const { jitter, hasWindow, early, isPercentage } = random;
  const shortest = hasWindow ? 2 * room : room;
  // a declaration is refused that leaves less than a third of the validity
  const validity = Math.max(random.validity, Math.ceil(((shortest + jitter) * 3) / 2));
  const longest = Math.floor((validity * 2) / 3) - jitter;
  const days = Math.floor(shortest + early * (longest - shortest));
  return leaf(path, {
    validity: validity * DAY,
    renewBefore: days * DAY,
    renewBeforePercentage: isPercentage ? (days / validity) * 100 : null,
    jitter: jitter * DAY,
    renewalWindows: hasWindow ? [WINDOW] : [],
  });
}

/** What is in git of one cluster. */
class Base {
  readonly desired: DesiredCluster;
  readonly leaves: ReadonlyMap<CredentialPath, ObservedLeaf>;

  /** When the first of them is due: a plan takes too long for each of so many quiet days. */
  readonly #due: number;

  constructor(desired: DesiredCluster, leaves: Iterable<ObservedLeaf>) {
    this.desired = desired;
    this.leaves = new Map([...leaves].map((item) => [item.path, item]));
    this.#due = Math.min(
      ...desired.leaves.map((item) => {
        const { issuedAt: at, certificate } = this.leaves.get(item.path) ?? observedLeaf(item);
        return dueAt(item.path, item, { issuedAt: at, notAfter: certificate.notAfter }).getTime();
      }),
    );
  }

  /** Whether there is nothing to look at; some quiet days are looked at all the same. */
  isQuiet(day: number, now: Date): boolean {
    return day % 23 !== 0 && now.getTime() < this.#due;
  }

  plan(chain: ChainName, now: Date): UnitPlan {
    const store = observedCluster(this.desired, { leaves: [...this.leaves.values()] });
    return plan(
      unit(this.desired),
      {
        clusters: new Map([[store.name, store]]),
        foreignKeysets: new Map(),
        foreignMade: new Set(),
        replaced: new Set(),
        leaving: new Map(),
        signingLives: new Map(),
        exposed: [],
      },
      { chain: CHAINS[chain], removedRecipients: [], now },
    );
  }

  with(issued: readonly ObservedLeaf[]): Base {
    return new Base(this.desired, [...this.leaves.values(), ...issued]);
  }
}

function issuedAt(desired: DesiredLeaf, now: Date): ObservedLeaf {
  const dates = validityOf(desired, null, now);
  return observedLeaf(desired, { certificate: certificateOf(desired, dates), issuedAt: now });
}

function basesOf({ clusters, maxOpen }: RandomFleet): Base[] {
  // every other cluster may be before it in the queue, each for as long as nobody merges
  const room = (LONGEST_DELAY + 2) * Math.ceil(clusters.length / maxOpen) + 8;
  return clusters.map((random, index) => {
    const name = `c${index}`;
    const ca = authority(`${name}/ca`, { validity: 40 * 365 * DAY });
    const nodes = Array.from({ length: random.nodes }, (_, node) => `cp-${node}`);
    const leaves = [
      ...nodes.flatMap((node) =>
        random.ofNode.map((one, at) => leafOf(`${name}/${node}/leaf-${at}`, one, room)),
      ),
      ...random.others.map((one, at) => leafOf(`${name}/other-${at}`, one, room)),
    ];
    const desired = cluster(name, {
      nodes: nodes.map((node) => ({ name: node, recipients: [] })),
      authorities: [ca],
      leaves,
    });
    return new Base(
      desired,
      leaves.map((item) => issuedAt(item, NOW)),
    );
  });
}

/** Nothing is valid no more, and nothing was issued before its time. */
function faults(base: Base, issued: readonly ObservedLeaf[], now: Date): string[] {
  const expired = [...base.leaves.values()].filter(
    ({ certificate }) => now.getTime() > certificate.notAfter.getTime(),
  );
  const early = issued.filter(({ path, issuedAt: at }) => {
    const was = base.leaves.get(path);
    const desired = base.desired.leaves.find((item) => item.path === path);
    if (was === undefined || desired === undefined) return true;
    const { issuedAt: begin, certificate } = was;
    const due = dueAt(path, desired, { issuedAt: begin, notAfter: certificate.notAfter });
    // what goes along with another certificate of its node, does so within its own jitter window
    const first = after(due, desired.node === null ? 0 : -desired.jitter);
    const third = (certificate.notAfter.getTime() - begin.getTime()) / 3;
    return at.getTime() < first.getTime() || at.getTime() < begin.getTime() + third;
  });
  return [
    ...expired.map(({ path }) => `${path} is expired on ${now.toISOString()}`),
    ...early.map(({ path }) => `${path} was renewed early, before ${now.toISOString()}`),
  ];
}

function workOf({ desired, leaves }: Base, { issue }: UnitPlan): Work {
  const ends = issue.map(({ desired: { path } }) => leaves.get(path)?.certificate.notAfter);
  const deadline = Math.min(...ends.map((end) => end?.getTime() ?? Infinity));
  return {
    name: desired.name,
    clusters: [desired.name],
    set: issue.map(({ desired: { path } }) => `issue ${path}`),
    deadline: issue.length === 0 ? null : new Date(deadline),
    renewBefore: null,
  };
}

interface BaseWork extends Work {
  readonly base: Base;
}

interface PullRequest {
  readonly mergedOn: number;
  readonly work: BaseWork;
  readonly issued: readonly ObservedLeaf[];
}

function situationOf(
  work: BaseWork,
  pull: PullRequest | undefined,
  room: number,
  now: Date,
): Situation {
  const situation = { work, closed: null, hasRoom: room > 0 };
  if (pull === undefined) return { ...situation, head: null, open: null };
  const isCurrent = work.base.with(pull.issued).plan('propose', now).issue.length === 0;
  const urgency = urgencyOf(pull.work, now);
  return {
    ...situation,
    head: isCurrent ? 'current' : 'outdated',
    open: { set: setDigest(pull.work.set), urgency, isLabelled: true },
  };
}

const numRuns = isSlow ? 60 : 3;

test('property: ten years of pull requests, each merged after up to 30 days: nothing expires, nothing goes early, and no more are open or touched in a day than may be', (t) => {
  t.timeout(600_000);
  let [opened, deferred] = [0, 0];
  fc.assert(
    fc.property(fleet, (random) => {
      const bases = new Map(basesOf(random).map((base) => [base.desired.name, base]));
      const open = new Map<string, PullRequest>();
      for (let day = 0; day <= DAYS; day += 1) {
        const now = after(NOW, day * DAY + random.hour * 3600);
        for (const [name, { mergedOn, issued }] of open) {
          const base = bases.get(name);
          if (base === undefined || mergedOn > day) continue;
          const wrong = faults(base, issued, now);
          if (wrong.length > 0) throw new Error(wrong.join('\n'));
          bases.set(name, base.with(issued));
          open.delete(name);
        }
        const all = [...bases.values()];
        if (open.size === 0 && all.every((base) => base.isQuiet(day, now))) continue;
        const room = random.maxOpen - open.size;
        const today = { opened: 0, built: 0 };
        const works = all.map((base) => {
          const planned = base.plan('propose', now);
          return { ...workOf(base, planned), base, issue: planned.issue };
        });
        for (const work of inOrder(works, ({ name }) => open.has(name))) {
          const { base, issue, name } = work;
          const wrong = faults(base, [], now);
          if (wrong.length > 0) throw new Error(wrong.join('\n'));
          const pull = open.get(name);
          const decision = decide(situationOf(work, pull, random.maxOpen - open.size, now), now);
          if (decision.do === 'close') throw new Error(`${name} was proposed for nothing`);
          if (decision.do === 'defer') deferred += 1;
          if (decision.do !== 'build') continue;
          // anew only for what has become due since
          const before = new Set(pull?.work.set);
          if (work.set.every((item) => before.has(item))) throw new Error(`${name}: for nothing`);
          today.built += 1;
          if (pull === undefined) today.opened += 1;
          const delay = random.delays[(day + opened + today.opened) % random.delays.length] ?? 0;
          open.set(name, {
            mergedOn: pull?.mergedOn ?? day + 1 + Math.min(delay, LONGEST_DELAY - 1),
            work,
            issued: issue.map(({ desired }) => issuedAt(desired, now)),
          });
        }
        opened += today.opened;
        if (open.size > random.maxOpen) throw new Error(`${open.size} are open`);
        if (today.opened > room) throw new Error(`${today.opened} were opened in a day`);
        if (today.built > random.maxOpen) throw new Error(`${today.built} were touched in a day`);
      }
    }),
    { numRuns, examples: [[CROWDED]] },
  );
  t.true(opened >= numRuns * 3, `${opened} pull requests`);
  t.true(deferred > 0, 'the bound was never reached');
});

test('property: ten years of renewals in the work tree, with a run left out for up to 30 days: nothing expires or goes early', (t) => {
  t.timeout(600_000);
  let renewed = 0;
  fc.assert(
    fc.property(fleet, (random) => {
      for (let base of basesOf({ ...random, maxOpen: random.clusters.length })) {
        let next = 0;
        for (let day = 0; day <= DAYS; day += 1) {
          const now = after(NOW, day * DAY + random.hour * 3600);
          if (base.isQuiet(day, now) || day < next) continue;
          const { issue } = base.plan('renew', now);
          const issued = issue.map(({ desired }) => issuedAt(desired, now));
          const wrong = faults(base, issued, now);
          if (wrong.length > 0) throw new Error(wrong.join('\n'));
          base = base.with(issued);
          if (issued.length === 0) continue;
          if (base.plan('renew', now).issue.length > 0) throw new Error('it is not done');
          renewed += issued.length;
          next = day + (random.delays[renewed % random.delays.length] ?? 0);
        }
      }
    }),
    { numRuns },
  );
  t.true(renewed >= numRuns * 3, `${renewed} renewals`);
});

/** Of which the signatures hold no randomness. */
const ed25519 = <T>(credential: T): T => ({ ...credential, keyAlgorithm: 'Ed25519' });

test('property: with clock, randomness and keys given, what renew writes is the same byte for byte', async (t) => {
  t.timeout(600_000);
  const identity = await newIdentity();
  const real = nativeCipher({ list: [identity], unusable: [] });
  // age's ephemeral keys are random wherever they come from: here what goes into the cipher counts
  const written: Cipher = {
    ...real,
    encryptYaml: (document, { selector, recipients }) =>
      Promise.resolve(sha256(JSON.stringify([document, selector, recipients]))),
    encryptBinary: (content, { recipients }) =>
      Promise.resolve(sha256(JSON.stringify([content, recipients]))),
  };
  await fc.assert(
    fc.asyncProperty(randomFleet, async (random) => {
      const units = unitsOf(random, [identity.recipient]).map((one) => ({
        ...one,
        clusters: one.clusters.map((item) => ({
          ...item,
          authorities: item.authorities.map(ed25519),
          leaves: item.leaves.map(ed25519),
        })),
      }));
      const tree = new MemoryTree();
      await synth(tree, { units, entropy: seeded });
      const [one, other] = [tree.clone(), tree.clone()];
      const options = {
        units,
        chain: 'renew',
        identity,
        cipher: written,
        now: after(NOW, 300 * DAY),
        entropy: seeded,
      } as const;
      const { actions } = await synth(one, options);
      await synth(other, options);
      t.deepEqual(one.contents(), other.contents());
      const leaves = units.flatMap(({ clusters }) => clusters.flatMap((item) => item.leaves));
      t.deepEqual(
        actions.filter(({ action }) => action === 'issue').map(({ reason }) => reason),
        leaves.map(() => 'RenewalDue'),
      );
    }),
    { numRuns: isSlow ? 30 : 4 },
  );
});

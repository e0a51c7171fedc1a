import process from 'node:process';
import test from 'ava';
import fc from 'fast-check';
import { isReady } from '../../../src/plan/rotation/ready.ts';
import type { RunResult } from '../../../src/commands/pipeline/total.ts';
import { layout } from '../../../src/model/store/layout.ts';
import type { MergedStage, RotationRequest } from '../../../src/model/store/rotation.ts';
import type { ObservedKeyset } from '../../../src/model/observed.ts';
import { observeCluster } from '../../../src/observe/cluster.ts';
import {
  after,
  authority,
  cluster,
  DAY,
  kubeconfig,
  leaf,
  NOW,
  TREE,
  unit,
} from '../../_helpers/desired.ts';
import { MemoryTree, newIdentity, synth, type SynthResult } from '../../_helpers/repository.ts';

const identity = await newIdentity();
const YEARS = 10;
const MOST_DELAY = 30;

const CA = authority('prod/ca', {
  validity: 365 * DAY,
  rotation: { soak: DAY, automatic: true, outsideLife: 20 * DAY },
});
const LEAF = { validity: 90 * DAY, renewBefore: 40 * DAY, jitter: 0 };
const PROD = unit(
  cluster('prod', {
    recipients: [identity.recipient],
    authorities: [CA],
    leaves: [leaf('prod/web', LEAF), kubeconfig('prod/admin', LEAF)],
  }),
);

/** A pull request: what it does, and when people merge it. */
interface Pull {
  readonly kind: 'renew' | 'rotate';
  readonly mergesAt: Date;
}

class Repository {
  readonly tree = new MemoryTree();
  #merged: MergedStage | undefined;
  readonly #path = layout.keyset(TREE, CA.path);

  async renew(now: Date): Promise<void> {
    await synth(this.tree, { units: [PROD], identity, now, chain: 'renew' });
  }

  async isDue(now: Date): Promise<boolean> {
    const { actions } = await synth(this.tree, { units: [PROD], now, chain: 'renew' }, 'plan');
    return actions.length > 0;
  }

  async status(now: Date): Promise<RunResult['rotations'][number]> {
    const [status] = (await this.#run('status', now)).rotations;
    if (status === undefined) throw new TypeError('no keyset');
    return status;
  }

  async rotate(now: Date): Promise<void> {
    await this.#run('advance', now);
    const content = this.tree.read(this.#path) ?? new Uint8Array();
    this.#merged = { since: now, commit: 'c'.repeat(40), content };
  }

  keyset(): { readonly keyset: ObservedKeyset | undefined; readonly problems: readonly string[] } {
    const { keysets, leaves } = observeCluster(this.tree, TREE, 'prod', () => undefined);
    const problems = [...leaves.values()].flatMap((one) => {
      if ('unreadable' in one) return [one.unreadable];
      const entry = keysets.get(CA.path)?.entries.find(({ id }) => id === one.issuer.id);
      return entry !== undefined && one.signedByIssuer ? [] : [`${one.path} is not trusted`];
    });
    return { keyset: keysets.get(CA.path), problems };
  }

  /** The first of all certificates to end that is in use. */
  ends(): Date {
    const { keysets, leaves } = observeCluster(this.tree, TREE, 'prod', () => undefined);
    const all = [...leaves.values()].flatMap((one) =>
      'certificate' in one ? [one.certificate.notAfter] : [],
    );
    const issuing = keysets.get(CA.path)?.entries[0]?.certificate?.notAfter;
    return new Date(Math.min(...[...all, issuing ?? new Date(0)].map((date) => date.getTime())));
  }

  #run(verb: RotationRequest['verb'], now: Date): Promise<SynthResult> {
    const request = { keyset: CA.path, verb, acceptLockout: false };
    const merged = new Map(this.#merged === undefined ? [] : [[CA.path, this.#merged]]);
    const rotation = { request, merged };
    return synth(
      this.tree,
      { units: [PROD], identity, now, rotation },
      verb === 'status' ? 'plan' : 'synth',
    );
  }
}

test('property: in ten years of daily runs, merges late by up to 30 days, CAs of one year are rotated in time, and nothing expires or is untrusted', async (t) => {
  t.timeout(900_000);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: MOST_DELAY }), { minLength: 7, maxLength: 7 }),
      async (delays) => {
        const repository = new Repository();
        await synth(repository.tree, { units: [PROD] });
        const open = new Map<Pull['kind'], Pull>();
        const issuers = new Set<string>();
        let [opened, lastSteady] = [0, 0];
        const propose = (kind: Pull['kind'], now: Date): void => {
          if (open.has(kind)) return;
          const delay = delays[opened % delays.length] ?? 0;
          opened += 1;
          open.set(kind, { kind, mergesAt: after(now, delay * DAY) });
        };
        for (let day = 0; day < YEARS * 365; day += 1) {
          const now = after(NOW, day * DAY + 3600);
          if (await repository.isDue(now)) propose('renew', now);
          if (isReady(await repository.status(now), now)) propose('rotate', now);
          for (const { kind, mergesAt } of open.values()) {
            if (now.getTime() < mergesAt.getTime()) continue;
            open.delete(kind); // made anew on the base as it is
            await (kind === 'renew' ? repository.renew(now) : repository.rotate(now));
          }
          const { keyset, problems } = repository.keyset();
          t.deepEqual(problems, [], `day ${day}`);
          t.true(repository.ends().getTime() > now.getTime(), `day ${day}: something has expired`);
          const [issuing, ...others] = keyset?.entries ?? [];
          issuers.add(issuing?.id ?? '');
          if (others.length === 0) lastSteady = day;
          t.true(day - lastSteady <= 120, `day ${day}: a rotation does not end`);
        }
        t.true(issuers.size > YEARS, `${issuers.size} issuing entries`);
        return true;
      },
    ),
    { numRuns: process.env['SLOW'] === '1' ? 10 : 1 },
  );
});

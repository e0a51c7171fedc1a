import test, { type ExecutionContext } from 'ava';
import { Fleet } from '../../_helpers/fleet.ts';
import { clusterTest, watch } from '../_cluster-test.ts';
import { accepted, type Verdict } from './_refused.ts';
import { Run } from './_run.ts';
import { stage } from './_stage.ts';
import { Topology } from './_topology.ts';

const ABORT = ['--abort'];

export interface Flow {
  /** They go through their stages together, each in a commit of its own. */
  readonly keysets: readonly string[];
  /** What of the retired entry is still accepted until `extension-apiserver-authentication` is built anew. */
  readonly untilRebuilt: Readonly<Record<string, Verdict>>;
  /** How those fail who keep what they have over the last stage. */
  readonly forgotten: Readonly<Record<string, readonly string[]>>;
  /** Workers whose kubelets keep their certificates. */
  readonly forgottenNodes?: readonly string[];
  /** The page of the last `issue` is its last chance to be read. */
  readonly issued?: (topology: Topology) => void;
}

/** Registers the tests of a whole rotation, forth, back and forth again, under one load; returns the cluster that they run. */
export function rotationTests(flow: Flow): () => { topology: Topology; run: Run } {
  const { keysets, forgottenNodes: forgotten = [] } = flow;
  const names = keysets.join(', ');
  let fleet: Fleet | undefined;
  let topology: Topology | undefined;
  let run: Run | undefined;
  test.before(async () => {
    fleet = await Fleet.prepare();
  });
  test.after.always(() => {
    topology?.end();
  });
  watch(
    () => fleet,
    () => topology?.plane,
  );
  const running = (): { topology: Topology; run: Run } => {
    if (topology === undefined || run === undefined) throw new Error('nothing has started');
    return { topology, run };
  };
  const go = (t: ExecutionContext, label: string, more: object = {}): Promise<void> =>
    stage(t, running().run, { keysets, label, ...more });

  clusterTest(
    `${names}: a cluster boots from its bundles, and a load finds all its credentials accepted`,
    async (t) => {
      if (fleet === undefined) throw new Error('no fleet');
      topology = await Topology.create(fleet);
      await topology.boot();
      run = await Run.start(topology);
      t.deepEqual(run.failures(), []);
      for (const keyset of keysets) await every(t, run, keyset, 'first', 'by all');
    },
  );

  clusterTest(`${names}: accept and the way back from it let no request fail`, async (t) => {
    await go(t, 'accept-1');
    await go(t, 'abort-1', { options: ABORT });
  });

  clusterTest(`${names}: issue and the way back from it let no request fail`, async (t) => {
    await go(t, 'accept-2');
    await go(t, 'issue-2');
    await go(t, 'abort-2', { options: ABORT });
    for (const keyset of keysets) await every(t, running().run, keyset, 'issue-2', 'by all');
  });

  clusterTest(
    `${names}: forth again, and the end of the old entry, let no request fail but those of who keeps the credentials of before, which nobody accepts then`,
    async (t) => {
      const { topology: cluster, run: load } = running();
      // what took issue back is taken back
      await go(t, 'issue-3', { options: ABORT, forgotten });
      flow.issued?.(cluster);
      for (const keyset of keysets) await every(t, load, keyset, 'first', 'by all');
      load.forget('first');
      const before: Record<string, Verdict> = {};
      await go(t, 'retire-3', {
        forgotten,
        async rebuild() {
          for (const keyset of keysets)
            Object.assign(before, await accepted(load, keyset, 'first'));
        },
      });
      t.like(before, flow.untilRebuilt, 'until the ConfigMap is built anew');
      for (const keyset of keysets) await every(t, load, keyset, 'first', 'by none');
      for (const keyset of keysets) await every(t, load, keyset, 'retire-3', 'by all');
      t.deepEqual(load.forgotten(), flow.forgotten);
      t.log(load.summary());
    },
  );
  return running;
}

/** Each use of what a keyset signed for a generation. */
export async function every(
  t: ExecutionContext,
  run: Run,
  keyset: string,
  label: string,
  verdict: Verdict,
): Promise<void> {
  const found = await accepted(run, keyset, label);
  t.true(Object.keys(found).length > 0);
  const expected = Object.fromEntries(Object.keys(found).map((use) => [use, verdict]));
  t.deepEqual(found, expected, `${keyset}: ${label}`);
}

import { setTimeout as delay } from 'node:timers/promises';
import type { ExecutionContext } from 'ava';
import * as kubernetes from '../_kubernetes.ts';
import { ADDRESSES, ADMIN, SERVERS, WORKERS } from './_cluster.ts';
import { every } from './_flow.ts';
import { putBootstrapToken, putWorkerBundle } from './_kubelet.ts';
import { FORGOTTEN, type Run } from './_run.ts';
import { stepsOfOutput } from './_runbook.ts';
import { follow, OLD_KUBECONFIG } from './_steps.ts';

const LABEL = 'replaced';

/**
 * The hard replacement of a keyset, as `rotate` prints its runbook: everybody stops, and all goes on at its end but for those who keep
 * what they had at `last`.
 *
 * @param lockedOut how the requests of those fail, by what they keep
 */
export async function replace(
  t: ExecutionContext,
  run: Run,
  {
    keyset,
    last,
    lockedOut,
  }: { keyset: string; last: string; lockedOut: Record<string, string[]> },
): Promise<void> {
  const { topology } = run;
  const start = Date.now();
  const [first, ...others] = SERVERS.map((node) => topology.machine(node));
  if (first === undefined) throw new Error('no API server');
  const workers = Object.keys(WORKERS).map((name) => topology.machine(name));
  for (const machine of [first, ...others]) {
    t.is(machine.write('old.conf', machine.root.read('admin.conf')), OLD_KUBECONFIG);
  }
  run.stop();
  topology.complaints();
  const output = await topology.rotate(keyset, '--compromised');
  t.regex(output, /^outage: /mu);
  await topology.rollOutAtOnce();
  for (const step of stepsOfOutput(output)) {
    if (step.title.startsWith('Bootstrap every other node')) {
      for (const worker of workers) {
        await kubernetes.eventually(`${worker.name} is locked out`, () =>
          Promise.resolve(isComplaining(topology.complaints(), worker.name)),
        );
        putWorkerBundle(topology.fleet, worker.root);
        await putBootstrapToken(first, worker);
      }
    }
    if (step.title.startsWith('Restart Flux')) {
      await topology.deliver();
      await run.handOut(LABEL);
      await run.restartWorkloads(LABEL);
    }
    await follow(topology, step);
  }
  for (const { name } of workers) await topology.ready(name);
  for (const node of SERVERS) {
    const server = ['--kubeconfig', ADMIN, '--server', `https://${ADDRESSES[node]}:6443`];
    const get = ['get', '--raw', '/apis/widgets.example.com/v1/widgets'];
    await kubernetes.eventually('the extension API server', () =>
      first.succeed('kubectl', [...server, ...get]),
    );
  }
  await delay(2000); // what was under way has failed by then
  run.forgive();
  await run.handedOver();
  t.deepEqual(run.failures(), [], 'everything works again');
  run.forget(last);
  const expected = Object.entries(lockedOut).filter(([, kinds]) => kinds.length > 0);
  await kubernetes.eventually('refusals', () => {
    const failing = new Set(run.failures().map(({ client }) => client));
    const isSeen = expected.every(([name]) => failing.has(`${FORGOTTEN}${last}-${name}`));
    return Promise.resolve(isSeen ? true : undefined);
  });
  await every(t, run, keyset, last, 'by none');
  await every(t, run, keyset, LABEL, 'by all');
  t.deepEqual(run.forgotten(), lockedOut);
  const failures = run.failures().filter(({ client }) => !client.startsWith(FORGOTTEN));
  t.deepEqual(failures, []);
  t.log(`replaced ${keyset}: ${((Date.now() - start) / 1000).toFixed(0)} s; ${run.summary()}`);
}

function isComplaining(complaints: readonly string[], node: string): true | undefined {
  return complaints.some((line) => line.startsWith(`${node}/kubelet: `)) ? true : undefined;
}

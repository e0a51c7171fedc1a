import { clusterTest } from '../_cluster-test.ts';
import { eventually } from '../_kubernetes.ts';
import { ADMIN } from './_cluster.ts';
import { rotationTests } from './_flow.ts';
import { replace } from './_replace.ts';

const running = rotationTests({
  keysets: ['etcd-ca', 'front-proxy-ca', 'service-account-key', 'mesh'],
  untilRebuilt: {
    'a front proxy of the API servers': 'by none',
    'a front proxy of the schedulers': 'by all',
    'a front proxy of the extension': 'by all',
    'a client of etcd': 'by none',
    'a token for the API servers': 'by none',
    'a server for who trusts the mesh': 'by none',
  },
  forgotten: { admin: [], etcd: ['TLS'], token: ['401'], trust: [] },
});

clusterTest(
  'service-account-key: --compromised refuses every token from before, and all works again at the end of its runbook',
  async (t) => {
    await replace(t, running().run, {
      keyset: 'service-account-key',
      last: 'retire-3',
      lockedOut: { admin: [], etcd: [], token: ['401'], trust: [] },
    });
  },
);

clusterTest(
  'mesh: an API server refuses a webhook that shows what the retired entry signed, and takes what the new one has',
  async (t) => {
    const { run, topology } = running();
    const create = async (name: string): Promise<string> => {
      const metadata = { name, labels: { gate: 'asked' } };
      const object = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata });
      const args = ['--kubeconfig', ADMIN, 'create', '--dry-run=server', '-f', '-'];
      const { stdout, stderr } = await topology.machine('cp-1').runFile('kubectl', args, object);
      return `${stdout.toString()}${stderr.toString()}`;
    };
    const says = (name: string, text: RegExp): Promise<unknown> =>
      eventually(`${name}: ${text.source}`, async () => {
        const answer = await create(name);
        if (text.test(answer)) return answer;
        throw new Error(answer);
      });
    run.stop();
    await run.showGate('first');
    t.regex(String(await says('one', /failed calling webhook.*x509/u)), /unknown authority/u);
    await run.showGate('retire-3');
    t.regex(String(await says('one', /created/u)), /dry run/u);
    t.regex(String(await says('denied', /denied the request/u)), /the gate denies it/u);
  },
);

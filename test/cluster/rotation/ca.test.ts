import { clusterTest } from '../_cluster-test.ts';
import { PKI } from '../_etcd.ts';
import { putBootstrapToken } from './_kubelet.ts';
import { rotationTests } from './_flow.ts';
import { replace } from './_replace.ts';
import { stepsOfPage, type Step } from './_runbook.ts';
import { follow } from './_steps.ts';

const LOST = 'worker-2';
let bootstrap: Step | undefined;

const running = rotationTests({
  keysets: ['ca'],
  untilRebuilt: {
    'a client of the API servers': 'by none',
    'a client of the schedulers': 'by all',
    'a client of a kubelet': 'by all',
  },
  forgotten: { admin: ['401'], etcd: [], token: [], trust: ['TLS'] },
  forgottenNodes: [LOST],
  issued({ fleet }) {
    const steps = stepsOfPage(fleet.read('deploy/live/ROTATION.md'), 'ca');
    bootstrap = steps.find(({ title }) => title.startsWith('Bootstrap the nodes'));
  },
});

clusterTest(
  'ca: a kubelet whose certificate was not renewed is locked out at the end, and comes back with a bootstrap token',
  async (t) => {
    const { topology } = running();
    const lost = topology.machine(LOST);
    t.regex(lost.log('kubelet'), /Unauthorized|must be logged in/u);
    t.notRegex(topology.machine('worker-1').log('kubelet'), /Unauthorized|must be logged in/u);
    await putBootstrapToken(topology.machine('cp-1'), lost);
    if (bootstrap === undefined) throw new Error('ROTATION.md does not say how to bootstrap');
    await follow(topology, bootstrap, { on: LOST });
    await topology.ready(LOST);
    const trust = ['-no-CApath', '-no-CAstore', '-CAfile', `${PKI}/ca.crt`];
    const file = '/var/lib/kubelet/pki/kubelet-client-current.pem';
    t.is(await lost.succeed('openssl', ['verify', ...trust, file]), `${file}: OK\n`);
  },
);

clusterTest(
  'ca: --compromised locks out who has what was signed before, kubelets too, and all works again at the end of its runbook',
  async (t) => {
    await replace(t, running().run, {
      keyset: 'ca',
      last: 'retire-3',
      lockedOut: { admin: ['401'], etcd: [], token: [], trust: ['TLS'] },
    });
  },
);

import { clusterTest } from '../_cluster-test.ts';
import { rotationTests } from './_flow.ts';
import { replace } from './_replace.ts';

const running = rotationTests({
  keysets: ['etcd-ca', 'front-proxy-ca', 'service-account-key'],
  untilRebuilt: {
    'a front proxy of the API servers': 'by none',
    'a front proxy of the schedulers': 'by all',
    'a front proxy of the extension': 'by all',
    'a client of etcd': 'by none',
    'a token for the API servers': 'by none',
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

import { rotationTests } from './_flow.ts';

rotationTests({
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

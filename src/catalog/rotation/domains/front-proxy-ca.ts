import { step, stepOn, type Runbook, type RunbookStep } from '../runbook.ts';
import {
  apiServicesAvailable,
  askOwnServer,
  published,
  rebuildPublished,
  serverFence,
} from '../steps.ts';

const KEY = 'requestheader-client-ca-file';

const REQUESTS = stepOn(
  'each control-plane node',
  'See that requests go through the front proxy',
  'Any extension API will do; an answer of 401 or 403 is one that does not trust the entry that issues.',
  ...askOwnServer('get --raw /apis/metrics.k8s.io/v1beta1/nodes | head -c 200'),
);

const restartReaders = (why: string): RunbookStep =>
  step(
    'Restart extension API servers that read the ConfigMap at start only',
    `${why} Those built with k8s.io/apiserver follow it by themselves (metrics-server, custom metrics adapters).`,
    'kubectl get apiservices -o json | jq -r \'.items[] | select(.spec.service) | "\\(.metadata.name) \\(.spec.service.namespace)/\\(.spec.service.name)"\'',
  );

/** The CA by which kube-apiserver shows itself to extension API servers. */
export const FRONT_PROXY_CA_RUNBOOK: Runbook = {
  about: 'signs the certificate by which API servers speak to extension API servers for a user',
  restarts: {
    accept: ['kube-apiserver', 'kube-controller-manager'],
    issue: ['kube-apiserver', 'kube-controller-manager'],
    retire: ['kube-apiserver', 'kube-controller-manager'],
  },
  before: {
    accept: [serverFence, apiServicesAvailable],
    issue: [serverFence, published(KEY, 2), apiServicesAvailable],
    retire: [serverFence, apiServicesAvailable, REQUESTS],
  },
  steps: {
    accept: [
      published(KEY, 2),
      restartReaders('They would refuse the API servers after the next stage.'),
      apiServicesAvailable,
    ],
    issue: [apiServicesAvailable, REQUESTS],
    retire: [
      rebuildPublished(KEY, '/etc/kubernetes/pki/front-proxy-ca.crt'),
      restartReaders('They would go on to believe whoever has a certificate of the retired entry.'),
      apiServicesAvailable,
    ],
  },
};

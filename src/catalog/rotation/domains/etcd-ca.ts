import { step, stepOn, type Runbook } from '../runbook.ts';
import { askOwnServer } from '../steps.ts';

const ETCDCTL =
  'etcdctl --endpoints=https://127.0.0.1:2379 --cacert=/etc/kubernetes/pki/etcd/ca.crt --cert=/etc/kubernetes/pki/etcd/healthcheck-client.crt --key=/etc/kubernetes/pki/etcd/healthcheck-client.key';

export const HEALTHY = stepOn(
  'each member of etcd',
  'See, after each member and before the next, that all members are healthy',
  'etcd reads its trust bundles at start only. With one member down of three, the next restart would lose the majority.',
  `${ETCDCTL} endpoint health --cluster`,
  `${ETCDCTL} endpoint status --cluster -w table`,
);

export const OUTSIDE =
  'Backup jobs, monitoring that scrapes etcd, and members and clients of an etcd that this tree does not run.';

export const READY = stepOn(
  'each control-plane node',
  'See that every API server reaches etcd',
  'It must say ok.',
  ...askOwnServer('get --raw /readyz/etcd'),
);

/** The CA of etcd. Peer certificates are of both a server and a client, so each member must trust both entries before one is issued. */
export const ETCD_CA_RUNBOOK: Runbook = {
  about: 'signs etcd’s members and the API servers’ client certificates for it',
  restarts: {
    accept: ['etcd', 'kube-apiserver'],
    issue: ['etcd', 'kube-apiserver'],
    retire: ['etcd', 'kube-apiserver'],
  },
  steps: {
    accept: [HEALTHY, READY, step('Hand the bundle to those outside of the tree', OUTSIDE)],
    issue: [
      HEALTHY,
      READY,
      stepOn(
        'each control-plane node',
        'See that certificates are of the new entry',
        'The entry that issues is the first of the bundle. All must be OK.',
        'for name in etcd/server etcd/peer etcd/healthcheck-client apiserver-etcd-client; do openssl verify -no-CApath -CAfile <(openssl x509 -in /etc/kubernetes/pki/etcd/ca.crt) "/etc/kubernetes/pki/$name.crt"; done',
      ),
      step(
        'Hand new credentials to those outside of the tree',
        `A client certificate of the entry before is refused after the next stage. ${OUTSIDE}`,
      ),
    ],
    retire: [HEALTHY, READY],
  },
};

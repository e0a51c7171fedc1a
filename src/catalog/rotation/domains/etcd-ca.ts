import { step, stepOn, type Runbook, type RunbookStep } from '../runbook.ts';
import { askOwnServer, ETCDCTL, etcdctl, serverFence } from '../steps.ts';

export const HEALTHY = stepOn(
  'each member of etcd',
  'See, after each member and before the next, that all members are healthy',
  'etcd reads its trust bundles at start only. With one member down of three, the next restart would lose the majority.',
  ETCDCTL,
  etcdctl('endpoint health --cluster'),
  etcdctl('endpoint status --cluster -w table'),
);

export const OUTSIDE =
  'Backup jobs, monitoring that scrapes etcd, and members and clients of an etcd that this tree does not run.';

export const READY = stepOn(
  'each control-plane node',
  'See that every API server reaches etcd',
  'It must say ok.',
  ...askOwnServer('get --raw /readyz/etcd'),
);

/** @param names of files that each control-plane node must have, below `pki` */
export const ofIssuingEntry = (...names: readonly string[]): RunbookStep =>
  stepOn(
    'each control-plane node',
    'See that certificates are of the entry that issues',
    'It is the first of the bundle. All must be OK.',
    `for name in ${names.join(' ')}; do openssl verify -no-CApath -partial_chain -CAfile <(openssl x509 -in /etc/kubernetes/pki/etcd/ca.crt) "/etc/kubernetes/pki/$name.crt"; done`,
  );

const OF_ISSUING_ENTRY = ofIssuingEntry(
  ...['etcd/server', 'etcd/peer', 'etcd/healthcheck-client', 'apiserver-etcd-client'],
);

/** The CA of etcd. Peer certificates are of both a server and a client, so each member must trust both entries before one is issued. */
export const ETCD_CA_RUNBOOK: Runbook = {
  about: 'signs etcd’s members and the API servers’ client certificates for it',
  restarts: {
    accept: ['etcd', 'kube-apiserver'],
    issue: ['etcd', 'kube-apiserver'],
    retire: ['etcd', 'kube-apiserver'],
  },
  before: {
    accept: [serverFence, HEALTHY],
    issue: [
      serverFence,
      HEALTHY,
      READY,
      step(
        'Know that whoever is outside of the tree has the bundle',
        `Who trusts the old entry alone refuses the members after this stage. ${OUTSIDE}`,
      ),
    ],
    retire: [
      serverFence,
      HEALTHY,
      READY,
      OF_ISSUING_ENTRY,
      step(
        'Know that whoever is outside of the tree has new credentials',
        `A client certificate of the entry before is refused from then on. ${OUTSIDE}`,
      ),
    ],
  },
  steps: {
    accept: [HEALTHY, READY, step('Hand the bundle to those outside of the tree', OUTSIDE)],
    issue: [
      HEALTHY,
      READY,
      OF_ISSUING_ENTRY,
      step(
        'Hand new credentials to those outside of the tree',
        `A client certificate of the entry before is refused after the next stage. ${OUTSIDE}`,
      ),
    ],
    retire: [HEALTHY, READY],
  },
};

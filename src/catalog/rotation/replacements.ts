import type { TrustDomain } from '../../model/store/rotation.ts';
import { CA_BUNDLES, CLUSTER_INFO, OUTSIDE, rootConfigMaps } from './domains/ca.ts';
import * as etcd from './domains/etcd-ca.ts';
import * as externalEtcd from './domains/external-etcd-ca.ts';
import { APPROVE_SERVING } from './domains/kubelets.ts';
import { step, stepOn, type RunbookStep } from './runbook.ts';
import {
  askOwnServer,
  ETCDCTL,
  etcdctl,
  OWN_SERVER,
  rebuildPublished,
  rollWorkloads,
} from './steps.ts';

/** What the hard replacement of a compromised entry does to those who use it. */
export interface Replacement {
  /** Who is locked out, and why that is wanted: sentences. */
  readonly lockout: string;
  /** What follows the restarts. */
  readonly steps: readonly RunbookStep[];
}

const kubectl = 'kubectl --kubeconfig /etc/kubernetes/admin.conf';

const RECOVER = stepOn(
  'a control-plane node',
  'Read what is still wrong from the logs',
  'Each line names who still has what was replaced, or trusts it.',
  `${kubectl} -n kube-system logs -l tier=control-plane --since=10m --tail=-1 --prefix | grep -iE 'x509|tls:|Unauthorized'`,
);

/** Whoever had the key could be anybody while it was trusted; no certificate that is replaced takes that back. */
const INTRUDER = stepOn(
  'a control-plane node',
  'Look for what was left behind',
  'Whoever had the key could act as anybody, system:masters included. Look through bindings, webhooks, APIServices, DaemonSets and requests that are newer than the compromise, and at the audit log. What could be read then is known: rotate the service-account key, and whatever lies in Secrets.',
  `${kubectl} get clusterrolebindings,rolebindings,mutatingwebhookconfigurations,validatingwebhookconfigurations,apiservices,daemonsets,csr -A -o json | jq -r '.items | sort_by(.metadata.creationTimestamp)[] | "\\(.metadata.creationTimestamp) \\(.kind) \\(.metadata.namespace // "") \\(.metadata.name)"'`,
);

/** Whoever did this had a kubeconfig of the entry that is gone. */
const ADMINISTRATOR = stepOn(
  'a control-plane node',
  'Go on as the administrator of a node that has the new files',
  'Kubeconfigs from before are refused, those of people and of CI too. In the shell for all that follows:',
  'export KUBECONFIG=/etc/kubernetes/admin.conf',
);

/** A kubelet that rotates its certificate prefers the file of that to what is in its kubeconfig. */
const OWN_KUBELETS = stepOn(
  'each control-plane node',
  'Restart the kubelet of every control-plane node without its old certificate',
  'kubelet.conf of the bundle has a new one, but the kubelet prefers the one that it got by itself, which is refused now:',
  'rm -f /var/lib/kubelet/pki/kubelet-client-* /var/lib/kubelet/pki/kubelet-server-*; systemctl restart kubelet',
);

const BOOTSTRAP = stepOn(
  'each other node',
  'Bootstrap every other node, whose kubelet.conf is not in a bundle',
  'Its certificate is refused, and it cannot renew it. An administrator makes a token for each; the node gets the new pki/ca.crt and /etc/kubernetes/bootstrap-kubelet.conf with the token and that ca.crt. Then:',
  'rm -f /etc/kubernetes/kubelet.conf /var/lib/kubelet/pki/kubelet-client-* /var/lib/kubelet/pki/kubelet-server-*; systemctl restart kubelet',
);

const OLD_ADMIN = stepOn(
  'each control-plane node',
  'See that what was signed before is refused',
  'With a kubeconfig from before the change as OLD.conf; with the API server and the bundle of now, it must say that you must be logged in to the server.',
  OWN_SERVER,
  'kubectl --kubeconfig OLD.conf --server "$SERVER" --certificate-authority /etc/kubernetes/pki/ca.crt get nodes 2>&1',
);

/** By what the keyset is for. All at once: old and new do not trust each other, so there is no order that avoids the outage. */
export const REPLACEMENTS: Readonly<Record<TrustDomain, Replacement>> = {
  ca: {
    lockout:
      'Every kubelet, every client certificate and kubeconfig, and every pod that has read kube-root-ca.crt is locked out until it has the new files; so is whoever holds the key. Pods go on running, but nothing is scheduled, and nothing that asks the API server goes on. Whoever has this key can make itself system:masters, which no RBAC takes away: only the end of all trust in it does.',
    steps: [
      ADMINISTRATOR,
      rebuildPublished('client-ca-file', '/etc/kubernetes/pki/ca.crt'),
      OWN_KUBELETS,
      CLUSTER_INFO,
      BOOTSTRAP,
      APPROVE_SERVING,
      rootConfigMaps(1),
      rollWorkloads(
        'Pods have read the certificate that was replaced, and refuse the API server until they start again.',
      ),
      CA_BUNDLES,
      step('Hand new credentials, and the bundle, to those outside of the tree', OUTSIDE),
      OLD_ADMIN,
      INTRUDER,
      RECOVER,
    ],
  },
  'etcd-ca': {
    lockout:
      'Members refuse each other and every API server until all of them have the new files, so etcd has no quorum and the API is down; data is kept. Whoever has this key can read and write all of etcd, past every API server: only the end of all trust in it takes that away.',
    steps: [
      stepOn(
        'each member of etcd',
        'See that the members have found each other',
        'All at once is right here: members with old and with new files refuse each other. A snapshot from before is worth its time.',
        ETCDCTL,
        etcdctl('endpoint health --cluster'),
      ),
      step(
        'Hand new credentials to those outside of the tree',
        'Backup jobs, monitoring that scrapes etcd, and members and clients of an etcd that this tree does not run.',
      ),
      INTRUDER,
      RECOVER,
    ],
  },
  'external-etcd-ca': {
    lockout:
      'Members refuse every API server, and each other, until all of them have new files, so the API is down, and etcd has no quorum; data is kept. Whoever has this key can read and write all of etcd, past every API server: only the end of all trust in it takes that away.',
    steps: [
      externalEtcd.MEMBERS_TAKE_ALL,
      externalEtcd.HEALTHY,
      etcd.READY,
      step('Hand new credentials to those outside of the tree', externalEtcd.OUTSIDE),
      INTRUDER,
      RECOVER,
    ],
  },
  'front-proxy-ca': {
    lockout:
      'Extension API servers refuse the API servers until they trust the new entry; nothing else stops. Whoever has this key can act as anybody towards them, and towards the API server itself, by naming a user in a header: only the end of all trust in it takes that away.',
    steps: [
      rebuildPublished('requestheader-client-ca-file', '/etc/kubernetes/pki/front-proxy-ca.crt'),
      step(
        'Restart extension API servers that read the ConfigMap at start only',
        'Those built with k8s.io/apiserver follow it by themselves.',
        `${kubectl} get apiservices | grep -v ' True '`,
      ),
      INTRUDER,
      RECOVER,
    ],
  },
  'service-account-key': {
    lockout:
      'Every token is refused at once: pods that ask the API server fail until they start again, and tokens in Secrets for ever. Whoever has this key can make a token for any service account; only the end of all trust in it takes that away.',
    steps: [
      rollWorkloads(
        'The kubelet fetches a new token for a pod when 80 % of the time of the one before is over, not when it is refused.',
      ),
      step(
        'Make tokens in Secrets anew',
        'They are never signed again by themselves: delete each Secret and apply it again, and hand the token to who has it.',
        `${kubectl} get secrets -A --field-selector type=kubernetes.io/service-account-token`,
      ),
      stepOn(
        'each control-plane node',
        'Let those who verify tokens outside of the cluster fetch the key anew',
        'Workload identity of clouds, Vault, an issuer on a bucket whose files you write yourself. Until then they take tokens of the key that is in wrong hands. It must say 1.',
        ...askOwnServer("get --raw /openid/v1/jwks | jq '.keys | length'"),
      ),
      INTRUDER,
      RECOVER,
    ],
  },
  authority: {
    lockout:
      'Whoever trusts only what was replaced refuses the new certificates, and whoever has a certificate of it is refused, until both have the new files. Whoever has the key can make any certificate: only the end of all trust in it takes that away.',
    steps: [
      step(
        'Give the new bundle and the new certificates to all who use it, at once',
        'Restart what reads them at start only. The kubelet needs up to two minutes to bring a changed volume to a pod, and never changes one that is mounted with subPath. Whoever is given the CRL of revocations.yaml needs the one of now as well.',
      ),
      step(
        'Hand the bundle to those outside of the tree',
        'Trust stores of machines, JVMs and images, other clusters, partners, people. Until then they trust the key that is in wrong hands.',
      ),
      step(
        'Rotate the authorities below it',
        'What it signed is trusted by nobody any more: cdk8s-pki plan lists them as RotationNeeded.',
      ),
    ],
  },
};

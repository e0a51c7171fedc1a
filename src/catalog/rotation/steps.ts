import { step, stepOn, type RunbookStep } from './runbook.ts';

/** Steps that more than one runbook has. */

/** admin.conf names the endpoint of the cluster, behind which may be another node; controller-manager.conf the node's own API server. */
export const OWN_SERVER =
  "SERVER=$(kubectl config view --kubeconfig /etc/kubernetes/controller-manager.conf -o jsonpath='{.clusters[0].cluster.server}')";

/** Commands that ask the API server of the node on which they run, as an administrator. */
export const askOwnServer = (request: string): readonly string[] => [
  OWN_SERVER,
  `kubectl --kubeconfig /etc/kubernetes/admin.conf --server "$SERVER" ${request}`,
];

const countOf = (key: string): string =>
  `kubectl -n kube-system get configmap extension-apiserver-authentication -o jsonpath='{.data.${key}}' | grep -c 'BEGIN CERTIFICATE'`;

/** How many certificates each API server has published for components that delegate authentication to it. */
export const published = (key: string, count: 1 | 2): RunbookStep =>
  step(
    `See that extension-apiserver-authentication has ${count === 1 ? 'one certificate' : 'both certificates'}`,
    `kube-apiserver publishes what it trusts there, for components that delegate authentication (extension API servers, kube-controller-manager, kube-scheduler). They watch it; restart those that read it at start only. It must say ${count}.`,
    countOf(key),
  );

/**
 * kube-apiserver only ever adds to it (DESIGN §7), so whoever delegates authentication would trust what was retired for ever. In place:
 * while the ConfigMap is gone, a component that starts refuses everybody.
 */
export const rebuildPublished = (key: string, file: string): RunbookStep =>
  stepOn(
    'a control-plane node',
    'Rebuild extension-apiserver-authentication without what has left the bundle',
    'When every kube-apiserver runs with the new bundle, not before. kube-apiserver only adds to this ConfigMap: until it is rebuilt, components with delegated authentication go on trusting the retired authority, and the retirement is not complete. It must say 1 after a minute, too. What kubectl -n kube-system delete configmap extension-apiserver-authentication does has the same end, but a component that starts before kube-apiserver has made it anew refuses everybody.',
    `kubectl -n kube-system get configmap extension-apiserver-authentication -o json | jq --rawfile bundle ${file} '.data["${key}"] = $bundle' | kubectl replace -f -`,
    countOf(key),
  );

/** Blocks of PEM out of YAML, without a program for that. */
const CRLS = "sed -n '/BEGIN X509 CRL/,/END X509 CRL/ s/^ *//p' revocations.yaml > crl.pem";

const WHO_CHECKS =
  'Only where revocations.yaml lies beside keyset.yaml. Who looks for a CRL of the entry that signed a certificate, as OpenSSL does with -crl_check, refuses all that this entry signed where there is none.';

/** Certificates of the stage may be shown as soon as it is merged. */
export const crlsFirst = step(
  'Give both CRLs to whoever is given the CRL',
  `${WHO_CHECKS} The record of this change has two, one of each entry: take it from the change itself, before it is merged. In its folder, this writes both into one file:`,
  CRLS,
);

export const crlsTogether = step(
  'Go on giving both CRLs to whoever is given the CRL',
  `${WHO_CHECKS} Until the last stage each entry signs every CRL that follows. In the folder of the record, this writes both into one file:`,
  CRLS,
);

export const crlsEnd = step(
  'Give the one CRL that is left to whoever was given two',
  'Together with the bundle, or later: what the entry that left has signed is refused without its CRL. In the folder of revocations.yaml, where there is one:',
  CRLS,
);

export const apiServicesAvailable = step(
  'See that extension API servers answer',
  'None of them may be unavailable.',
  "kubectl get apiservices | grep -v ' True '",
);

/** Hosts seldom have etcdctl; the image of etcd has, and its pod mounts the same files. */
export const ETCDCTL =
  'command -v etcdctl >/dev/null || etcdctl() { crictl exec "$(crictl ps --quiet --name \'^etcd$\')" etcdctl "$@"; }';
const ETCD_FILES = '/etc/kubernetes/pki/etcd';

export const etcdctl = (command: string): string =>
  `etcdctl --endpoints=https://127.0.0.1:2379 --cacert=${ETCD_FILES}/ca.crt --cert=${ETCD_FILES}/healthcheck-client.crt --key=${ETCD_FILES}/healthcheck-client.key ${command}`;

export const nodesReady = step(
  'See that nodes are Ready, and that no log has a TLS error',
  'Look at both after each node, and at all of them before the next stage.',
  'kubectl get nodes',
  "kubectl -n kube-system logs -l tier=control-plane --since=10m --tail=-1 --prefix | grep -iE 'x509|tls:|Unauthorized'",
);

export const rollWorkloads = (why: string): RunbookStep =>
  step(
    'Restart Flux and Argo CD, then the CNI, kube-proxy and CoreDNS, then all other workloads',
    `${why} One workload at a time, and Flux and Argo CD first: they deliver the next stage. Argo CD keeps the bundle of other clusters in Secrets, Flux in those of spec.kubeConfig: see to them as well. A rollout obeys the strategy of its workload; disruption budgets hold only for what drains nodes. What is printed as not rolled out is to be seen to before the next stage; delete pods of strategy OnDelete, of Jobs and of no owner by hand. examples/rollout-restart of cdk8s-pki has a Job that does all this from within the cluster, and has no other rights.`,
    "first='flux-system argocd kube-system'",
    'all=$(kubectl get namespaces -o name) || echo "not rolled out: namespaces other than $first"',
    'for namespace in $first $(echo "$all" | cut -d/ -f2 | grep -vxE "${first// /|}"); do',
    '  names=$(kubectl -n "$namespace" get deployments,daemonsets,statefulsets -o name) || echo "not rolled out: $namespace"',
    '  for name in $names; do',
    '    kubectl -n "$namespace" rollout restart "$name" && kubectl -n "$namespace" rollout status --timeout=15m "$name" || echo "not rolled out: $namespace $name"',
    '  done',
    'done',
  );

const WITHOUT_KUBEADM = 'Keep kubeadm from signing until the rotation has ended';

/** kubeadm uses what is on a node, whatever its stage, and makes what is missing. */
const FILES_FIRST =
  "A control-plane node has all files of its folder of nodes/ before it joins; where kubeadm starts its pods (controlPlane: 'kubeadm'), kubeadm join --config /etc/kubernetes/kubeadm/config.yaml is the way then, and kubeadm upgrade is allowed with --certificate-renewal=false, on nodes that have all files of the stage; without, it signs again what the tree has issued. Elsewhere run neither on a control-plane node.";

/** kubeadm takes the first certificate of ca.crt alone. */
export const fence = step(
  WITHOUT_KUBEADM,
  `Run no kubeadm certs renew, init phase or kubeconfig user, on any node, and no join with --certificate-key: kubeadm signs with what lies on the node, takes what somebody put into the Secret kubeadm-certs, which may be of another stage, and embeds only the first certificate of a bundle. ${FILES_FIRST} Where a worker joins, give it the whole bundle and every hash that ROTATION.md lists.`,
);

/** Where the key does not sign what workers have. kubeadm keeps uploaded keys for two hours. */
export const serverFence = step(
  WITHOUT_KUBEADM,
  `Run no kubeadm certs renew or init phase certs, and no join with --certificate-key: kubeadm signs with what lies on the node, and takes what somebody put into the Secret kubeadm-certs, which may be of another stage. ${FILES_FIRST} Workers join as ever.`,
);

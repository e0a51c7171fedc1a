import { step, stepOn, type Runbook } from '../runbook.ts';
import {
  apiServicesAvailable,
  fence,
  nodesReady,
  published,
  rebuildPublished,
  rollWorkloads,
} from '../steps.ts';

const KEY = 'client-ca-file';

/** kube-controller-manager gives kube-root-ca.crt to every namespace. */
export const rootConfigMaps = (count: 1 | 2) =>
  step(
    `See that kube-root-ca.crt has ${count === 1 ? 'one certificate' : 'both certificates'} in every namespace`,
    'kube-controller-manager writes it when it has started with the new bundle, as it does in Secrets of type kubernetes.io/service-account-token. Nothing may be printed: what is printed are namespaces that have another count.',
    `kubectl get configmaps -A --field-selector metadata.name=kube-root-ca.crt -o json | jq -r '.items[] | select((.data["ca.crt"] | split("BEGIN CERTIFICATE") | length - 1) != ${count}) | .metadata.namespace'`,
  );

export const KUBELETS = stepOn(
  'each node',
  'Give every kubelet the bundle, and restart it',
  'Workers too: nodes/_worker, where it is declared. The kubelet follows pki/ca.crt (clientCAFile) when it changes, but reads the bundle in kubelet.conf at start only. kubelet.conf of a control-plane node is in its bundle; on other nodes put pki/ca.crt into theirs:',
  'export KUBECONFIG=/etc/kubernetes/kubelet.conf',
  'kubectl config set-cluster "$(kubectl config view --minify -o jsonpath=\'{.clusters[0].name}\')" --certificate-authority=/etc/kubernetes/pki/ca.crt --embed-certs=true',
  'systemctl restart kubelet',
);

export const OUTSIDE =
  'cloud-controller-manager, CNI kubeconfigs (/etc/cni/net.d, written anew when the DaemonSet restarts), monitoring, CI, other clusters, and the kubeconfigs of people, which are to be fetched anew (kubeconfigs/ of this folder, or cdk8s-pki kubeconfig).';

export const CA_BUNDLES = step(
  'Look for the authority where no reference follows it',
  'References in manifests of this folder have followed. What else holds certificates in caBundle, of webhooks, APIServices and CustomResourceDefinitions, is printed with how many; change those that hold this authority.',
  `kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations,apiservices,customresourcedefinitions -o json | jq -r '.items[] | . as $o | .. | .caBundle? // empty | "\\($o.kind)/\\($o.metadata.name) \\(@base64d | split("BEGIN CERTIFICATE") | length - 1)"'`,
);

/** The signatures in it are by token, and made anew by kube-controller-manager when its text changes. */
export const CLUSTER_INFO = stepOn(
  'a control-plane node',
  'See that cluster-info has the bundle',
  'kubeadm join reads kube-public/cluster-info to find whom to trust; it is one of the manifests of this folder, and kube-controller-manager signs it anew for each bootstrap token. Hashes for --discovery-token-ca-cert-hash are a set: give those of all certificates in the bundle. Where manifests are not applied from here, on a node that has the new ca.crt:',
  'kubectl -n kube-public get configmap cluster-info -o json | jq --arg ca "$(base64 -w0 /etc/kubernetes/pki/ca.crt)" \'.data.kubeconfig |= sub("certificate-authority-data: .*"; "certificate-authority-data: \\($ca)")\' | kubectl replace -f -',
);

const WORKER_BUNDLE = step(
  'Put ca.crt on the other nodes as well',
  'nodes/_worker, where it is declared. It has the same certificates as before, the one that issues now first: the next steps tell it by that. Nothing restarts.',
);

const NODE_STEP = stepOn(
  'each node',
  'Renew the client certificate of every kubelet',
  'A kubelet keeps the certificate that it has, up to a year, and does not bootstrap again by itself. Do this when kube-controller-manager signs with the new entry on every control-plane node. On a node without /var/lib/kubelet/pki/kubelet-client-current.pem the certificate is in kubelet.conf, new with the bundle: restart the kubelet there. As root; the API server knows the node by the certificate that is still valid, and kubeadm:node-autoapprove-certificate-rotation approves the request:',
  '(set -eu; export KUBECONFIG=/etc/kubernetes/kubelet.conf; cd /var/lib/kubelet/pki; umask 077',
  "node=$(openssl x509 -in kubelet-client-current.pem -noout -subject -nameopt multiline | sed -n 's/.*commonName *= system:node://p')",
  'openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout next.key -subj "/O=system:nodes/CN=system:node:$node" -out next.csr',
  'csr=$(kubectl create -o name -f - <<END',
  'apiVersion: certificates.k8s.io/v1',
  'kind: CertificateSigningRequest',
  'metadata: {generateName: rotate-}',
  'spec:',
  '  request: $(base64 -w0 next.csr)',
  '  signerName: kubernetes.io/kube-apiserver-client-kubelet',
  '  usages: [digital signature, client auth]',
  'END',
  ')',
  'until kubectl get "$csr" -o jsonpath=\'{.status.certificate}\' | base64 -d | grep . > next.crt; do sleep 2; done',
  'next=kubelet-client-$(date +%F-%H-%M-%S).pem; cat next.crt next.key > "$next"; ln -sfn "$next" kubelet-client-current.pem',
  'rm next.key next.csr next.crt; systemctl restart kubelet)',
);

/** Before the last stage: after it, API servers would refuse those that still show what the outgoing entry signed. */
const LOAD_IN_CLUSTER = step(
  'Let servers in the cluster load their new certificates',
  'What is declared with this authority as issuer was issued again: Secrets and node files of extension API servers, webhooks, and others. Restart what loads them at start only; the kubelet needs up to two minutes to bring a changed Secret to a pod.',
  'kubectl get secrets -A --field-selector type=kubernetes.io/tls',
);

const BOOTSTRAP = stepOn(
  'each other node',
  'Bootstrap the nodes where that fails',
  'An administrator makes a token; the node gets /etc/kubernetes/bootstrap-kubelet.conf with the token and the whole of ca.crt. Then, on the node:',
  'rm /etc/kubernetes/kubelet.conf /var/lib/kubelet/pki/kubelet-client-*; systemctl restart kubelet',
);

const KUBELET_VERIFIES = stepOn(
  'each node',
  'See that the certificate of the kubelet is of the new entry',
  'The entry that issues is the first of ca.crt. Where the kubelet does not rotate its certificate, that is in kubelet.conf. It must say OK.',
  'own=/var/lib/kubelet/pki/kubelet-client-current.pem',
  "[ -e $own ] || { own=$(mktemp); kubectl config view --raw --kubeconfig /etc/kubernetes/kubelet.conf -o jsonpath='{.users[0].user.client-certificate-data}' | base64 -d > $own; }",
  'openssl verify -no-CApath -CAfile <(openssl x509 -in /etc/kubernetes/pki/ca.crt) $own',
);

/** The cluster CA. Facts: the Kubernetes manual procedure for its rotation, and which process reads what when. */
export const CA_RUNBOOK: Runbook = {
  about: 'signs the API server, every client of it, and the kubelets’ certificates',
  restarts: {
    accept: ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'],
    issue: ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'],
    retire: ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'],
  },
  steps: {
    accept: [
      fence,
      published(KEY, 2),
      rootConfigMaps(2),
      CLUSTER_INFO,
      KUBELETS,
      rollWorkloads(
        'A pod reads kube-root-ca.crt when it starts, and would refuse the API server after the next stage.',
      ),
      step('Hand the bundle to those outside of the tree', OUTSIDE),
      CA_BUNDLES,
      nodesReady,
    ],
    issue: [
      fence,
      WORKER_BUNDLE,
      NODE_STEP,
      BOOTSTRAP,
      KUBELET_VERIFIES,
      stepOn(
        'each control-plane node',
        'See that every API server shows a certificate of the new entry',
        'It must say "Verify return code: 0 (ok)".',
        'openssl s_client -connect 127.0.0.1:6443 -CAfile /etc/kubernetes/pki/cluster-signing-ca.crt -verify_return_error </dev/null 2>&1 | grep "Verify return code"',
      ),
      LOAD_IN_CLUSTER,
      step(
        'Hand new credentials to those outside of the tree',
        `A client certificate of the entry before is refused after the next stage: ${OUTSIDE} So is every certificate that was signed by a CertificateSigningRequest, and served by a kubelet with serverTLSBootstrap.`,
      ),
      apiServicesAvailable,
      nodesReady,
    ],
    retire: [
      KUBELET_VERIFIES,
      rebuildPublished(KEY, '/etc/kubernetes/pki/ca.crt'),
      rootConfigMaps(1),
      CLUSTER_INFO,
      KUBELETS,
      rollWorkloads('So that no process trusts what is retired.'),
      CA_BUNDLES,
      apiServicesAvailable,
      nodesReady,
    ],
  },
};

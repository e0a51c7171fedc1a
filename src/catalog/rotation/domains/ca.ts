import { step, stepOn, type Runbook } from '../runbook.ts';
import {
  APPROVE_SERVING,
  ASK_FOR_SERVING,
  BOOTSTRAP,
  CLIENT_VERIFIES,
  KUBELET_TRUSTS,
  RENEW_CLIENT,
  SERVING_VERIFIES,
  TAKE_SERVING,
} from './kubelets.ts';
import { SIGNS_WITH_ONE } from './signing.ts';
import {
  apiServicesAvailable,
  fence,
  nodesReady,
  OWN_SERVER,
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
  'kubectl config --kubeconfig=/etc/kubernetes/kubelet.conf set-cluster "$(kubectl config --kubeconfig=/etc/kubernetes/kubelet.conf view --minify -o jsonpath=\'{.clusters[0].name}\')" --certificate-authority=/etc/kubernetes/pki/ca.crt --embed-certs=true',
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
  'nodes/_worker, where it is declared. It has both certificates, the one that issues now first: the next steps tell it by that. Nothing restarts for it where the kubelet has had both since it followed accept. Where retire was taken back in git that is not so: follow the steps of accept again, which cdk8s-pki rotate --status lists.',
);

/** Before the last stage: after it, API servers would refuse those that still show what the outgoing entry signed. */
const LOAD_IN_CLUSTER = step(
  'Let servers in the cluster load their new certificates',
  'What is declared with this authority as issuer was issued again: Secrets and node files of extension API servers, webhooks, and others. Restart what loads them at start only; the kubelet needs up to two minutes to bring a changed Secret to a pod.',
  'kubectl get secrets -A --field-selector type=kubernetes.io/tls',
);

const SERVERS_SHOW = stepOn(
  'each control-plane node',
  'See that every API server shows a certificate of the entry that issues',
  'It must say "Verify return code: 0 (ok)".',
  OWN_SERVER,
  'openssl s_client -connect "${SERVER#https://}" -CAfile /etc/kubernetes/pki/cluster-signing-ca.crt -partial_chain -verify_return_error </dev/null 2>&1 | grep "Verify return code"',
);

const NEW_CREDENTIALS = step(
  'Know that whoever is outside of the tree has new credentials',
  `Each client certificate of the entry before is refused from then on. ${OUTSIDE}`,
);

/** The cluster CA. Facts: the Kubernetes manual procedure for its rotation, and which process reads what when. */
export const CA_RUNBOOK: Runbook = {
  about: 'signs the API server, every client of it, and the kubelets’ certificates',
  restarts: {
    accept: ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'],
    issue: ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'],
    retire: ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'],
  },
  before: {
    accept: [fence, SIGNS_WITH_ONE],
    issue: [fence, published(KEY, 2), rootConfigMaps(2), KUBELET_TRUSTS, nodesReady],
    retire: [
      fence,
      CLIENT_VERIFIES,
      SERVING_VERIFIES,
      SERVERS_SHOW,
      apiServicesAvailable,
      NEW_CREDENTIALS,
      nodesReady,
    ],
  },
  steps: {
    accept: [
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
      WORKER_BUNDLE,
      RENEW_CLIENT,
      BOOTSTRAP,
      ASK_FOR_SERVING,
      APPROVE_SERVING,
      TAKE_SERVING,
      LOAD_IN_CLUSTER,
      step(
        'Hand new credentials to those outside of the tree',
        `A client certificate of the entry before is refused after the next stage: ${OUTSIDE} So is every certificate that was signed by a CertificateSigningRequest.`,
      ),
      apiServicesAvailable,
      nodesReady,
    ],
    retire: [
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

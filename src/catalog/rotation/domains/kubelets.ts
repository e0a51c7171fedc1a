import { step, stepOn } from '../runbook.ts';

/** Steps by which kubelets follow the cluster CA. */

const IN_PKI =
  '(set -eu; export KUBECONFIG=/etc/kubernetes/kubelet.conf; cd /var/lib/kubelet/pki; umask 077';

const nodeOf = (file: string): string =>
  `node=$(openssl x509 -in ${file} -noout -subject -nameopt multiline | sed -n 's/.*commonName *= system:node://p')`;

const newRequest = (name: string, options = ''): string =>
  `openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ${name}.key -subj "/O=system:nodes/CN=system:node:$node"${options} -out ${name}.csr`;

/** The API server names the request, and the file `NAME.request` keeps that. */
const send = (name: string, signer: string, usage: string): readonly string[] => [
  `kubectl create -o name -f - > ${name}.request <<END`,
  'apiVersion: certificates.k8s.io/v1',
  'kind: CertificateSigningRequest',
  'metadata: {generateName: rotate-}',
  'spec:',
  `  request: $(base64 -w0 ${name}.csr)`,
  `  signerName: kubernetes.io/${signer}`,
  `  usages: [digital signature, ${usage}]`,
  'END',
];

/** Ends with a message where nobody will ever sign it. */
const take = (name: string): readonly string[] => [
  `until kubectl get "$(cat ${name}.request)" -o jsonpath='{.status.certificate}' | base64 -d | grep . > ${name}.crt; do`,
  `  case $(kubectl get "$(cat ${name}.request)" -o jsonpath='{.status.conditions[*].type}' 2>&1) in`,
  `    Denied|*Failed|*'(NotFound)'*) echo "no certificate: $(cat ${name}.request) was denied, has failed or is gone; ask again"; exit 1 ;;`,
  '  esac; sleep 2',
  'done',
  `next=kubelet-${name}-$(date +%F-%H-%M-%S).pem; cat ${name}.crt ${name}.key > "$next"; ln -sfn "$next" kubelet-${name}-current.pem`,
  `rm ${name}.key ${name}.csr ${name}.crt ${name}.request; systemctl restart kubelet)`,
];

export const RENEW_CLIENT = stepOn(
  'each node',
  'Renew the client certificate of every kubelet',
  'A kubelet keeps the certificate that it has, up to a year, and does not bootstrap again by itself. Do this when kube-controller-manager signs with the entry that issues on every control-plane node. On a node without /var/lib/kubelet/pki/kubelet-client-current.pem the certificate is in kubelet.conf, new with the bundle: restart the kubelet there. As root; the API server knows the node by the certificate that is still valid, and kubeadm:node-autoapprove-certificate-rotation approves the request:',
  IN_PKI,
  nodeOf('kubelet-client-current.pem'),
  newRequest('client'),
  ...send('client', 'kube-apiserver-client-kubelet', 'client auth'),
  ...take('client'),
);

export const BOOTSTRAP = stepOn(
  'each other node',
  'Bootstrap the nodes where that fails',
  'An administrator makes a token; the node gets /etc/kubernetes/bootstrap-kubelet.conf with the token and the whole of ca.crt. Then:',
  'rm /etc/kubernetes/kubelet.conf /var/lib/kubelet/pki/kubelet-client-*; systemctl restart kubelet',
);

/** Without its certificate a kubelet would refuse everybody until somebody has approved another one. */
export const ASK_FOR_SERVING = stepOn(
  'each node',
  'Ask for another serving certificate for every kubelet with serverTLSBootstrap',
  'The kubelet configuration of this tree has it: the cluster CA has signed what a kubelet shows, and after the next stage those refuse that who verify it (metrics-server, an API server with --kubelet-certificate-authority). Leave out nodes without /var/lib/kubelet/pki/kubelet-server-current.pem. As root, for the names that it has:',
  IN_PKI,
  nodeOf('kubelet-server-current.pem'),
  "names=$(openssl x509 -in kubelet-server-current.pem -noout -ext subjectAltName | sed -n '2{s/^ *//;s/IP Address:/IP:/g;p}')",
  newRequest('server', ' -addext "subjectAltName=$names"'),
  ...send('server', 'kubelet-serving', 'server auth'),
  ')',
);

/** Kubernetes has no approver for these. */
export const APPROVE_SERVING = step(
  'Approve the serving certificates of kubelets',
  'An approver of your own does it by itself. Else look at each request first: whoever asks is the node that it names, and the addresses are those of the node. A request waits for a day.',
  "kubectl get csr --field-selector spec.signerName=kubernetes.io/kubelet-serving -o json | jq -r '.items[] | select(.status.conditions == null) | .metadata.name' | xargs -r kubectl certificate approve",
);

export const TAKE_SERVING = stepOn(
  'each node',
  'Give every kubelet the serving certificate that was approved',
  'Where one was asked for:',
  IN_PKI,
  ...take('server'),
);

export const CLIENT_VERIFIES = stepOn(
  'each node',
  'See that the certificate of the kubelet is of the entry that issues',
  'It is the first of ca.crt. Where the kubelet does not rotate its certificate, that is in kubelet.conf. It must say OK.',
  "openssl verify -no-CApath -partial_chain -CAfile <(openssl x509 -in /etc/kubernetes/pki/ca.crt) <(openssl x509 -in /var/lib/kubelet/pki/kubelet-client-current.pem 2>/dev/null || kubectl config view --raw --kubeconfig /etc/kubernetes/kubelet.conf -o jsonpath='{.users[0].user.client-certificate-data}' | base64 -d)",
);

export const SERVING_VERIFIES = stepOn(
  'each node',
  'See that what the kubelet shows is of the entry that issues',
  'Where it has serverTLSBootstrap; without, it shows a certificate that it signed itself. It must say OK.',
  'openssl verify -no-CApath -partial_chain -CAfile <(openssl x509 -in /etc/kubernetes/pki/ca.crt) /var/lib/kubelet/pki/kubelet-server-current.pem',
);

/** It has read the text when it started: that it runs since then is to be known from the step that restarts it. */
export const KUBELET_TRUSTS = stepOn(
  'each node',
  'See that the kubelet has the bundle in its kubeconfig',
  'It must say "the same", and the kubelet must have been restarted since.',
  "kubectl config view --raw --kubeconfig /etc/kubernetes/kubelet.conf -o jsonpath='{.clusters[0].cluster.certificate-authority-data}' | base64 -d | cmp - /etc/kubernetes/pki/ca.crt && echo the same",
);

import { step, type Runbook } from '../runbook.ts';
import { crlsEnd, crlsFirst, crlsTogether } from '../steps.ts';

export const READERS = step(
  'Let whoever trusts it read the bundle',
  'Secrets, ConfigMaps, caBundle of webhooks and APIServices, and node files that refer to it have changed in the tree. Restart what reads them at start only; the kubelet needs up to two minutes to bring a changed volume to a pod, and never changes one that is mounted with subPath.',
);

export const OUTSIDE = step(
  'Hand the bundle to those outside of the tree',
  'Trust stores of machines, JVMs and images, other clusters, partners, people.',
);

export const KUBEADM = step(
  'See whether a control plane has it',
  'Where a KubeadmCluster was given it as ca, frontProxyCa or as the authority of an external etcd, the files of its nodes have changed as well: cdk8s-pki diff names what restarts. kube-system/extension-apiserver-authentication must then be rebuilt after the last stage: put the bundle in place of its client-ca-file or requestheader-client-ca-file.',
);

const SERVER_SHOWS = step(
  'See that a server shows a certificate that the issuing entry signed',
  'With ADDRESS as host:port, and the bundle as ca.crt: the entry that issues is its first. It must say "Verify return code: 0 (ok)".',
  'openssl s_client -connect "$ADDRESS" -CAfile <(openssl x509 -in ca.crt) -partial_chain -verify_return_error </dev/null 2>&1 | grep "Verify return code"',
);

const BELOW = step(
  'Rotate the authorities below it',
  'One that has a certificate of the entry before needs one of the entry that issues: cdk8s-pki plan lists it as RotationNeeded. The last stage waits for that.',
);

/** Any other authority that is declared. */
export const AUTHORITY_RUNBOOK: Runbook = {
  about: 'signs what is declared with it as issuer',
  restarts: { accept: [], issue: [], retire: [] },
  before: {
    accept: [],
    issue: [
      step(
        'Know that whoever trusts it has the bundle, outside of the tree as well',
        'Who trusts the old entry alone refuses the certificates of this stage.',
      ),
      crlsFirst,
    ],
    retire: [
      SERVER_SHOWS,
      BELOW,
      step(
        'Know that clients have loaded their new certificates, outside of the tree as well',
        'One of the entry before is refused from then on.',
      ),
    ],
  },
  steps: {
    accept: [READERS, OUTSIDE, KUBEADM],
    issue: [
      crlsTogether,
      step(
        'Let servers and clients load their new certificates',
        'Every certificate of it was issued again. Restart what loads them at start only, servers and clients in any order: both entries are trusted.',
      ),
      SERVER_SHOWS,
      BELOW,
      KUBEADM,
    ],
    retire: [READERS, OUTSIDE, crlsEnd, KUBEADM],
  },
};

import { step, stepOn, type Runbook, type RunbookStep } from '../runbook.ts';
import { crlsEnd, crlsFirst, crlsTogether, serverFence } from '../steps.ts';
import { ofIssuingEntry, READY } from './etcd-ca.ts';

const PKI = '/etc/kubernetes/pki';
const AS_CLIENT = `-cert ${PKI}/apiserver-etcd-client.crt -key ${PKI}/apiserver-etcd-client.key`;

/** A loop over the members that the API server of the node is told of. */
const eachMember = (command: string): string =>
  `for url in $(grep -e --etcd-servers= /etc/kubernetes/manifests/kube-apiserver.yaml | grep -o 'https://[^,"]*'); do ${command}; done`;

const OF_ISSUING_ENTRY = ofIssuingEntry('apiserver-etcd-client');

const ONE_BY_ONE =
  'etcd reads its trust bundles at start only: restart one member after the other, and see that all are healthy before the next.';

export const MEMBERS_TAKE_BUNDLE = step(
  'Give the bundle to the members of etcd, wherever they are run',
  `Whoever runs them does, where no other cluster of the tree has their files. ${ONE_BY_ONE}`,
);

export const MEMBERS_TAKE_ALL = step(
  'Give the bundle and new certificates to all members of etcd at once, wherever they are run',
  'All at once is right here: members with old and with new files refuse each other. A snapshot from before is worth its time.',
);

export const HEALTHY = stepOn(
  'each control-plane node',
  'See that every member of etcd takes the certificate of the API server, and is healthy',
  'It must say "health":"true" of each.',
  eachMember(
    `curl -sS -w '\\n' --cacert ${PKI}/etcd/ca.crt --cert ${PKI}/apiserver-etcd-client.crt --key ${PKI}/apiserver-etcd-client.key "$url/health"`,
  ),
);

/** A server of Go names the authorities whose clients it takes. */
const MEMBERS_TRUST = stepOn(
  'each control-plane node',
  'See that every member of etcd trusts both entries',
  'Members that trust the old entry alone refuse the API servers after this stage. It counts the authorities that each member names to its clients: it must say 2, and one more for each that is not of this rotation.',
  eachMember(
    `openssl s_client -connect "\${url#https://}" ${AS_CLIENT} </dev/null 2>/dev/null | sed -n '/^Acceptable client certificate CA names/,/^\\(Requested\\|Client\\)/p' | grep -c =`,
  ),
);

const MEMBERS_SHOW = stepOn(
  'each control-plane node',
  'See that every member of etcd shows a certificate that the issuing entry signed',
  'It is the first of the bundle. It must say "Verify return code: 0 (ok)" of each.',
  eachMember(
    `openssl s_client -connect "\${url#https://}" ${AS_CLIENT} -CAfile <(openssl x509 -in ${PKI}/etcd/ca.crt) -partial_chain -verify_return_error </dev/null 2>&1 | grep "Verify return code"`,
  ),
);

/** etcd compares serial numbers alone: either of two does for its members. */
const orMembers = (of: RunbookStep): RunbookStep => ({
  ...of,
  text: `Members of etcd ask for no issuer: they are given one CRL at any time, the first, as DER. Other programs are meant. ${of.text}`,
});

export const OUTSIDE = 'Backup jobs, monitoring that scrapes etcd, and other clients of it.';

/** The CA of an etcd that the cluster does not run, of whose files its nodes have those of a client alone. */
export const EXTERNAL_ETCD_CA_RUNBOOK: Runbook = {
  about: 'signs the members of an external etcd and the API servers’ client certificates for it',
  restarts: {
    accept: ['kube-apiserver'],
    issue: ['kube-apiserver'],
    retire: ['kube-apiserver'],
  },
  before: {
    accept: [serverFence, HEALTHY],
    issue: [
      serverFence,
      HEALTHY,
      READY,
      MEMBERS_TRUST,
      step(
        'Know that whoever is outside of the tree has the bundle',
        `Who trusts the old entry alone refuses the members when they have certificates of this stage. ${OUTSIDE}`,
      ),
      orMembers(crlsFirst),
    ],
    retire: [
      serverFence,
      HEALTHY,
      READY,
      OF_ISSUING_ENTRY,
      MEMBERS_SHOW,
      step(
        'Know that whoever is outside of the tree has new credentials',
        `A client certificate of the entry before is refused from then on. ${OUTSIDE}`,
      ),
    ],
  },
  steps: {
    accept: [
      MEMBERS_TAKE_BUNDLE,
      HEALTHY,
      READY,
      step('Hand the bundle to those outside of the tree', OUTSIDE),
    ],
    issue: [
      OF_ISSUING_ENTRY,
      orMembers(crlsTogether),
      step(
        'Give every member of etcd a certificate of the entry that issues, wherever they are run',
        `Whoever runs them does, where no other cluster of the tree has their files. API servers, members and all that have the bundle accept those of both entries. ${ONE_BY_ONE}`,
      ),
      HEALTHY,
      READY,
      MEMBERS_SHOW,
      step(
        'Hand new credentials to those outside of the tree',
        `A client certificate of the entry before is refused after the next stage. ${OUTSIDE}`,
      ),
    ],
    retire: [MEMBERS_TAKE_BUNDLE, HEALTHY, READY, orMembers(crlsEnd)],
  },
};

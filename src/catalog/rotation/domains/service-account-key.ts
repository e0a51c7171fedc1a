import { step, stepOn, type Runbook } from '../runbook.ts';
import { askOwnServer, serverFence } from '../steps.ts';

const jwks = (count: 1 | 2) =>
  stepOn(
    'each control-plane node',
    `See that ${count === 1 ? 'one key is' : 'both keys are'} published, and let those who keep them fetch them anew`,
    `Whoever verifies tokens outside of the cluster keeps a copy of the JWKS: workload identity of clouds, Vault, an issuer on a bucket whose files you write yourself. It must say ${count} of every API server.`,
    ...askOwnServer("get --raw /openid/v1/jwks | jq '.keys | length'"),
  );

const UNAUTHORIZED = stepOn(
  'each control-plane node',
  'See that no token is refused',
  'The count must not grow.',
  ...askOwnServer(
    'get --raw /metrics | grep -E \'^authentication_attempts.*result="(error|failure)"\'',
  ),
);

const STALE = stepOn(
  'each control-plane node',
  'See that no token lives longer than it asked for',
  'kube-apiserver takes tokens for up to a year where it extends them (--service-account-extend-token-expiration). The count of each API server must stand still; the audit annotation authentication.k8s.io/stale-token says whose they are. Restart those: they read their token once.',
  ...askOwnServer("get --raw /metrics | grep '^serviceaccount_stale_tokens_total'"),
);

const LEGACY = step(
  'Make tokens in Secrets anew',
  'Those never expire and are never signed again by themselves: delete each Secret and apply it again, and hand the token to who has it.',
  'kubectl get secrets -A --field-selector type=kubernetes.io/service-account-token',
);

/** The key that signs service-account tokens; kube-apiserver reads public keys at start only. */
export const SERVICE_ACCOUNT_KEY_RUNBOOK: Runbook = {
  about: 'signs the tokens of service accounts',
  restarts: {
    accept: ['kube-apiserver'],
    issue: ['kube-apiserver', 'kube-controller-manager'],
    retire: ['kube-apiserver'],
  },
  before: {
    accept: [serverFence],
    issue: [serverFence, jwks(2), UNAUTHORIZED],
    retire: [serverFence, LEGACY, STALE, UNAUTHORIZED],
  },
  steps: {
    accept: [jwks(2), UNAUTHORIZED],
    issue: [
      step(
        'Let pods fetch their tokens anew',
        'The kubelet writes a new token when 80 % of the time of the one before is over, within the hour as a rule, and client-go reads it. Restart what reads its token once.',
      ),
      LEGACY,
      STALE,
      UNAUTHORIZED,
    ],
    retire: [jwks(1), UNAUTHORIZED],
  },
};

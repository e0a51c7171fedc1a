import type { TrustDomain } from '../../model/store/rotation.ts';
import { AUTHORITY_RUNBOOK } from './domains/authority.ts';
import { CA_RUNBOOK } from './domains/ca.ts';
import { ETCD_CA_RUNBOOK } from './domains/etcd-ca.ts';
import { EXTERNAL_ETCD_CA_RUNBOOK } from './domains/external-etcd-ca.ts';
import { FRONT_PROXY_CA_RUNBOOK } from './domains/front-proxy-ca.ts';
import type { Runbook } from './runbook.ts';
import { SERVICE_ACCOUNT_KEY_RUNBOOK } from './domains/service-account-key.ts';

/** What follows each stage, by what the keyset is for. */
export const RUNBOOKS: Readonly<Record<TrustDomain, Runbook>> = {
  ca: CA_RUNBOOK,
  'etcd-ca': ETCD_CA_RUNBOOK,
  'external-etcd-ca': EXTERNAL_ETCD_CA_RUNBOOK,
  'front-proxy-ca': FRONT_PROXY_CA_RUNBOOK,
  'service-account-key': SERVICE_ACCOUNT_KEY_RUNBOOK,
  authority: AUTHORITY_RUNBOOK,
};

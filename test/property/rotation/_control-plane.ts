import { Kubeconfig } from '../../../src/index.ts';
import { describe, newApp, newKubeadm } from '../../_helpers/declare.ts';
import { unit } from '../../_helpers/desired.ts';
import { newIdentity } from '../../_helpers/repository.ts';

/** The cluster of the model: three control-plane nodes, a worker, and somebody outside with a kubeconfig. */

export const identity = await newIdentity();
export const NODES = ['cp-1', 'cp-2', 'cp-3'];
export const KEYSETS = ['ca', 'etcd-ca', 'front-proxy-ca', 'service-account-key'] as const;
export type Keyset = (typeof KEYSETS)[number];

const app = newApp({ recipients: [identity.recipient] });
const prod = newKubeadm(app, {
  kubernetesVersion: '1.34.4',
  controlPlaneNodes: NODES.map((name, index) => ({
    name,
    advertiseAddress: `10.0.0.${index + 11}`,
  })),
  workerNodes: [{ name: 'w-1' }],
});
new Kubeconfig(prod, 'deployer', { user: 'deployer', groups: ['deployers'] });
export const PROD = unit(describe(app));

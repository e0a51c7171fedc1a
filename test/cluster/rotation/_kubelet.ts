import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Fleet } from '../../_helpers/fleet.ts';
import { dump, load as parse } from 'js-yaml';
import { record, text } from '../../_helpers/fleet-tree.ts';
import { NodeRoot } from '../../_helpers/node-root.ts';
import * as kubernetes from '../_kubernetes.ts';
import type { ControlPlane } from '../_machines/control-plane.ts';
import type { Machine } from '../_machines/machine.ts';
import { program } from './_load.ts';
import { ADMIN, CLUSTER, WORKERS } from './_cluster.ts';

const SOCKET = '/run/runtime.sock';
const CONFIG = 'var/lib/kubelet/config.yaml';
const TOKEN = { id: 'abcdef', secret: '0123456789abcdef' };

/** What keeps a kubelet of a machine that is a namespace from what belongs to the real one. */
const CONFINED = {
  containerRuntimeEndpoint: `unix://${SOCKET}`,
  cgroupsPerQOS: false,
  enforceNodeAllocatable: [],
  failSwapOn: false,
  localStorageCapacityIsolation: false,
  featureGates: { KubeletInUserNamespace: true },
  makeIPTablesUtilChains: false,
  nodeStatusUpdateFrequency: '5s',
};

/** The kernel's settings are the real machine's, and not to be changed: the kubelet finds them as it would make them. */
const CONFINE = `set -e
for folder in /proc/sys /sys; do
  mount --rbind $folder $folder
  mount -o remount,bind,ro $folder
done
mkdir -p /run/kernel
for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \\
  kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
  path=/proc/sys/\${setting%=*} file=/run/kernel/$(basename "\${setting%=*}")
  [ -e "$path" ] || continue
  echo "\${setting#*=}" >"$file"
  mount --bind "$file" "$path"
done
exec "$@"`;

/** A machine with the files of a worker and a bootstrap token, whose kubelet is started. */
export async function startWorker(
  fleet: Fleet,
  plane: ControlPlane,
  name: string,
  address: string,
): Promise<Machine> {
  const root = new NodeRoot(fleet, `machine-${name}`);
  putWorkerBundle(fleet, root);
  // `openssl req` ends without one
  mkdirSync(`${root.folder}/etc/ssl`, { recursive: true });
  writeFileSync(`${root.folder}/etc/ssl/openssl.cnf`, '[req]\ndistinguished_name=dn\n[dn]\n');
  const machine = await plane.add(name, root, [`${address}/24`]);
  machine.start('runtime', program('runtime.ts', SOCKET));
  await kubernetes.eventually('a container runtime', async () =>
    (await machine.runFile('/usr/bin/test', ['-S', SOCKET])).status === 0 ? true : undefined,
  );
  await putBootstrapToken(plane.machine('cp-1'), machine);
  startKubelet(machine);
  return machine;
}

/** Serving certificates of kubelets wait for somebody who approves them. */
export async function approveServing(server: Machine, worker: Machine): Promise<void> {
  const admin = `--kubeconfig=${ADMIN}`;
  await kubernetes.eventually('a serving certificate', async () => {
    const { items } = await kubernetes.json(server, ADMIN, ['get', 'csr']);
    const names = (items as readonly Record<string, unknown>[])
      .filter(({ spec }) => record(spec)['signerName'] === 'kubernetes.io/kubelet-serving')
      .map(({ metadata }) => text(record(metadata)['name']));
    if (names.length > 0) await server.run('kubectl', [admin, 'certificate', 'approve', ...names]);
    const file = '/var/lib/kubelet/pki/kubelet-server-current.pem';
    return (await worker.runFile('/usr/bin/test', ['-e', file])).status === 0 ? true : undefined;
  });
}

/** What an administrator gives to a node that has no certificate, or one that nobody accepts any more. */
export async function putBootstrapToken(server: Machine, worker: Machine): Promise<void> {
  const token = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `bootstrap-token-${TOKEN.id}`, namespace: 'kube-system' },
    type: 'bootstrap.kubernetes.io/token',
    stringData: {
      'token-id': TOKEN.id,
      'token-secret': TOKEN.secret,
      'usage-bootstrap-authentication': 'true',
      'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token',
    },
  };
  await kubernetes.apply(server, ADMIN, JSON.stringify(token));
  const cluster = {
    server: 'https://api.live.example.com:6443',
    'certificate-authority-data': Buffer.from(server.root.read('pki/ca.crt')).toString('base64'),
  };
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: CLUSTER, cluster }],
    users: [{ name: 'bootstrap', user: { token: `${TOKEN.id}.${TOKEN.secret}` } }],
    contexts: [{ name: 'bootstrap', context: { cluster: CLUSTER, user: 'bootstrap' } }],
    'current-context': 'bootstrap',
  };
  worker.root.write('bootstrap-kubelet.conf', JSON.stringify(kubeconfig));
}

export function startKubelet(machine: Machine): void {
  const configs = ['--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf'];
  configs.push('--kubeconfig=/etc/kubernetes/kubelet.conf', `--config=/${CONFIG}`);
  const names = [`--hostname-override=${machine.name}`, `--node-ip=${WORKERS[machine.name] ?? ''}`];
  const command = ['kubelet', ...configs, ...names];
  machine.start('kubelet', ['unshare', '--mount', 'sh', '-c', CONFINE, 'sh', ...command]);
}

/** The files that every worker has. */
export function putWorkerBundle(fleet: Fleet, { folder }: NodeRoot): void {
  const bundle = `${fleet.root}/deploy/${CLUSTER}/nodes/_worker`;
  cpSync(`${bundle}/etc`, `${folder}/etc`, { recursive: true });
  cpSync(`${bundle}/var`, `${folder}/var`, { recursive: true });
  const config = record(parse(readFileSync(`${folder}/${CONFIG}`, 'utf8')));
  writeFileSync(`${folder}/${CONFIG}`, dump({ ...config, ...CONFINED }));
}

import { X509Certificate } from 'node:crypto';
import test from 'ava';
import { record } from '../_helpers/fleet-tree.ts';
import { Fleet } from '../_helpers/fleet.ts';
import { NodeRoot } from '../_helpers/node-root.ts';
import { clusterTest, watch } from './_cluster-test.ts';
import { ControlPlane } from './_machines/control-plane.ts';
import { etcdctl, health, members, PKI } from './_etcd.ts';
import * as kubernetes from './_kubernetes.ts';
import type { Machine } from './_machines/machine.ts';

const CLUSTER = 'prod-eu-1';
const NODES = ['cp-1', 'cp-2', 'cp-3'] as const;
const ADDRESSES = ['10.10.0.11', '10.10.0.12', '10.10.0.13'] as const;
const PLACES = NODES.map((node, index) => ({
  cluster: CLUSTER,
  node,
  addresses: [`${ADDRESSES[index] ?? ''}/24`, `fd00:10:10::1${index + 1}/64`],
}));
/** In place of a load balancer, the endpoint is one of the nodes. */
const HOSTS = [
  '10.10.0.12 api.prod-eu-1.example.com',
  ...NODES.map((node, index) => `${ADDRESSES[index] ?? ''} ${node}`),
];
const ADMIN = '/etc/kubernetes/admin.conf';

let fleet: Fleet;
let plane: ControlPlane | undefined;

test.before(async () => {
  fleet = await Fleet.create();
});
watch(
  () => fleet,
  () => plane,
);

function machine(name: (typeof NODES)[number]): Machine {
  if (plane === undefined) throw new Error('no machine has started');
  return plane.machine(name);
}

clusterTest(
  'a control plane of three members starts from their bundles, and every member of etcd is healthy',
  async (t) => {
    plane = await ControlPlane.create(fleet, PLACES, HOSTS);
    await plane.boot();
    for (const each of plane.machines) {
      const names = [...each.pods().keys()].sort();
      t.deepEqual(names, ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler']);
      for (const name of names) t.true(each.isRunning(name), `${each.name}: ${name}`);
    }
    for (const node of NODES) {
      t.deepEqual(await members(machine(node)), [...NODES], node);
      const healthy = ADDRESSES.map((address) => [`https://${address}:2379`, true] as const);
      t.deepEqual(await health(machine(node)), healthy, node);
    }
  },
);

clusterTest(
  'every kubeconfig of all three bundles is taken for its user, by an API server of the cluster',
  async (t) => {
    for (const node of NODES) {
      const users: Readonly<Record<string, readonly [string, ...string[]]>> = {
        'admin.conf': ['kubernetes-admin', 'kubeadm:cluster-admins'],
        'controller-manager.conf': ['system:kube-controller-manager'],
        'kubelet.conf': [`system:node:${node}`, 'system:nodes'],
        'scheduler.conf': ['system:kube-scheduler'],
      };
      for (const [file, [username, ...groups]] of Object.entries(users)) {
        const user = await kubernetes.whoami(machine(node), `/etc/kubernetes/${file}`);
        t.is(user.username, username, `${node}: ${file}`);
        t.deepEqual([...user.groups].sort(), [...groups, 'system:authenticated'].sort(), file);
      }
    }
  },
);

clusterTest(
  'the manifests of the tree, decrypted with the identity of delivery, are accepted from the break-glass kubeconfig',
  async (t) => {
    const [first] = [machine('cp-1')];
    const breakGlass = await kubernetes.breakGlass(fleet, CLUSTER, first);
    await kubernetes.apply(
      first,
      breakGlass,
      await kubernetes.manifests(fleet, CLUSTER, 'flux-prod-eu-1'),
    );
    await kubernetes.allowed(first, ADMIN, ['*', '*', '--all-namespaces']);
    const secret = ['get', 'secret', 'policy-webhook-tls', '--namespace=kube-system'];
    const { type, data } = await kubernetes.json(first, ADMIN, secret);
    t.is(type, 'kubernetes.io/tls');
    const trusted = Buffer.from(String(record(data)['ca.crt']), 'base64').toString();
    t.is(trusted, first.root.read('pki/ca.crt'));
    const leaf = Buffer.from(String(record(data)['tls.crt']), 'base64').toString();
    t.true(new X509Certificate(leaf).verify(new X509Certificate(trusted).publicKey));
    const name = ['get', 'validatingwebhookconfiguration', 'policy-webhook'];
    const { webhooks } = await kubernetes.json(first, ADMIN, name);
    const [{ clientConfig }] = webhooks as [Record<string, unknown>];
    const bundle = Buffer.from(String(record(clientConfig)['caBundle']), 'base64').toString();
    t.is(bundle, trusted);
  },
);

clusterTest(
  'a declared kubeconfig is taken for its user, who has no more rights than are given',
  async (t) => {
    const file = `deploy/${CLUSTER}/kubeconfigs/deployer.conf`;
    const types = ['--input-type', 'yaml', '--output-type', 'yaml'];
    const kubeconfig = await fleet.succeed('sops', ['decrypt', ...types, file], 'custodian');
    const first = machine('cp-1');
    const deployer = first.write('deployer.conf', kubeconfig.toString());
    const { username, groups } = await kubernetes.whoami(first, deployer);
    t.is(username, 'deployer');
    t.deepEqual([...groups].sort(), ['deployers', 'system:authenticated']);
    t.false(await kubernetes.isAllowed(first, deployer, ['list', 'pods']));
    const bind = ['create', 'rolebinding', 'deployers', '--clusterrole=view', '--group=deployers'];
    await first.succeed('kubectl', [`--kubeconfig=${ADMIN}`, ...bind]);
    await kubernetes.allowed(first, deployer, ['list', 'pods']);
    t.false(await kubernetes.isAllowed(first, deployer, ['delete', 'pods']));
  },
);

clusterTest(
  'one kube-controller-manager and one kube-scheduler hold the leases, and others follow when they end',
  async (t) => {
    for (const name of ['kube-controller-manager', 'kube-scheduler']) {
      const args = ['get', 'lease', name, '--namespace=kube-system'];
      const holder = (): Promise<string | undefined> =>
        kubernetes.json(machine('cp-1'), ADMIN, args).then(({ spec }) => {
          const node = String(record(spec)['holderIdentity']).split('_')[0];
          return NODES.find((each) => each === node);
        });
      const first = await kubernetes.eventually(`lease ${name}`, holder);
      await machine(first as (typeof NODES)[number]).stop(name);
      const next = await kubernetes.eventually(`lease ${name} of another`, async () => {
        const current = await holder();
        return current === first ? undefined : current;
      });
      t.not(next, first);
    }
  },
);

clusterTest(
  'the Service of the API servers has an address of the first network, and a Service may have one of each',
  async (t) => {
    const first = machine('cp-1');
    const slices = ['get', 'endpointslices', '--selector=kubernetes.io/service-name=kubernetes'];
    const addresses = await kubernetes.eventually('three endpoints', async () => {
      const { items } = await kubernetes.json(first, ADMIN, slices);
      const found = (items as readonly { endpoints: { addresses: string[] }[] }[]).flatMap((item) =>
        item.endpoints.flatMap((endpoint) => endpoint.addresses),
      );
      return found.length === 3 ? found : undefined;
    });
    t.deepEqual(addresses.sort(), [...ADDRESSES]);
    const { spec: own } = await kubernetes.json(first, ADMIN, ['get', 'service', 'kubernetes']);
    t.is(record(own)['clusterIP'], '10.96.0.1');
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'both' },
      spec: { ipFamilyPolicy: 'RequireDualStack', ports: [{ port: 80 }] },
    };
    await kubernetes.apply(first, ADMIN, JSON.stringify(service));
    const { spec } = await kubernetes.json(first, ADMIN, ['get', 'service', 'both']);
    const [ipv4, ipv6, ...others] = record(spec)['clusterIPs'] as string[];
    t.regex(ipv4 ?? '', /^10\.(?:9[6-9]|10\d|11[01])\./u);
    t.regex(ipv6 ?? '', /^fd00:10:96::/u);
    t.deepEqual(others, []);
  },
);

clusterTest(
  'a token for a service account, issued by one API server, is accepted by each of them, and no other is',
  async (t) => {
    const first = machine('cp-1');
    const token = await kubernetes.eventually('a token', async () => {
      const server = [`--kubeconfig=${ADMIN}`, `--server=https://${ADDRESSES[0]}:6443`];
      return (await first.succeed('kubectl', [...server, 'create', 'token', 'default'])).trim();
    });
    const client = (address: string, bearer: string): readonly string[] => [
      '--kubeconfig=/dev/null',
      `--server=https://${address}:6443`,
      `--certificate-authority=${PKI}/ca.crt`,
      `--token=${bearer}`,
    ];
    for (const address of ADDRESSES) {
      const { username, groups } = await kubernetes.whoami(first, client(address, token));
      t.is(username, 'system:serviceaccount:default:default', address);
      t.true(groups.includes('system:serviceaccounts'));
      const review = {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        spec: { token },
      };
      const create = ['create', '--filename=-', '--output=json'];
      const server = [`--kubeconfig=${ADMIN}`, `--server=https://${address}:6443`];
      const answer = await first.succeed('kubectl', [...server, ...create], JSON.stringify(review));
      const { authenticated } = record(record(JSON.parse(answer))['status']);
      t.true(authenticated, address);

      // the same claims under a signature that differs in its last octets
      const forged = `${token.slice(0, -4)}${token.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`;
      const refused = await first.run('kubectl', [...client(address, forged), 'auth', 'whoami']);
      t.is(refused.status, 1, address);
      t.regex(refused.stderr.toString(), /Unauthorized|must be logged in/u);
    }
  },
);

clusterTest(
  'etcd refuses a client without certificate, and those with a certificate of another authority',
  async (t) => {
    const first = machine('cp-1');
    t.is((await etcdctl(first, ['member', 'list'])).status, 0);
    // equal names, another authority: what another cluster's API server shows to its own etcd
    const other = await NodeRoot.installed(fleet, { cluster: 'edge-1', node: 'node-1' }, 'other');
    for (const ending of ['crt', 'key']) {
      first.write(`other.${ending}`, other.read(`pki/apiserver-etcd-client.${ending}`));
    }
    const pairs = [
      [],
      ...[`${PKI}/apiserver-kubelet-client`, `${PKI}/front-proxy-client`, '/etc/own/other'].map(
        (pair) => [`--cert=${pair}.crt`, `--key=${pair}.key`],
      ),
    ];
    for (const credentials of pairs) {
      const { status, stderr } = await etcdctl(first, ['member', 'list'], credentials);
      t.is(status, 1, credentials.join(' '));
      t.regex(stderr.toString(), /context deadline exceeded|certificate|handshake/u);
    }
    const log = first.log('etcd');
    t.regex(log, /rejected connection on client endpoint.*didn't provide a certificate/u);
    t.regex(log, /rejected connection on client endpoint.*signed by unknown authority/u);
  },
);

clusterTest(
  'etcd refuses a peer whose certificate names another member, and takes it back with its own',
  async (t) => {
    const [second, third] = [machine('cp-2'), machine('cp-3')];
    const files = ['pki/etcd/peer.crt', 'pki/etcd/peer.key'];
    const own = files.map((file) => third.root.read(file));
    await third.stop('etcd');
    for (const file of files) third.root.write(file, second.root.read(file));
    const before = machine('cp-1').log('etcd').length;
    third.launchPod('etcd');
    await kubernetes.eventually('the refusal', async () => {
      const log = machine('cp-1').log('etcd').slice(before);
      const refused =
        /rejected connection on peer endpoint.*10\.10\.0\.13.*does not match any of DNSNames/u;
      return await Promise.resolve(refused.exec(log)?.[0]);
    });
    const alone = await etcdctl(third, ['endpoint', 'health']);
    t.is(alone.status, 1, 'it is no member without the others');
    await third.stop('etcd');
    for (const [index, file] of files.entries()) third.root.write(file, own[index] ?? '');
    await third.startPods('etcd');
    t.is((await etcdctl(third, ['endpoint', 'health', '--cluster'])).status, 0);
  },
);

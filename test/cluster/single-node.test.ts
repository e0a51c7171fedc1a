import { createHash, X509Certificate } from 'node:crypto';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { bundleFolder, fromBase64, record } from '../_helpers/fleet-tree.ts';
import { Fleet } from '../_helpers/fleet.ts';
import { NodeRoot } from '../_helpers/node-root.ts';
import { clusterTest, watch } from './_cluster-test.ts';
import { ControlPlane } from './_machines/control-plane.ts';
import * as kubernetes from './_kubernetes.ts';
import type { Machine } from './_machines/machine.ts';

const PLACE = { cluster: 'edge-1', node: 'node-1', addresses: ['192.0.2.10/24'] } as const;
const SERVER = 'https://192.0.2.10:6443';
const PKI = '/etc/kubernetes/pki';
const ADMIN = '/etc/kubernetes/admin.conf';
const CONTROLLERS = ['kube-controller-manager', 'kube-scheduler'];

/** A line of the declaration of the cluster, where more may follow. */
const DECLARED = "controlPlaneEndpoint: 'edge-1.example.com',";
const KUBELET_CONFIG = 'var/lib/kubelet/config.yaml';

let fleet: Fleet;
let plane: ControlPlane | undefined;
let node: Machine;

test.before(async () => {
  fleet = await Fleet.prepare();
  // its one change: the bundle of workers
  fleet.editDeclaration(DECLARED, `${DECLARED}\n  workerNodes: [{ name: 'worker-1' }],`);
  const { status, stderr } = await fleet.cli(['synth']);
  if (status !== 0) throw new Error(`synth: status ${status}\n${stderr.toString()}`);
  await fleet.commit();
});
watch(
  () => fleet,
  () => plane,
);

clusterTest(
  'the control plane of one node starts from its bundle, opened with the identity of that node alone',
  async (t) => {
    plane = await ControlPlane.create(fleet, [PLACE], ['192.0.2.10 edge-1.example.com']);
    node = plane.machine('node-1');
    t.deepEqual([...node.pods().keys()].sort(), ['etcd', 'kube-apiserver', ...CONTROLLERS]);
    await plane.boot();
    for (const name of node.pods().keys()) t.true(node.isRunning(name), name);
    const version = JSON.parse(
      await node.succeed('kubectl', [`--kubeconfig=${ADMIN}`, 'get', '--raw', '/version']),
    ) as Record<string, unknown>;
    t.is(version['gitVersion'], 'v1.34.4');
  },
);

clusterTest('every kubeconfig of the bundle is taken for its user, with its groups', async (t) => {
  const users: Readonly<Record<string, readonly [string, ...string[]]>> = {
    'admin.conf': ['kubernetes-admin', 'kubeadm:cluster-admins'],
    'controller-manager.conf': ['system:kube-controller-manager'],
    'kubelet.conf': ['system:node:node-1', 'system:nodes'],
    'scheduler.conf': ['system:kube-scheduler'],
  };
  const files = fleet.files(`${bundleFolder(PLACE)}/etc/kubernetes`);
  const kubeconfigs = files.filter((file) => file.endsWith('.conf'));
  t.is(kubeconfigs.length, 4);
  for (const [file, [username, ...groups]] of Object.entries(users)) {
    const user = await kubernetes.whoami(node, `/etc/kubernetes/${file}`);
    t.is(user.username, username, file);
    t.deepEqual([...user.groups].sort(), [...groups, 'system:authenticated'].sort(), file);
  }
});

clusterTest(
  'admin.conf has no rights until the manifests of the tree are applied with the break-glass kubeconfig, and all of them then',
  async (t) => {
    const all = ['*', '*', '--all-namespaces'];
    t.false(await kubernetes.isAllowed(node, ADMIN, all));
    const listing = await node.run('kubectl', [`--kubeconfig=${ADMIN}`, 'get', 'namespaces']);
    t.is(listing.status, 1);
    t.regex(listing.stderr.toString(), /forbidden: User "kubernetes-admin" cannot list/u);

    const breakGlass = await kubernetes.breakGlass(fleet, 'edge-1', node);
    const { username, groups } = await kubernetes.whoami(node, breakGlass);
    t.is(username, 'kubernetes-super-admin');
    t.deepEqual([...groups].sort(), ['system:authenticated', 'system:masters']);
    await kubernetes.apply(node, breakGlass, await kubernetes.manifests(fleet, 'edge-1', 'flux'));

    await kubernetes.allowed(node, ADMIN, all);
    // the API server shows itself to kubelets with a certificate that has its rights from the same binding
    const kubeletClient = clientOptions(`${PKI}/apiserver-kubelet-client`);
    const { groups: own } = await kubernetes.whoami(node, kubeletClient);
    t.true(own.includes('kubeadm:cluster-admins'));
    await kubernetes.allowed(node, kubeletClient, ['get', 'nodes', '--subresource=proxy']);
    t.false(await kubernetes.isAllowed(node, '/etc/kubernetes/scheduler.conf', all));
  },
);

const TOKEN = { id: 'abcdef', secret: '0123456789abcdef' };
/** A token for nodes, and who may read cluster-info without one: what kubeadm init makes (phases/bootstraptoken). */
const BOOTSTRAP = `apiVersion: v1
kind: Secret
metadata: { name: bootstrap-token-${TOKEN.id}, namespace: kube-system }
type: bootstrap.kubernetes.io/token
stringData:
  token-id: ${TOKEN.id}
  token-secret: ${TOKEN.secret}
  usage-bootstrap-signing: "true"
  usage-bootstrap-authentication: "true"
  auth-extra-groups: system:bootstrappers:kubeadm:default-node-token
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: kubeadm:bootstrap-signer-clusterinfo, namespace: kube-public }
rules: [{ apiGroups: [""], resources: [configmaps], resourceNames: [cluster-info], verbs: [get] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: kubeadm:bootstrap-signer-clusterinfo, namespace: kube-public }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: kubeadm:bootstrap-signer-clusterinfo }
subjects: [{ apiGroup: rbac.authorization.k8s.io, kind: User, name: system:anonymous }]
`;

const join = (hash: string): string => `apiVersion: kubeadm.k8s.io/v1beta4
kind: JoinConfiguration
nodeRegistration: { criSocket: "unix:///none" }
discovery:
  bootstrapToken:
    apiServerEndpoint: edge-1.example.com:6443
    token: ${TOKEN.id}.${TOKEN.secret}
    caCertHashes: ["sha256:${hash}"]
timeouts: { discovery: 4s, kubernetesAPICall: 2s }
`;

clusterTest(
  'kubeadm join believes cluster-info, signed by the token, where the hash is that of the cluster CA, and no other',
  async (t) => {
    await kubernetes.apply(node, ADMIN, BOOTSTRAP);
    const args = ['get', 'configmap', 'cluster-info', '--namespace=kube-public'];
    await kubernetes.eventually('signature of cluster-info', async () => {
      const { data } = await kubernetes.json(node, ADMIN, args);
      return record(data)[`jws-kubeconfig-${TOKEN.id}`];
    });
    const discover = async (hash: string): Promise<string> => {
      const file = node.write('join.yaml', join(hash));
      const options = [`--config=${file}`, '--ignore-preflight-errors=all', '-v=1'];
      const { status, stderr } = await node.run('kubeadm', ['join', ...options]);
      t.not(status, 0, 'a cluster that kubeadm did not make has no kubeadm-config');
      return stderr.toString();
    };
    const { publicKey } = new X509Certificate(node.root.read('pki/ca.crt'));
    const hash = createHash('sha256').update(publicKey.export({ type: 'spki', format: 'der' }));
    const believed = /TLS certificate validates against pinned roots/u;
    const found = await discover(hash.digest('hex'));
    t.regex(found, believed);
    t.regex(found, /configmaps "kubeadm-config"/u);
    t.notRegex(await discover('0'.repeat(64)), believed);
  },
);

clusterTest('kube-controller-manager and kube-scheduler hold their leases', async (t) => {
  for (const name of CONTROLLERS) {
    const args = ['get', 'lease', name, '--namespace=kube-system'];
    const holder = await kubernetes.eventually(`lease ${name}`, async () => {
      const { spec } = await kubernetes.json(node, ADMIN, args);
      const { holderIdentity } = record(spec);
      return typeof holderIdentity === 'string' && holderIdentity !== ''
        ? holderIdentity
        : undefined;
    });
    t.regex(holder, /^node-1_/u, name);
  }
});

clusterTest(
  'every namespace has ca.crt in kube-root-ca.crt, and extension API servers are told both bundles',
  async (t) => {
    const bundle = node.root.read('pki/ca.crt').trim();
    const { items } = await kubernetes.json(node, ADMIN, ['get', 'namespaces']);
    const namespaces = (items as readonly unknown[]).map((item) =>
      String(record(record(item)['metadata'])['name']),
    );
    t.true(namespaces.length >= 4);
    for (const namespace of namespaces) {
      const args = ['get', 'configmap', 'kube-root-ca.crt', `--namespace=${namespace}`];
      const { data } = await kubernetes.eventually(`ConfigMap in ${namespace}`, () =>
        kubernetes.json(node, ADMIN, args),
      );
      t.is(String(record(data)['ca.crt']).trim(), bundle, namespace);
    }
    const name = 'extension-apiserver-authentication';
    const args = ['get', 'configmap', name, '--namespace=kube-system'];
    const data = record((await kubernetes.json(node, ADMIN, args))['data']);
    t.is(String(data['client-ca-file']).trim(), bundle);
    const frontProxy = node.root.read('pki/front-proxy-ca.crt').trim();
    t.is(String(data['requestheader-client-ca-file']).trim(), frontProxy);
    t.is(data['requestheader-allowed-names'], '["front-proxy-client"]');
  },
);

clusterTest(
  'the front-proxy client speaks for others as front proxy and has no identity of its own, and no other client can do so',
  async (t) => {
    const headers = { 'x-remote-user': 'alice', 'x-remote-group': 'builders' };
    const ask = (pair: string, given = {}): Promise<kubernetes.Answer> =>
      kubernetes.selfReview(node, SERVER, { pair: `${PKI}/${pair}`, headers: given });
    const proxied = await ask('front-proxy-client', headers);
    t.is(proxied.status, 201);
    const { username, groups } = kubernetes.userOf(proxied.body);
    t.is(username, 'alice');
    t.deepEqual([...groups].sort(), ['builders', 'system:authenticated']);

    t.is((await ask('front-proxy-client')).status, 401);
    const other = await ask('apiserver-kubelet-client', headers);
    t.is(other.status, 201);
    t.is(kubernetes.userOf(other.body).username, 'kube-apiserver-kubelet-client');
    // certificates of another authority, with headers and without
    for (const pair of ['apiserver-etcd-client', 'etcd/healthcheck-client', 'etcd/peer']) {
      t.is((await ask(pair, headers)).status, 401, pair);
      t.is((await ask(pair)).status, 401, pair);
    }
  },
);

clusterTest(
  'a request for a kubelet client certificate is signed by the issuing authority, and what is signed verifies under ca.crt',
  async (t) => {
    const manifest = await kubeletRequest('worker-2');
    await kubernetes.apply(node, ADMIN, manifest);
    const admin = [`--kubeconfig=${ADMIN}`, 'certificate', 'approve', 'worker-2'];
    await node.succeed('kubectl', admin);
    const pem = await signedFor('worker-2');
    const file = node.write('worker.crt', pem);
    const trust = ['-no-CApath', '-no-CAstore', '-CAfile', `${PKI}/ca.crt`];
    const verify = ['verify', '-x509_strict', '-purpose', 'sslclient', ...trust, file];
    t.is(await node.succeed('openssl', verify), `${file}: OK\n`);
    const signed = new X509Certificate(pem);
    t.is(signed.subject, 'O=system:nodes\nCN=system:node:worker-2');
    const issuer = new X509Certificate(node.root.read('pki/cluster-signing-ca.crt'));
    t.true(signed.verify(issuer.publicKey));
    // no kubelet has the declared life's end behind that of the flag
    const duration = commandOption('kube-controller-manager', 'cluster-signing-duration');
    const hours = Number(/^(\d+)h/u.exec(duration)?.[1]);
    const life = new Date(signed.validTo).getTime() - Date.now();
    t.true(Math.abs(life - hours * 3_600_000) < 600_000, `${duration}: ${signed.validTo}`);
  },
);

clusterTest(
  'a kubelet gets its client certificate with a bootstrap token, approved by the bindings of the tree',
  async (t) => {
    const [id, secret] = ['abcdef', '0123456789abcdef'];
    const token = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system' },
      type: 'bootstrap.kubernetes.io/token',
      stringData: {
        'token-id': id,
        'token-secret': secret,
        'usage-bootstrap-authentication': 'true',
        'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token',
      },
    };
    await kubernetes.apply(node, ADMIN, JSON.stringify(token));
    const root = workerRoot(`${id}.${secret}`);
    const worker = await plane?.add('worker-1', root, ['192.0.2.20/24']);
    if (worker === undefined) throw new Error('no control plane');
    const bootstrap = '--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf';
    worker.start('kubelet', kubelet('worker-1', bootstrap));
    const file = '/var/lib/kubelet/pki/kubelet-client-current.pem';
    const pem = await kubernetes.eventually('the certificate of the kubelet', async () => {
      const { status, stdout } = await worker.run('openssl', ['x509', '-in', file]);
      return status === 0 ? stdout.toString() : undefined;
    });
    t.is(new X509Certificate(pem).subject, 'O=system:nodes\nCN=system:node:worker-1');
    const verify = ['verify', '-purpose', 'sslclient', '-no-CApath', '-no-CAstore'];
    await worker.succeed('openssl', [...verify, '-CAfile', `${PKI}/ca.crt`, file]);
    const { username, groups } = await kubernetes.whoami(worker, '/etc/kubernetes/kubelet.conf');
    t.is(username, 'system:node:worker-1');
    t.true(groups.includes('system:nodes'));

    const { items } = await kubernetes.json(node, ADMIN, ['get', 'csr']);
    const own = (items as readonly unknown[])
      .map(record)
      .filter(({ spec }) => record(spec)['username'] === `system:bootstrap:${id}`);
    t.is(own.length, 1);
    const { conditions } = record(own[0]?.['status']);
    const [approval, ...others] = (conditions as readonly unknown[]).map(record);
    t.deepEqual(others, []);
    t.is(approval?.['type'], 'Approved');
    t.is(approval?.['reason'], 'AutoApproved');
  },
);

clusterTest(
  'a kubelet that has a certificate gets the next one without anybody’s approval, and none for another node',
  async (t) => {
    const worker = plane?.machine('worker-1');
    if (worker === undefined) throw new Error('no worker');
    const kubeconfig = '/etc/kubernetes/kubelet.conf';
    await kubernetes.create(worker, kubeconfig, await kubeletRequest('worker-1'));
    const next = new X509Certificate(await signedFor('worker-1'));
    t.is(next.subject, 'O=system:nodes\nCN=system:node:worker-1');
    const other = kubernetes.create(worker, kubeconfig, await kubeletRequest('worker-3'));
    await t.throwsAsync(other, {
      message: /can only create a node CSR with CN=system:node:worker-1/u,
    });
  },
);

clusterTest(
  'a kubelet of a control-plane node takes its configuration, and ends only for want of a container runtime',
  async (t) => {
    node.start('kubelet', kubelet('node-1'));
    const log = await kubernetes.eventually('the end of the kubelet', async () =>
      Promise.resolve(node.isRunning('kubelet') ? undefined : node.log('kubelet')),
    );
    t.regex(log, /command failed.*validate service connection: validate CRI v1 runtime API/u);
  },
);

clusterTest(
  'a name more for the API server changes the hash of its pod alone, and after its restart a handshake shows the new certificate',
  async (t) => {
    const shown = async (): Promise<X509Certificate> => {
      const connect = [
        's_client',
        '-connect',
        '192.0.2.10:6443',
        '-servername',
        'edge-1.example.com',
      ];
      const { stdout } = await node.run('openssl', connect);
      return new X509Certificate(stdout);
    };
    const before = kubernetes.podManifests(fleet, PLACE);
    const served = await shown();
    t.is(served.checkHost('new.edge-1.example.com'), undefined);

    const name = "apiServerCertSans: ['new.edge-1.example.com'],";
    fleet.editDeclaration(DECLARED, `${DECLARED}\n  ${name}`);
    const { status, stderr } = await fleet.cli(['synth'], 'custodian');
    t.is(status, 0, stderr.toString());
    const changed = (await fleet.git('diff', '--name-only', '--', 'deploy/*/nodes/*')).trim();
    const folder = bundleFolder(PLACE);
    t.deepEqual(changed.split('\n'), [
      `${folder}/bundle.yaml`,
      `${folder}/etc/kubernetes/manifests/kube-apiserver.yaml`,
      `${folder}/etc/kubernetes/pki/apiserver.crt`,
      `${folder}/etc/kubernetes/pki/apiserver.key`,
    ]);
    const after = kubernetes.podManifests(fleet, PLACE);
    const hash = /sha256:[0-9a-f]{64}/gu;
    for (const [pod, manifest] of before) {
      t.is(after.get(pod)?.replaceAll(hash, ''), manifest.replaceAll(hash, ''), pod);
      t.is(after.get(pod) === manifest, pod !== 'kube-apiserver', pod);
    }

    await NodeRoot.installed(fleet, PLACE, path.basename(node.root.folder));
    await node.restartPod('kube-apiserver');
    const now = await shown();
    t.not(now.serialNumber, served.serialNumber);
    t.is(now.checkHost('new.edge-1.example.com'), 'new.edge-1.example.com');
    t.is(now.serialNumber, new X509Certificate(node.root.read('pki/apiserver.crt')).serialNumber);
    t.is((await kubernetes.whoami(node, ADMIN)).username, 'kubernetes-admin');
  },
);

/** A worker with the files of its bundle, and a token. */
function workerRoot(token: string): NodeRoot {
  const root = new NodeRoot(fleet, 'machine-worker-1');
  const bundle = `${fleet.root}/deploy/edge-1/nodes/_worker`;
  for (const folder of ['etc', 'var']) {
    cpSync(`${bundle}/${folder}`, `${root.folder}/${folder}`, { recursive: true });
  }
  const config = `${root.folder}/${KUBELET_CONFIG}`;
  // without a container runtime the kubelet ends at once, and would not wait for a certificate that it may rotate
  const declared = readFileSync(config, 'utf8');
  writeFileSync(config, declared.replace('rotateCertificates: true', 'rotateCertificates: false'));
  const server = 'https://edge-1.example.com:6443';
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'edge-1', cluster: { server, 'certificate-authority': `${PKI}/ca.crt` } }],
    users: [{ name: 'bootstrap', user: { token } }],
    contexts: [{ name: 'bootstrap', context: { cluster: 'edge-1', user: 'bootstrap' } }],
    'current-context': 'bootstrap',
  };
  root.write('bootstrap-kubelet.conf', JSON.stringify(kubeconfig));
  return root;
}

/** A request of a kubelet for its client certificate, by the name of its node. */
async function kubeletRequest(name: string): Promise<string> {
  const [key, csr] = [`${fleet.scratch}/${name}.key`, `${fleet.scratch}/${name}.csr`];
  const algorithm = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const subject = ['-subj', `/O=system:nodes/CN=system:node:${name}`];
  const output = ['-keyout', key, '-out', csr];
  await fleet.succeed('openssl', ['req', '-new', ...algorithm, ...subject, ...output]);
  return JSON.stringify({
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name },
    spec: {
      request: readFileSync(csr).toString('base64'),
      signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
      usages: ['digital signature', 'client auth'],
    },
  });
}

/** What kube-controller-manager signs for an approved request. */
function signedFor(request: string): Promise<string> {
  return kubernetes.eventually(`a certificate for ${request}`, async () => {
    const { status } = await kubernetes.json(node, ADMIN, ['get', 'csr', request]);
    const { certificate } = record(status);
    return certificate === undefined ? undefined : fromBase64(certificate);
  });
}

function kubelet(name: string, ...options: readonly string[]): [string, ...string[]] {
  const common = [`--config=/${KUBELET_CONFIG}`, `--hostname-override=${name}`];
  return ['kubelet', '--kubeconfig=/etc/kubernetes/kubelet.conf', ...common, ...options];
}

function clientOptions(pair: string): readonly string[] {
  return [
    `--server=${SERVER}`,
    `--certificate-authority=${PKI}/ca.crt`,
    ...[`--client-certificate=${pair}.crt`, `--client-key=${pair}.key`],
  ];
}

/** The value of an option in a static pod's command. */
function commandOption(pod: string, name: string): string {
  const prefix = `--${name}=`;
  const option = node
    .pods()
    .get(pod)
    ?.command.find((text) => text.startsWith(prefix));
  if (option === undefined) throw new Error(`${pod} has no option ${name}`);
  return option.slice(prefix.length);
}

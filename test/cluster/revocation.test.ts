import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { readCertificate } from '../../src/x509/read/certificate.ts';
import { buildCrl } from '../../src/x509/build/crl/crl.ts';
import { Fleet } from '../_helpers/fleet.ts';
import { NodeRoot } from '../_helpers/node-root.ts';
import { rootCa } from '../unit/x509/fixtures.ts';
import { clusterTest, watch } from './_cluster-test.ts';
import { ControlPlane } from './_machines/control-plane.ts';
import { etcdctl, health, PKI } from './_etcd.ts';
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
const HOSTS = NODES.map((node, index) => `${ADDRESSES[index] ?? ''} ${node}`);
const CRL = 'etc/kubernetes/pki/etcd/ca.crl';
/** So long ago that a CRL of then is due now, and nothing else is. */
const START = new Date(Date.now() - 250 * 86_400_000).toISOString();

let fleet: Fleet;
let plane: ControlPlane | undefined;

test.before(async () => {
  fleet = await Fleet.prepare();
  const { status, stderr } = await fleet.cli(['synth', '--now', START], 'custodian');
  if (status !== 0) throw new Error(`synth: status ${status}\n${stderr.toString()}`);
  await fleet.commit();
});
watch(
  () => fleet,
  () => plane,
);

function machine(name: (typeof NODES)[number]): Machine {
  if (plane === undefined) throw new Error('no machine has started');
  return plane.machine(name);
}

async function run(t: ExecutionContext, ...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await fleet.cli(args, 'custodian');
  t.is(status, 0, stderr.toString());
  return stdout.toString();
}

/** Puts a node's bundle on its machine, where its programs run on. */
const install = (node: (typeof NODES)[number]): Promise<NodeRoot> =>
  NodeRoot.installed(fleet, { cluster: CLUSTER, node }, `machine-${CLUSTER}-${node}`);

const etcdManifests = (): string[] =>
  NODES.map((node) =>
    fleet.read(`deploy/${CLUSTER}/nodes/${node}/etc/kubernetes/manifests/etcd.yaml`),
  );

const pair = (files: string): string[] => [`--cert=${files}.crt`, `--key=${files}.key`];

/** Puts copies of a key pair aside, as who steals it. */
function steal(from: Machine, name: string): string[] {
  for (const ending of ['crt', 'key'])
    from.write(`${path.basename(name)}.${ending}`, from.root.read(`pki/${name}.${ending}`));
  return pair(`/etc/own/${path.basename(name)}`);
}

async function serves(t: ExecutionContext, on: Machine, credentials: readonly string[]) {
  const { status, stderr } = await etcdctl(on, ['member', 'list'], credentials);
  t.is(status, 0, `${on.name}: ${credentials.join(' ')}: ${stderr.toString()}`);
}

async function refuses(t: ExecutionContext, on: Machine, credentials: readonly string[]) {
  const { status, stderr } = await etcdctl(on, ['member', 'list'], credentials);
  t.is(status, 1, `${on.name}: ${credentials.join(' ')}`);
  t.regex(stderr.toString(), /context deadline exceeded|certificate|handshake/u);
}

const OWN = pair(`${PKI}/apiserver-etcd-client`);
const HEALTH = pair(`${PKI}/etcd/healthcheck-client`);

let stolen: string[] = [];

clusterTest('etcd refuses the revoked client on every member, and no other', async (t) => {
  plane = await ControlPlane.create(fleet, PLACES, HOSTS);
  await plane.startPods(['etcd']);
  stolen = steal(machine('cp-1'), 'apiserver-etcd-client');
  await serves(t, machine('cp-1'), stolen);
  const before = etcdManifests();
  await run(
    t,
    'revoke',
    CLUSTER,
    'cp-1/apiserver-etcd-client',
    '--reason',
    'keyCompromise',
    '--now',
    START,
  );
  await fleet.commit();
  for (const [index, manifest] of etcdManifests().entries()) t.not(manifest, before[index]);
  for (const node of NODES) {
    await install(node);
    await machine(node).restartPod('etcd');
  }
  await refuses(t, machine('cp-1'), stolen);
  for (const node of NODES) {
    await serves(t, machine(node), OWN);
    await serves(t, machine(node), HEALTH);
  }
  const healthy = ADDRESSES.map((address) => [`https://${address}:2379`, true] as const);
  t.deepEqual(await health(machine('cp-1')), healthy);
  for (const node of ['cp-2', 'cp-3'] as const) {
    for (const ending of ['crt', 'key'])
      machine(node).write(
        `apiserver-etcd-client.${ending}`,
        readFileSync(
          path.join(machine('cp-1').root.folder, `etc/own/apiserver-etcd-client.${ending}`),
          'utf8',
        ),
      );
    await refuses(t, machine(node), stolen);
  }
});

clusterTest(
  'a CRL that is renewed is read without a restart, and changes no manifest',
  async (t) => {
    const before = etcdManifests();
    const said = await run(t, 'renew', '--cluster', CLUSTER);
    t.regex(said, /^revoke prod-eu-1\/etcd-ca: RenewalDue, CRL 2 of 1 certificate: /mu);
    t.deepEqual(etcdManifests(), before);
    for (const node of NODES) {
      await install(node);
      await refuses(t, machine(node), stolen);
      await serves(t, machine(node), OWN);
    }
    // that it is the new one which is read: another client is revoked, and again nothing restarts
    const other = steal(machine('cp-2'), 'etcd/healthcheck-client');
    await serves(t, machine('cp-2'), other);
    await fleet.commit();
    await run(t, 'revoke', CLUSTER, 'cp-2/etcd-healthcheck-client');
    t.deepEqual(etcdManifests(), before);
    for (const node of NODES) await install(node);
    await refuses(t, machine('cp-2'), other);
    await serves(t, machine('cp-2'), HEALTH);
    await serves(t, machine('cp-1'), HEALTH);
    await fleet.commit();
  },
);

clusterTest(
  'a member with a revoked peer certificate is refused, and taken back with its new one',
  async (t) => {
    const third = machine('cp-3');
    const files = ['pki/etcd/peer.crt', 'pki/etcd/peer.key'];
    const old = files.map((file) => third.root.read(file));
    await run(t, 'revoke', CLUSTER, 'cp-3/etcd-peer');
    await fleet.commit();
    for (const node of NODES) await install(node);
    await third.stop('etcd');
    const own = files.map((file) => third.root.read(file));
    for (const [index, file] of files.entries()) third.root.write(file, old[index] ?? '');
    const from = machine('cp-1').log('etcd').length;
    third.launchPod('etcd');
    await kubernetes.eventually('the refusal', async () => {
      const log = machine('cp-1').log('etcd').slice(from);
      return await Promise.resolve(/rejected connection on peer endpoint.*revoked/u.exec(log)?.[0]);
    });
    await third.stop('etcd');
    for (const [index, file] of files.entries()) third.root.write(file, own[index] ?? '');
    await third.startPods('etcd');
    t.is((await etcdctl(third, ['endpoint', 'health', '--cluster'])).status, 0);
  },
);

clusterTest(
  'etcd compares serial numbers only: it asks for neither issuer, signature nor date, and refuses everybody without a file or with PEM',
  async (t) => {
    const first = machine('cp-1');
    const file = path.join(first.root.folder, CRL);
    const good = readFileSync(file);
    await serves(t, first, HEALTH);
    const { serialNumber } = readCertificate(first.root.read('pki/etcd/healthcheck-client.crt'));
    const stranger = await rootCa('ECDSA-P256');
    const revokedAt = new Date('2020-01-01T00:00:00Z');
    const pem = buildCrl(
      {
        number: 1,
        thisUpdate: revokedAt,
        nextUpdate: new Date('2020-02-01T00:00:00Z'),
        revoked: [{ serialNumber, revokedAt, reason: 'unspecified' }],
      },
      stranger,
    );
    const der = Buffer.from(pem.replaceAll(/-----.*-----|\s/gu, ''), 'base64');
    writeFileSync(file, der);
    await refuses(t, first, HEALTH);
    await serves(t, first, OWN);
    writeFileSync(file, pem);
    await refuses(t, first, OWN);
    writeFileSync(file, '');
    await refuses(t, first, OWN);
    writeFileSync(file, good);
    await serves(t, first, OWN);
    await serves(t, first, HEALTH);
  },
);

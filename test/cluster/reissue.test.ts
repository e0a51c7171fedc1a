import { X509Certificate } from 'node:crypto';
import path from 'node:path';
import test from 'ava';
import { REISSUES } from '../../src/catalog/rotation/reissues.ts';
import { fromBase64, record } from '../_helpers/fleet-tree.ts';
import { Fleet } from '../_helpers/fleet.ts';
import { NodeRoot } from '../_helpers/node-root.ts';
import { clusterTest, watch } from './_cluster-test.ts';
import * as kubernetes from './_kubernetes.ts';
import { ControlPlane } from './_machines/control-plane.ts';
import type { Machine } from './_machines/machine.ts';
import { ROLLOUT_RESTART, scriptOfJob, workload } from './_rollout-restart.ts';

const PLACE = { cluster: 'edge-1', node: 'node-1', addresses: ['192.0.2.10/24'] } as const;
const PKI = '/etc/kubernetes/pki';
const ADMIN = '/etc/kubernetes/admin.conf';

let fleet: Fleet;
let plane: ControlPlane | undefined;
let node: Machine;

test.before(async () => {
  fleet = await Fleet.create();
});
watch(
  () => fleet,
  () => plane,
);

/** The step of the runbook that prints namespaces whose kube-root-ca.crt is not the file of the node. */
async function namespacesWithout(): Promise<string> {
  const [step] = REISSUES.ca;
  const script = [`export KUBECONFIG=${ADMIN}`, ...(step?.commands ?? [])].join('\n');
  const { status, stdout, stderr } = await node.runFile('/bin/bash', ['-euc', script]);
  if (status !== 0) throw new Error(stderr.toString());
  return stdout.toString().trim();
}

/** A certificate that kube-controller-manager signs for a user of its own. */
async function signed(name: string, kubeconfig: string): Promise<string> {
  const [key, csr] = [`${fleet.scratch}/${name}.key`, `${fleet.scratch}/${name}.csr`];
  await fleet.succeed('openssl', [
    ...['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-subj', `/CN=${name}`, '-keyout', key, '-out', csr],
  ]);
  const request = (await fleet.succeed('openssl', ['req', '-in', csr])).toString('base64');
  const manifest = {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name },
    spec: { request, signerName: 'kubernetes.io/kube-apiserver-client', usages: ['client auth'] },
  };
  await kubernetes.create(node, kubeconfig, JSON.stringify(manifest));
  await node.succeed('kubectl', [`--kubeconfig=${kubeconfig}`, 'certificate', 'approve', name]);
  return kubernetes.eventually(`a certificate for ${name}`, async () => {
    const { status } = await kubernetes.json(node, kubeconfig, ['get', 'csr', name]);
    const { certificate } = record(status);
    return certificate === undefined ? undefined : fromBase64(certificate);
  });
}

async function isGood(ca: string, certificate: string): Promise<void> {
  const files = [node.write('judge-ca.crt', ca), node.write('judged.crt', certificate)];
  const trust = ['-x509_strict', '-no-CApath', '-no-CAstore', '-CAfile', ...files];
  await node.succeed('openssl', ['verify', '-purpose', 'sslclient', ...trust]);
}

clusterTest(
  'a control plane takes a reissued cluster CA, and clients from before and after meet it with either certificate',
  async (t) => {
    plane = await ControlPlane.create(fleet, [PLACE], ['192.0.2.10 edge-1.example.com']);
    node = plane.machine('node-1');
    await plane.boot();
    const breakGlass = await kubernetes.breakGlass(fleet, 'edge-1', node);
    await kubernetes.apply(node, breakGlass, await kubernetes.manifests(fleet, 'edge-1', 'flux'));
    await kubernetes.allowed(node, ADMIN, ['*', '*', '--all-namespaces']);
    await kubernetes.eventually('kube-root-ca.crt', async () =>
      (await namespacesWithout()) === '' ? true : undefined,
    );
    const oldCa = node.root.read('pki/ca.crt');
    const oldAdmin = node.write('old-admin.conf', node.root.read('admin.conf'));
    const oldClient = await signed('before', ADMIN);

    for (const args of [
      ['reissue', 'edge-1', 'ca'],
      ['renew', '--cluster', 'edge-1', 'edge-1/node-1/admin.conf'],
    ] as const) {
      const { status, stderr } = await fleet.cli(args, 'custodian');
      t.is(status, 0, stderr.toString());
      if (args[0] === 'reissue') await fleet.commit();
    }
    const next = await NodeRoot.installed(fleet, PLACE, 'next');
    const newCa = next.read('pki/ca.crt');
    t.not(newCa, oldCa);
    t.not(new X509Certificate(newCa).serialNumber, new X509Certificate(oldCa).serialNumber);
    const newAdmin = node.write('new-admin.conf', next.read('admin.conf'));
    const whoever = async (): Promise<void> => {
      for (const kubeconfig of [oldAdmin, newAdmin])
        t.is((await kubernetes.whoami(node, kubeconfig)).username, 'kubernetes-admin', kubeconfig);
    };
    await whoever(); // of an API server that has only the certificate before

    await NodeRoot.installed(fleet, PLACE, path.basename(node.root.folder));
    t.not(await namespacesWithout(), '', 'the step of the runbook can say that it is not done');
    await node.restartPod('kube-apiserver');
    await whoever();
    for (const pod of ['kube-controller-manager', 'kube-scheduler']) await node.restartPod(pod);
    await kubernetes.eventually('kube-root-ca.crt', async () =>
      (await namespacesWithout()) === '' ? true : undefined,
    );
    const newClient = await signed('after', newAdmin);
    for (const ca of [oldCa, newCa])
      for (const client of [oldClient, newClient]) await isGood(ca, client);
    const file = `${PKI}/cluster-signing-ca.crt`;
    t.is(node.root.read('pki/cluster-signing-ca.crt'), newCa, file);
  },
);

clusterTest(
  'the Job of the example restarts workloads, delivery first, with the rights that it has, and tells what did not roll out',
  async (t) => {
    const admin = [`--kubeconfig=${ADMIN}`];
    for (const name of ['apps', 'flux-system'])
      await node.succeed('kubectl', [...admin, 'create', 'namespace', name]);
    const workloads = [
      ['Deployment', 'flux-system', 'controller'],
      ['DaemonSet', 'kube-system', 'proxy'],
      ['StatefulSet', 'apps', 'store'],
      ['Deployment', 'apps', 'web'],
    ] as const;
    for (const [kind, namespace, name] of workloads)
      await kubernetes.create(node, ADMIN, workload(kind, namespace, name));
    const identity = 'cdk8s-pki-rollout-restart';
    await kubernetes.apply(node, ADMIN, ROLLOUT_RESTART);
    const token = await node.succeed('kubectl', [
      ...[...admin, '--namespace=kube-system', 'create', 'token', identity],
    ]);
    const own = node.write('rollout-restart.token.conf', kubeconfigOf(token.trim()));
    const run = (): ReturnType<Machine['runFile']> =>
      node.runFile('/bin/sh', ['-euc', `export KUBECONFIG=${own} PATIENCE=10s\n${scriptOfJob()}`]);

    const done = await run();
    t.is(done.status, 0, done.stderr.toString());
    const restarted = done.stdout.toString().match(/^\S+(?= restarted$)/gmu);
    t.deepEqual(restarted, [
      'deployment.apps/controller',
      'daemonset.apps/proxy',
      'deployment.apps/web',
      'statefulset.apps/store',
    ]);
    for (const [kind, namespace, name] of workloads) {
      const { spec } = await kubernetes.json(node, ADMIN, ['get', kind, name, '-n', namespace]);
      const { annotations } = record(record(record(spec)['template'])['metadata']);
      t.regex(String(record(annotations)['kubectl.kubernetes.io/restartedAt']), /^\d{4}-/u, name);
    }

    await kubernetes.create(node, ADMIN, workload('Deployment', 'apps', 'stuck', 1));
    const stuck = await run();
    t.is(stuck.status, 1);
    t.regex(stuck.stderr.toString(), /^not rolled out: apps\/deployment\.apps\/stuck$/mu);

    for (const what of [
      ['get', 'secrets'],
      ['create', 'pods'],
      ['delete', 'deployments.apps'],
      ['update', 'daemonsets.apps'],
      ['get', 'namespaces'],
    ])
      t.false(await kubernetes.isAllowed(node, own, [...what, '--all-namespaces']), what.join(' '));
  },
);

function kubeconfigOf(token: string): string {
  const cluster = {
    server: 'https://edge-1.example.com:6443',
    'certificate-authority': `${PKI}/ca.crt`,
  };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'edge-1', cluster }],
    users: [{ name: 'job', user: { token } }],
    contexts: [{ name: 'job', context: { cluster: 'edge-1', user: 'job' } }],
    'current-context': 'job',
  });
}

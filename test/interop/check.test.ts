import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import type { ExecutionContext } from 'ava';
import { runProgram, succeed, type Ran } from '../_helpers/run-program.ts';
import { toolTest } from '../_helpers/tool-test.ts';
import { toolPath } from '../_helpers/tools.ts';

const CLI = path.resolve(import.meta.dirname, '../../dist/cli.js');
const kubeadmTest = toolTest(['kubeadm']);

/** Seconds between the two programs on a busy machine. */
const APART = 300;

interface Expiration {
  readonly name: string;
  readonly expirationDate: string | null;
  readonly residualTime: number;
  readonly externallyManaged: boolean;
  readonly missing: boolean;
}

interface Checked {
  readonly name: string;
  readonly kind: string;
  readonly notAfter: string;
  readonly residualSeconds: number;
  readonly externallyManaged: boolean;
  readonly status: string;
  readonly renewAt: string;
}

interface Node {
  /** The node's `/etc/kubernetes`. */
  readonly folder: string;
  kubeadm(...args: readonly string[]): Promise<Ran>;
}

/** A control-plane node whose files kubeadm made, not this product. */
async function kubeadmNode(
  t: ExecutionContext,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<Node> {
  const root = mkdtempSync(path.join(tmpdir(), 'cdk8s-pki-kubeadm-'));
  t.teardown(() => {
    rmSync(root, { recursive: true });
  });
  for (const name of ['tmp', 'etc']) mkdirSync(path.join(root, name));
  const documents = [
    {
      apiVersion: 'kubeadm.k8s.io/v1beta4',
      kind: 'InitConfiguration',
      localAPIEndpoint: { advertiseAddress: '192.0.2.10' },
      nodeRegistration: { name: 'cp-1', criSocket: 'unix:///run/containerd/containerd.sock' },
    },
    {
      apiVersion: 'kubeadm.k8s.io/v1beta4',
      kind: 'ClusterConfiguration',
      kubernetesVersion: '1.34.4',
      encryptionAlgorithm: 'ECDSA-P256',
      ...settings,
    },
  ];
  const config = documents.map((document) => JSON.stringify(document)).join('\n---\n');
  writeFileSync(path.join(root, 'kubeadm.yaml'), config);
  const command = (args: readonly string[]): readonly [string, ...string[]] => {
    const all = [toolPath('kubeadm'), '--rootfs', root, ...args, '--config', '/kubeadm.yaml'];
    // changing the root is for root: a user is one in a namespace of their own
    return process.getuid?.() === 0
      ? [toolPath('kubeadm'), ...all.slice(1)]
      : ['unshare', '--map-root-user', ...all];
  };
  const options = { cwd: root, env: { PATH: process.env.PATH ?? '' } };
  for (const phase of ['certs', 'kubeconfig']) {
    const [file, ...args] = command(['init', 'phase', phase, 'all']);
    await succeed(file, args, options);
  }
  return {
    folder: path.join(root, 'etc/kubernetes'),
    kubeadm: (...words) => {
      const [file, ...args] = command(words);
      return runProgram(file, args, options);
    },
  };
}

function check(...args: readonly string[]): Promise<Ran> {
  const env = { PATH: process.env.PATH ?? '' };
  return runProgram(process.execPath, [CLI, 'check', ...args], { cwd: tmpdir(), env });
}

/** Compares every row of `kubeadm certs check-expiration` with that of `check --dir`; returns those of `check`. */
async function agree(t: ExecutionContext, node: Node): Promise<readonly Checked[]> {
  const printed = await node.kubeadm('certs', 'check-expiration', '--output', 'json');
  t.is(printed.status, 0, printed.stderr.toString());
  const { certificates, certificateAuthorities } = JSON.parse(printed.stdout.toString()) as {
    readonly certificates: readonly Expiration[];
    readonly certificateAuthorities: readonly Expiration[];
  };
  const own = await check('--dir', node.folder, '--output', 'json');
  const { certificates: rows } = JSON.parse(own.stdout.toString()) as {
    readonly certificates: readonly Checked[];
  };
  for (const theirs of [...certificates, ...certificateAuthorities]) {
    // of a bundle kubeadm takes the first certificate
    const ours = rows.find(({ name }) => name === theirs.name);
    if (theirs.missing) {
      t.is(ours, undefined, theirs.name);
      continue;
    }
    t.is(ours?.notAfter.replace('.000Z', 'Z'), theirs.expirationDate ?? '', theirs.name);
    t.is(ours?.externallyManaged, theirs.externallyManaged, theirs.name);
    t.is(ours?.kind === 'authority', certificateAuthorities.includes(theirs), theirs.name);
    t.true(Math.abs((ours?.residualSeconds ?? 0) - theirs.residualTime) < APART, theirs.name);
  }
  await agreeOnText(t, node);
  return rows;
}

/** The lines of a printed table by their first word, columns apart. */
function tableRows(text: string): Map<string, readonly string[]> {
  const lines = text.split('\n').map((line) => line.trim().split(/\s{2,}/u));
  return new Map(lines.map(([name = '', ...cells]) => [name, cells]));
}

async function agreeOnText(t: ExecutionContext, node: Node): Promise<void> {
  const { stdout } = await node.kubeadm('certs', 'check-expiration');
  const ours = tableRows((await check('--dir', node.folder)).stdout.toString());
  const theirs = [...tableRows(stdout.toString())].filter(([name]) => name !== '');
  t.is(theirs.length, 2 + 11 + 3, 'two headings, and a row for each certificate and authority');
  for (const [name, cells] of theirs) {
    t.deepEqual(ours.get(name)?.slice(0, cells.length), cells, name);
  }
}

kubeadmTest('check --dir: agrees with kubeadm on a node that kubeadm made', async (t) => {
  const rows = await agree(t, await kubeadmNode(t));
  t.is(rows.length, 11 + 3 + 1, 'and kubelet.conf, which kubeadm leaves to the kubelet');
  t.deepEqual([...new Set(rows.map(({ status }) => status))], ['ok']);
});

kubeadmTest(
  'check --dir: agrees where an authority is a bundle and another has no key',
  async (t) => {
    const node = await kubeadmNode(t);
    const other = await kubeadmNode(t);
    appendFileSync(
      path.join(node.folder, 'pki/ca.crt'),
      readFileSync(path.join(other.folder, 'pki/ca.crt')),
    );
    for (const name of ['etcd/ca.key', 'front-proxy-ca.key']) {
      rmSync(path.join(node.folder, 'pki', name));
    }
    const rows = await agree(t, node);
    t.is(rows.filter(({ name }) => name === 'ca').length, 2);
    t.deepEqual(
      rows.filter(({ externallyManaged }) => externallyManaged).map(({ name }) => name),
      [
        'apiserver-etcd-client',
        'etcd-ca',
        'etcd-healthcheck-client',
        'etcd-peer',
        'etcd-server',
        'front-proxy-ca',
        'front-proxy-client',
      ],
    );
  },
);

kubeadmTest('check --dir: agrees where no authority has its key', async (t) => {
  const node = await kubeadmNode(t);
  for (const name of ['ca.key', 'etcd/ca.key', 'front-proxy-ca.key']) {
    rmSync(path.join(node.folder, 'pki', name));
  }
  const rows = await agree(t, node);
  t.true(rows.every(({ externallyManaged }) => externallyManaged));
});

kubeadmTest('check --dir: agrees on what is missing, and on a kubeconfig of a file', async (t) => {
  const node = await kubeadmNode(t);
  for (const name of [
    'super-admin.conf',
    'scheduler.conf',
    'pki/apiserver.crt',
    'pki/etcd/peer.crt',
  ]) {
    rmSync(path.join(node.folder, name));
  }
  const rows = await agree(t, node);
  t.is(rows.length, 15 - 4);
});

kubeadmTest(
  'check --dir: of other lives, the same dates and residual times; due after two thirds',
  async (t) => {
    const node = await kubeadmNode(t, {
      certificateValidityPeriod: '720h',
      caCertificateValidityPeriod: '30000h',
    });
    const rows = await agree(t, node);
    const apiserver = rows.find(({ name }) => name === 'apiserver');
    t.is(apiserver?.status, 'ok');
    const late = await check('--dir', node.folder, '--now', apiserver?.renewAt ?? '', '-o', 'json');
    t.is(late.status, 3);
    const { certificates } = JSON.parse(late.stdout.toString()) as { certificates: Checked[] };
    t.is(certificates.find(({ name }) => name === 'apiserver')?.status, 'due');
    t.is(certificates.find(({ name }) => name === 'ca')?.status, 'ok');
  },
);

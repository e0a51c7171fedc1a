import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { bundleFiles, bundleFolder, type NodePlace } from './fleet-tree.ts';
import type { Fleet } from './fleet.ts';
import { inParallel, runProgram, type Ran } from './run-program.ts';
import { toolPath } from './tools.ts';

/** A file of a node's bundle, decrypted. */
export interface OpenFile {
  readonly path: string;
  /** Octets where it is no text. */
  readonly content: string | Uint8Array;
  readonly mode: string;
}

/** Opens a node's bundle with sops and the node's own identity: nothing of this product is used. */
export function openBundle(fleet: Fleet, place: NodePlace): Promise<OpenFile[]> {
  return inParallel(bundleFiles(fleet, place), async ({ path: target, format, mode }) => {
    const source = bundleFolder(place) + target;
    const types = ['--input-type', format, '--output-type', format];
    const content =
      format === 'plain'
        ? plainContent(fleet, source)
        : (await fleet.succeed('sops', ['decrypt', ...types, source], place.node)).toString();
    return { path: target, content, mode };
  });
}

function plainContent(fleet: Fleet, source: string): string | Uint8Array {
  return source.endsWith('.crl') ? readFileSync(path.join(fleet.root, source)) : fleet.read(source);
}

/** A folder that stands for the root of a node, in memory; kubeadm works in it as if it were the machine. */
export class NodeRoot {
  readonly folder: string;
  readonly #fleet: Fleet;

  constructor(fleet: Fleet, name: string) {
    this.#fleet = fleet;
    this.folder = path.join(fleet.scratch, name);
    mkdirSync(this.folder, { recursive: true });
  }

  /** Installs a node's bundle as its list says. */
  static async installed(fleet: Fleet, place: NodePlace, name: string): Promise<NodeRoot> {
    const root = new NodeRoot(fleet, name);
    root.put(await openBundle(fleet, place));
    return root;
  }

  /** Puts files of a bundle in their places, each one at once; the manifests of static pods come last. */
  put(files: readonly OpenFile[]): void {
    const isManifest = ({ path: target }: OpenFile): boolean => target.includes('/manifests/');
    for (const each of files.toSorted((a, b) => Number(isManifest(a)) - Number(isManifest(b)))) {
      const file = path.join(this.folder, each.path);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(`${file}.new`, each.content);
      chmodSync(`${file}.new`, Number.parseInt(each.mode, 8));
      renameSync(`${file}.new`, file);
    }
  }

  /** Files below `/etc/kubernetes`, sorted. */
  files(): string[] {
    const folder = path.join(this.folder, 'etc/kubernetes');
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
      .sort();
  }

  /** A file below `/etc/kubernetes`. */
  read(file: string): string {
    return readFileSync(path.join(this.folder, 'etc/kubernetes', file), 'utf8');
  }

  write(file: string, content: string): void {
    writeFileSync(path.join(this.folder, 'etc/kubernetes', file), content);
  }

  mode(file: string): number {
    return statSync(path.join(this.folder, 'etc/kubernetes', file)).mode & 0o7777;
  }

  contents(): Map<string, string> {
    return new Map(this.files().map((file) => [file, this.read(file)]));
  }

  /** Runs kubeadm with this folder as its root. `config` is all that it knows of the cluster; its version keeps it offline. */
  kubeadm(args: readonly string[], config: string): Promise<Ran> {
    writeFileSync(path.join(this.folder, 'kubeadm.yaml'), config);
    const command = [toolPath('kubeadm'), '--rootfs', this.folder, ...args];
    command.push('--config', '/kubeadm.yaml');
    // changing the root is for root: a user is one in a namespace of their own
    if (process.getuid?.() !== 0) command.unshift('unshare', '--map-root-user');
    const [file = '', ...rest] = command;
    return runProgram(file, rest, { cwd: this.folder, env: this.#fleet.environment() });
  }
}

/** What the sample fleet declares for a node, in kubeadm's words. */
export function kubeadmConfig({ cluster, node }: NodePlace): string {
  const number = node.replace('cp-', '');
  const isProd = cluster === 'prod-eu-1';
  const addresses = isProd ? [`fd00:10:10::1${number}`] : [];
  const advertiseAddress = isProd ? `10.10.0.1${number}` : '192.0.2.10';
  const documents = [
    {
      apiVersion: 'kubeadm.k8s.io/v1beta4',
      kind: 'InitConfiguration',
      localAPIEndpoint: { advertiseAddress, bindPort: 6443 },
      nodeRegistration: { name: node, criSocket: 'unix:///run/containerd/containerd.sock' },
    },
    {
      apiVersion: 'kubeadm.k8s.io/v1beta4',
      kind: 'ClusterConfiguration',
      kubernetesVersion: '1.34.4',
      clusterName: cluster,
      controlPlaneEndpoint: isProd ? 'api.prod-eu-1.example.com:6443' : 'edge-1.example.com:6443',
      encryptionAlgorithm: isProd ? 'ECDSA-P256' : 'RSA-2048',
      networking: isProd ? { serviceSubnet: '10.96.0.0/12,fd00:10:96::/112' } : {},
      apiServer: {
        certSANs: [...addresses, ...(isProd ? ['api.internal.example.com'] : [])],
      },
      etcd: { local: { serverCertSANs: addresses, peerCertSANs: addresses } },
    },
  ];
  return documents.map((document) => JSON.stringify(document)).join('\n---\n');
}

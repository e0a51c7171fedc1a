import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { toolPath } from '../test/_helpers/tools.ts';
import { newFolder } from './fleet.ts';
import { measure } from './measure.ts';

const CONFIGURATION = `apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint: { advertiseAddress: 10.0.0.1, bindPort: 6443 }
nodeRegistration: { name: cp-1, criSocket: 'unix:///run/containerd/containerd.sock' }
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.34.4
encryptionAlgorithm: ECDSA-P256
controlPlaneEndpoint: api.example.com:6443
`;

/**
 * What people do by hand for one cluster: kubeadm makes certificates and kubeconfigs, sops encrypts each file that has a private key.
 * Where kubeadm stands alone, a folder is its root.
 */
export class Peer {
  readonly #root = newFolder('peer');
  readonly #recipient: string;

  private constructor(recipient: string) {
    this.#recipient = recipient;
  }

  static async create(): Promise<Peer> {
    return new Peer(await identityToRecipient(await generateX25519Identity()));
  }

  /** Seconds of a fresh cluster. */
  async make(): Promise<number> {
    rmSync(path.join(this.#root, 'etc'), { recursive: true, force: true });
    writeFileSync(path.join(this.#root, 'kubeadm.yaml'), CONFIGURATION);
    const phase = (name: string): Promise<number> =>
      this.#kubeadm(['init', 'phase', name, 'all', '--config', '/kubeadm.yaml']);
    let seconds = (await phase('certs')) + (await phase('kubeconfig'));
    const files = readdirSync(this.#root, { recursive: true, encoding: 'utf8' });
    for (const file of files.filter((name) => /\.(?:key|conf)$/u.test(name)))
      seconds += await this.#encrypt(file);
    return seconds;
  }

  /** Seconds of `kubeadm certs check-expiration` over a cluster that {@link Peer.makePlain} made. */
  check(): Promise<number> {
    return this.#kubeadm(['certs', 'check-expiration', '--config', '/kubeadm.yaml']);
  }

  /** A cluster that is not encrypted, for {@link Peer.check}. */
  async makePlain(): Promise<void> {
    rmSync(path.join(this.#root, 'etc'), { recursive: true, force: true });
    writeFileSync(path.join(this.#root, 'kubeadm.yaml'), CONFIGURATION);
    for (const name of ['certs', 'kubeconfig'])
      await this.#kubeadm(['init', 'phase', name, 'all', '--config', '/kubeadm.yaml']);
  }

  remove(): void {
    rmSync(this.#root, { recursive: true, force: true });
  }

  async #kubeadm(args: readonly string[]): Promise<number> {
    const command = [toolPath('kubeadm'), '--rootfs', this.#root, ...args];
    return (await measure(command, { cwd: this.#root })).seconds;
  }

  async #encrypt(file: string): Promise<number> {
    const format = file.endsWith('.conf')
      ? ['--input-type', 'yaml', '--output-type', 'yaml', '--encrypted-regex', '^client-key-data$']
      : ['--input-type', 'binary', '--output-type', 'json'];
    const command = [toolPath('sops'), 'encrypt', '--age', this.#recipient, ...format, '-i', file];
    return (await measure(command, { cwd: this.#root })).seconds;
  }
}

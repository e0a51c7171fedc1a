import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { platform, tmpdir } from 'node:os';
import path from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { measure, type Measured } from './measure.ts';
import type { NodeLine } from './nodes.ts';

const PACKAGE = path.resolve(import.meta.dirname, '..');
const PROGRAM = path.join(PACKAGE, 'dist', 'cli.js');

/** In memory where there is such a place: the disk is noise. */
export function newFolder(name: string): string {
  const base = platform() === 'linux' ? '/dev/shm' : tmpdir();
  return mkdtempSync(path.join(base, `cdk8s-pki-bench-${name}-`));
}

/** One-node clusters, as many as are asked for, with an identity that opens them. */
export class BenchFleet {
  readonly #root = newFolder('fleet');
  readonly #identity: string;

  private constructor(identity: string, recipient: string, clusters: number) {
    this.#identity = identity;
    const modules = path.join(this.#root, 'node_modules');
    mkdirSync(modules);
    symlinkSync(PACKAGE, path.join(modules, 'cdk8s-pki'));
    for (const name of ['cdk8s', 'constructs'])
      symlinkSync(path.join(PACKAGE, 'node_modules', name), path.join(modules, name));
    mkdirSync(path.join(this.#root, 'clusters'));
    writeFileSync(path.join(this.#root, 'clusters/main.ts'), declaration(recipient, clusters));
  }

  static async create(clusters: number): Promise<BenchFleet> {
    const identity = await generateX25519Identity();
    return new BenchFleet(identity, await identityToRecipient(identity), clusters);
  }

  run(
    { file }: NodeLine,
    args: readonly string[],
    flags: readonly string[] = [],
  ): Promise<Measured> {
    return measure([file, ...flags, PROGRAM, ...args], {
      cwd: this.#root,
      environment: { SOPS_AGE_KEY: this.#identity },
    });
  }

  /** As it was before the first synth. */
  clear(): void {
    for (const name of ['deploy', '.cdk8s-pki', '.sops.yaml', '.gitattributes'])
      rmSync(path.join(this.#root, name), { recursive: true, force: true });
  }

  remove(): void {
    rmSync(this.#root, { recursive: true, force: true });
  }

  get root(): string {
    return this.#root;
  }
}

function declaration(recipient: string, clusters: number): string {
  return `import { App, KubeadmCluster } from 'cdk8s-pki';

const app = new App({ recipients: ['${recipient}'] });
for (let index = 0; index < ${clusters}; index += 1) {
  new KubeadmCluster(app, 'cluster-' + String(index).padStart(5, '0'), {
    kubernetesVersion: '1.34.4',
    controlPlaneEndpoint: 'api-' + index + '.example.com:6443',
    controlPlaneNodes: [
      { name: 'cp-1', advertiseAddress: [10, index >> 16, (index >> 8) & 255, index & 255].join('.') },
    ],
  });
}
export default app;
`;
}

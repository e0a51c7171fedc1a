import { generateX25519Identity } from 'age-encryption';
import type { Context, Entropy } from '../../src/commands/pipeline/context.ts';
import { SYSTEM_ENTROPY } from '../../src/commands/pipeline/ports.ts';
import { run } from '../../src/commands/pipeline/run.ts';
import type { RunResult } from '../../src/commands/pipeline/total.ts';
import { workUnit, type MakePorts } from '../../src/commands/pipeline/unit/work.ts';
import type { DesiredFleet, DesiredUnit } from '../../src/model/desired.ts';
import { treePath, type CredentialPath, type TreePath } from '../../src/model/names.ts';
import type { FileChange } from '../../src/model/plan.ts';
import type { TreeReader } from '../../src/model/ports.ts';
import { NO_HEAD } from '../../src/model/store/ledger.ts';
import { NO_PAST_READERS } from '../../src/model/observed.ts';
import type { IsSelected } from '../../src/model/selection.ts';
import type { ChainName } from '../../src/plan/checks.ts';
import { AgeIdentity } from '../../src/sops/age/identity.ts';
import { nativeCipher, type Cipher } from '../../src/sops/cipher.ts';
import { fleet as fleetOf, NOW } from './desired.ts';

/** A tree in memory, behind the port by which the stages read one. */
export class MemoryTree implements TreeReader {
  readonly files: Map<string, Uint8Array>;

  constructor(files: Iterable<readonly [string, Uint8Array]> = []) {
    this.files = new Map(files);
  }

  read(path: TreePath): Uint8Array | undefined {
    return this.files.get(path);
  }

  list(path: TreePath): readonly string[] {
    const prefix = `${path}/`;
    const names = [...this.files.keys()]
      .filter((file) => file.startsWith(prefix))
      .map((file) => file.slice(prefix.length).replace(/\/.*$/u, '/'));
    return [...new Set(names)].sort();
  }

  clone(): MemoryTree {
    return new MemoryTree(this.files);
  }

  text(path: string): string {
    const content = this.files.get(path);
    if (content === undefined) throw new RangeError(`there is no ${path}`);
    return Buffer.from(content).toString('utf8');
  }

  write(path: string, content: string | Uint8Array): this {
    this.files.set(path, typeof content === 'string' ? Buffer.from(content) : content);
    return this;
  }

  edit(path: string, from: string | RegExp, to: string): this {
    const before = this.text(path);
    const text = before.replace(from, to);
    if (text === before) throw new RangeError(`${path} has no ${String(from)}`);
    return this.write(path, text);
  }

  remove(path: string): this {
    if (!this.files.delete(path)) throw new RangeError(`there is no ${path}`);
    return this;
  }

  paths(pattern = /(?:)/u): string[] {
    return [...this.files.keys()].filter((path) => pattern.test(path)).sort();
  }

  contents(): Record<string, string> {
    return Object.fromEntries(this.paths().map((path) => [path, this.text(path)]));
  }
}

/** An age identity, made for one test. */
export async function newIdentity(): Promise<AgeIdentity> {
  const identity = await AgeIdentity.parse(await generateX25519Identity());
  if (identity === undefined) throw new TypeError('age-encryption made no identity');
  return identity;
}

export interface SynthOptions {
  readonly units: readonly DesiredUnit[];
  readonly fleet?: Partial<DesiredFleet>;
  readonly identity?: AgeIdentity;
  readonly cipher?: Cipher;
  readonly chain?: ChainName;
  readonly now?: Date;
  readonly head?: readonly CredentialPath[];
  readonly requested?: readonly string[];
  readonly newAuthorities?: readonly string[];
  readonly partial?: boolean;
  readonly select?: IsSelected;
  readonly entropy?: (cluster: string) => Entropy;
  readonly rotation?: Context['rotation'];
  readonly revocations?: NonNullable<Context['revocations']>;
}

export type SynthResult = Omit<RunResult, 'files'> & { readonly files: readonly FileChange[] };

/** The whole line in memory, as `synth` runs it; with `plan`, as `plan` does. */
export async function synth(
  tree: MemoryTree,
  options: SynthOptions,
  mode: 'synth' | 'plan' = 'synth',
): Promise<SynthResult> {
  const { units, identity, now = NOW, head = [], newAuthorities = [] } = options;
  const staged: (readonly [string, string | Uint8Array | undefined])[] = [];
  const { clusters, ...settings } = fleetOf(
    units.flatMap((unit) => unit.clusters),
    options.fleet,
  );
  const context = {
    fleet: settings,
    allRecipients: clusters.flatMap(({ recipients }) => recipients),
    reader: tree,
    chain: options.chain ?? 'synth',
    now,
    entropy: options.entropy ?? (() => SYSTEM_ENTROPY),
    requested: options.requested ?? [],
    newAuthorities: new Set(newAuthorities),
    pastReaders: NO_PAST_READERS,
    ...(options.rotation === undefined ? {} : { rotation: options.rotation }),
    ...(options.revocations === undefined ? {} : { revocations: options.revocations }),
  };
  const ports: MakePorts = {
    cipher: () =>
      options.cipher ??
      nativeCipher({ list: identity === undefined ? [] : [identity], unusable: [] }),
    hasIdentity: () => identity !== undefined,
    partial: options.partial ?? false,
  };
  const result = await run(
    {
      context,
      fleet: { ...settings, clusters },
      head: { ...NO_HEAD, keysets: new Set(head) },
      observePast: () => Promise.resolve([]),
      units: each(units),
      isSelected: ({ clusters: of }) =>
        options.select === undefined || options.select(of.map(({ name }) => name)),
      isTold: () => true,
      broken: new Map(),
      isolates: context.chain !== 'synth',
      workshop: {
        width: 1,
        work: (job) => workUnit(context, job, mode === 'plan' ? undefined : ports),
        close: () => Promise.resolve(),
      },
      progress: () => undefined,
    },
    mode === 'plan'
      ? undefined
      : {
          stage: ({ path, content }) => {
            staged.push([path, content]);
          },
          remove: (path) => {
            staged.push([path, undefined]);
          },
        },
  );
  for (const [path, content] of staged) {
    if (content === undefined) tree.files.delete(treePath(path));
    else tree.write(path, content);
  }
  return { ...result, files: result.files.list };
}

// eslint-disable-next-line @typescript-eslint/require-await -- the port is asynchronous
async function* each<T>(items: readonly T[]): AsyncGenerator<T, void> {
  yield* items;
}

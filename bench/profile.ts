import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly url: string;
      readonly functionName: string;
      readonly lineNumber: number;
    };
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface Share {
  readonly where: string;
  /** Of all samples in which something ran. */
  readonly share: number;
}

/** Time by the folder of `src/` that is at work: node's own and libraries' count for who called them. All threads together. */
export function shares(folder: string): Share[] {
  const times = new Map<string, number>();
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.cpuprofile')))
    addProfile(JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as Profile, times);
  const total = [...times.values()].reduce((sum, time) => sum + time, 0);
  return [...times]
    .map(([where, time]) => ({ where, share: time / total }))
    .sort((a, b) => b.share - a.share);
}

function addProfile({ nodes, samples, timeDeltas }: Profile, times: Map<string, number>): void {
  const owners = new Map<number, string>();
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const assign = (id: number, above: string): void => {
    const node = byId.get(id);
    if (node === undefined) return;
    const own = ownerOf(node.callFrame, above);
    owners.set(id, own);
    for (const child of node.children ?? []) assign(child, own);
  };
  assign(nodes[0]?.id ?? 0, 'start of the programs');
  for (const [index, id] of samples.entries()) {
    const owner = owners.get(id) ?? '';
    if (owner !== IDLE) times.set(owner, (times.get(owner) ?? 0) + (timeDeltas[index] ?? 0));
  }
}

const IDLE = 'idle';
const FOLDER = /^src\/((?:x509\/(?:read|build))|[a-z-]+)\//u;

function ownerOf(
  { url, functionName, lineNumber }: Profile['nodes'][number]['callFrame'],
  above: string,
): string {
  if (functionName === '(idle)') return IDLE;
  if (functionName === '(garbage collector)') return 'garbage collection';
  if (url.includes('/node_modules/') || !url.startsWith('file:')) return above;
  return FOLDER.exec(moduleAt(fileURLToPath(url), lineNumber))?.[1] ?? above;
}

/** Of each line of a bundled file, the source that it is from. */
const modules = new Map<string, readonly string[]>();

/** esbuild names each source in a comment above what it became. */
function moduleAt(file: string, line: number): string {
  let known = modules.get(file);
  if (known === undefined) {
    let source = '';
    known = readFileSync(file, 'utf8')
      .split('\n')
      .map((text) => (source = /^\/\/ ((?:src|node_modules)\/\S+)$/u.exec(text)?.[1] ?? source));
    modules.set(file, known);
  }
  return known[line] ?? '';
}

import { readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { execa } from 'execa';
import type { Repository } from '../../_helpers/run-cli.ts';
import { toolPath } from '../../_helpers/tools.ts';

/** Everything that leaves a process: what it writes, and what it starts others with. */
const CALLS =
  'execve,write,pwrite64,writev,pwritev,sendto,sendmsg,dup2,dup3,openat,mkdir,rename,link,symlink';

/** One run, with all processes that it started. */
export interface Trace {
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** Arguments and environment of each process, the first one's first. */
  readonly starts: readonly { readonly pid: string; readonly text: Buffer }[];
  /** What was written, by process, descriptor and what that is; and names of files. */
  readonly writes: ReadonlyMap<string, Buffer>;
  /** Both ends of the standard streams of the processes: `pid stream` to the parent's end, as `writes` names it, and the child's. */
  readonly streams: ReadonlyMap<string, { readonly parent: string; readonly child: string }>;
}

export async function watch(
  repository: Repository,
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<Trace> {
  const file = repository.path('node_modules/trace');
  const flags = [
    '-f',
    '-v',
    '-yy',
    '-xx',
    '-s',
    '1000000',
    '-e',
    `trace=${CALLS}`,
    '-e',
    'signal=none',
  ];
  const { exitCode, stdout, stderr } = await execa(
    toolPath('strace'),
    [...flags, '-o', file, ...command],
    {
      cwd: repository.root,
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: repository.path('node_modules'),
        ...environment,
      },
      extendEnv: false,
      reject: false,
    },
  );
  return { status: exitCode, stdout, stderr, ...parse(readFileSync(file, 'latin1')) };
}

export const program = (args: readonly string[]): readonly string[] => [
  process.execPath,
  path.resolve(import.meta.dirname, '../../../dist/cli.js'),
  ...args,
];

const decode = (hex: string): string => Buffer.from(hex.replaceAll('\\x', ''), 'hex').toString();

function parse(text: string): Pick<Trace, 'starts' | 'writes' | 'streams'> {
  const starts: { pid: string; text: Buffer }[] = [];
  const chunks = new Map<string, Buffer[]>();
  const streams = new Map<string, { parent: string; child: string }>();
  for (const line of text.split('\n')) {
    const [, pid = '', call = '', rest = ''] = /^(\d+)\s+(\w+)\((.*)$/u.exec(line) ?? [];
    if (call === '') continue; // the end of a call, or of a process
    const octets = Buffer.concat(
      Array.from(rest.matchAll(/"((?:\\x[0-9a-f]{2})*)"/gu), ([, hex = '']) =>
        Buffer.from(`${hex.replaceAll('\\x', '')}0a`, 'hex'),
      ),
    );
    const socket = /^\d+<UNIX-STREAM:\[(\d+)->(\d+)\]>, ([012])[<,]/u.exec(rest);
    if (call === 'execve') starts.push({ pid, text: octets });
    else if (call.startsWith('dup')) {
      const [, own = '', peer = '', stream = ''] = socket ?? [];
      if (socket === null) continue;
      streams.set(`${pid} ${stream}`, { parent: `[${peer}->${own}]`, child: `[${own}->${peer}]` });
    } else {
      const [, place = 'names'] = /^(\d+<.*?>)(?:, |\))/u.exec(rest) ?? [];
      const name = `${pid} ${place.replaceAll(/(?:\\x[0-9a-f]{2})+/gu, decode)}`;
      // A write is one string: what follows it is a length.
      const content = place === 'names' ? octets : octets.subarray(0, -1);
      chunks.set(name, [...(chunks.get(name) ?? []), content]);
    }
  }
  const writes = new Map([...chunks].map(([name, list]) => [name, Buffer.concat(list)]));
  return { starts, writes, streams };
}

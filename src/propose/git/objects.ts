import { createHash } from 'node:crypto';
import { PkiError } from '../../errors.ts';
import { git } from './program.ts';

/** A file that a proposal changes; null where it is deleted. */
export interface ProposedFile {
  readonly path: string;
  /** Octets where it is no text. */
  readonly content: string | Uint8Array | null;
}

/** A file that differs between two trees. */
export interface ChangedFile {
  readonly path: string;
  /** As git has it: 100644 for a plain file; null where it is deleted. */
  readonly mode: string | null;
  readonly blob: string | null;
}

export interface Commit {
  readonly tree: string;
  readonly parents: readonly string[];
  readonly message: string;
}

export async function readCommit(folder: string, id: string): Promise<Commit> {
  const text = (await git(folder, ['cat-file', 'commit', id]))?.toString('utf8') ?? '';
  const end = text.indexOf('\n\n');
  const headers = text.slice(0, end).split('\n');
  const values = (name: string): string[] =>
    headers
      .filter((line) => line.startsWith(`${name} `))
      .map((line) => line.slice(name.length + 1));
  return { tree: values('tree')[0] ?? '', parents: values('parent'), message: text.slice(end + 2) };
}

/** What differs from one tree to another, in the order of the paths. */
export async function changedFiles(
  folder: string,
  from: string,
  to: string,
): Promise<readonly ChangedFile[]> {
  const args = ['diff-tree', '-r', '-z', '--raw', '--no-renames', '--no-abbrev', from, to];
  const parts = ((await git(folder, args))?.toString('utf8') ?? '').split('\0');
  const files: ChangedFile[] = [];
  for (let at = 0; at + 1 < parts.length; at += 2) {
    const [, mode = '', , blob = '', status = ''] = (parts[at] ?? '').split(' ');
    const isGone = status.startsWith('D');
    files.push({
      path: parts[at + 1] ?? '',
      mode: isGone ? null : mode,
      blob: isGone ? null : blob,
    });
  }
  return files;
}

/** Contents by the id of their blob. */
export async function readBlobs(
  folder: string,
  blobs: readonly string[],
): Promise<ReadonlyMap<string, Buffer>> {
  const contents = new Map<string, Buffer>();
  if (blobs.length === 0) return contents;
  const input = blobs.map((blob) => `${blob}\n`).join('');
  const output = (await git(folder, ['cat-file', '--batch'], { input })) ?? Buffer.alloc(0);
  let at = 0;
  for (const blob of blobs) {
    const end = output.indexOf('\n', at);
    const size = / blob (\d+)$/u.exec(output.toString('utf8', at, end))?.[1];
    at = end + 1;
    if (size === undefined) continue;
    contents.set(blob, output.subarray(at, at + Number(size)));
    at += Number(size) + 1;
  }
  return contents;
}

export async function isAncestor(folder: string, id: string, of: string): Promise<boolean> {
  const args = ['merge-base', '--is-ancestor', id, of];
  return (await git(folder, args, { absent: [1, 128] })) !== undefined;
}

/**
 * What a set of changes comes to, whatever it was made on: each path with the blob that it gets.
 *
 * @param format of object ids, told by the length of one of them.
 */
export function filesDigest(files: readonly Omit<ChangedFile, 'mode'>[]): string {
  const lines = files.map(({ path, blob }) => `${path}\0${blob ?? '-'}\n`).sort();
  return createHash('sha256').update(lines.join('')).digest('hex');
}

/** The id that git gives a blob, in a repository whose ids are like `sample`. */
export function blobId(content: string | Uint8Array, sample: string): string {
  const bytes = octetsOf(content);
  return createHash(sample.length === 64 ? 'sha256' : 'sha1')
    .update(`blob ${bytes.length}\0`)
    .update(bytes)
    .digest('hex');
}

export interface NewCommit {
  readonly base: string;
  readonly files: readonly ProposedFile[];
  readonly message: string;
  readonly date: Date;
}

/**
 * Writes a commit on top of `base` into the object database, by plumbing: no index, no work tree, no hook. `ref` keeps it.
 *
 * @returns its id.
 */
export async function writeCommit(
  folder: string,
  ref: string,
  { base, files, message, date }: NewCommit,
): Promise<string> {
  const who = `${await identityOf(folder)} ${Math.floor(date.getTime() / 1000)} +0000`;
  const stream = [
    `commit ${ref}\nauthor ${who}\ncommitter ${who}\n`,
    ...data(message),
    `from ${base}\n`,
    ...files.flatMap(({ path, content }) =>
      content === null
        ? [`D ${quoted(path)}\n`]
        : [`M 100644 inline ${quoted(path)}\n`, ...data(content)],
    ),
    'done\n',
  ];
  await git(folder, ['fast-import', '--quiet', '--done', '--force', '--date-format=raw'], {
    input: Buffer.concat(stream.map(octetsOf)),
  });
  return ((await git(folder, ['rev-parse', '--verify', ref]))?.toString('utf8') ?? '').trim();
}

const octetsOf = (content: string | Uint8Array): Uint8Array =>
  typeof content === 'string' ? Buffer.from(content) : content;

const data = (content: string | Uint8Array): (string | Uint8Array)[] => [
  `data ${octetsOf(content).length}\n`,
  content,
  '\n',
];

function quoted(path: string): string {
  // eslint-disable-next-line no-control-regex -- fast-import's quoting of them is not JSON's
  if (/[\u0000-\u001F\u007F]/u.test(path)) {
    throw new PkiError('ERR_GIT', 'a file name with control characters cannot be proposed');
  }
  return JSON.stringify(path);
}

/** The user's name, where git knows one; a CI job mostly has none. */
async function identityOf(folder: string): Promise<string> {
  const setting = async (key: string): Promise<string> =>
    ((await git(folder, ['config', '--get', key], { absent: [1] }))?.toString('utf8') ?? '')
      .replaceAll(/[<>\n]/gu, '')
      .trim();
  const [name, email] = [await setting('user.name'), await setting('user.email')];
  return `${name || 'cdk8s-pki'} <${email || 'cdk8s-pki@users.noreply.invalid'}>`;
}

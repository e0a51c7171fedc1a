import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { PkiError } from '../../errors.ts';
import { treePath, type TreePath } from '../../model/names.ts';
import type { TreeReader } from '../../model/ports.ts';
import { git, isInRepository, names, readBlobs, text } from './git.ts';

/** A commit, and what of it is not as in the work tree. */
export interface Revision {
  /** The commit's id. */
  readonly commit: string;
  /** Reads the commit's files in those places. */
  readonly reader: TreeReader;
  /** Files that only one side has, or that differ; sorted. */
  readonly differing: readonly TreePath[];
}

interface Blob {
  readonly object: string;
  readonly isFile: boolean;
}

const ENTRY = /^(\d{6}) (\w+) ([0-9a-f]{40,64})\t([^]+)$/u;

/** What git exits with where `rev-parse --verify --quiet` finds no such revision. */
const NO_REVISION = 1;

/**
 * Opens a revision beside the work tree. Of the commit only files that differ are loaded: what is as in the work tree is read
 * there. Git lists and copies objects, so it runs no filter, no textconv and no hook; files are compared by the hashes that git has.
 *
 * @param places files and folders below `root`, the working directory.
 * @throws PkiError `ERR_USAGE` for a revision that is not there.
 */
export async function openRevision(
  root: string,
  workTree: TreeReader,
  places: readonly string[],
  revision: string,
): Promise<Revision> {
  const commit = await commitOf(root, revision);
  const prefix = text(await git(root, ['rev-parse', '--show-prefix'])).replace(/\n$/u, '');
  const blobs = new Map<string, Blob>();
  const differing = new Set<string>();
  for (const [file, blob] of await listPlaces(root, commit, prefix, places)) blobs.set(file, blob);
  for (const place of places) {
    for (const file of walk(workTree, place)) if (!blobs.has(file)) differing.add(file);
  }
  for (const [file, blob] of blobs) if (!isSame(workTree, file, blob)) differing.add(file);
  const objects = [...differing].flatMap((file) => blobs.get(file)?.object ?? []);
  const contents = await readBlobs(root, [...new Set(objects)]);
  const folders = foldersOf(blobs.keys());
  return {
    commit,
    differing: [...differing].sort().map((file) => treePath(file)),
    reader: {
      read: (file) => {
        const blob = blobs.get(file);
        if (blob === undefined) return undefined;
        if (!differing.has(file)) return workTree.read(file);
        const content = contents.get(blob.object);
        if (blob.isFile && content !== undefined) return content;
        throw new PkiError('ERR_READ', `"${file}" ${blob.isFile ? 'is lost' : 'is not a file'}`, {
          hint: 'see what git fsck says of this repository',
        });
      },
      list: (folder) => [...(folders.get(folder) ?? [])].sort(),
    },
  };
}

/**
 * Where HEAD left a revision: what the revision got since is no doing of HEAD. The revision itself where git knows no such commit: a
 * shallow clone has no history, and is made of a merge of both.
 *
 * @throws PkiError `ERR_USAGE` for a revision that is not there.
 */
export async function mergeBaseOf(root: string, revision: string): Promise<string> {
  const commit = await commitOf(root, revision);
  const absent = [NO_REVISION, 128]; // 128: HEAD has no commit yet
  const found = text(await git(root, ['merge-base', commit, 'HEAD'], { absent })).trim();
  return found === '' ? commit : found;
}

async function commitOf(root: string, revision: string): Promise<string> {
  const found =
    isInRepository(root) && !revision.startsWith('-')
      ? await git(root, ['rev-parse', '--verify', '--quiet', `${revision}^{commit}`], {
          absent: [NO_REVISION, 128], // 128: a word that is no revision in any form
        })
      : undefined;
  const commit = text(found).trim();
  if (/^[0-9a-f]{40,64}$/u.test(commit)) return commit;
  throw new PkiError('ERR_USAGE', `"${revision}" is not a revision of this repository`, {
    hint: await hintsOf(root),
  });
}

/** What helps whoever names a revision that is not here. */
async function hintsOf(root: string): Promise<string[]> {
  const name = 'name a commit, a branch or a tag that is here, such as origin/main';
  if (!isInRepository(root)) return ['run it in a work tree of git: git init makes one'];
  const parse = ['rev-parse', '--verify', '--quiet', 'HEAD'];
  const head = await git(root, parse, { absent: [NO_REVISION] });
  if (head === undefined)
    return [
      'this branch has no commit yet, so there is nothing to compare with: git commit first',
      name,
    ];
  const shallow = text(await git(root, ['rev-parse', '--is-shallow-repository'])).trim();
  if (shallow !== 'true') return [name];
  const fetch = 'git fetch --depth=1 origin BRANCH, then name FETCH_HEAD';
  return [name, `this clone is shallow and has no other commits: ${fetch}`];
}

/** The files of a commit at some places, by their path from the working directory. */
async function listPlaces(
  root: string,
  commit: string,
  prefix: string,
  places: readonly string[],
): Promise<(readonly [string, Blob])[]> {
  const placeOf = new Map(
    places
      .map((place) => [posix.join(prefix, place).replace(/^\.\/$/u, '.'), place] as const)
      .filter(([folder]) => !/^\.\.(?:\/|$)/u.test(folder)),
  );
  if (placeOf.size === 0) return [];
  const below = placeOf.has('.') ? [] : [...placeOf.keys()];
  const list = ['ls-tree', '-r', '-z', '--full-tree', commit, '--', ...below];
  return names(await git(root, list)).flatMap((line) => {
    const [, mode = '', type, object = '', file = ''] = ENTRY.exec(line) ?? [];
    if (file === '') return [];
    const blob = { object, isFile: type === 'blob' && mode.startsWith('100') };
    return [file, ...foldersAbove(file)].flatMap((folder) => {
      const place = placeOf.get(folder);
      if (place === undefined) return [];
      const rest = folder === '.' ? file : file.slice(folder.length + 1);
      return [[rest === '' ? place : `${place}/${rest}`, blob] as const];
    });
  });
}

/** From its own to `.`. */
function foldersAbove(file: string): string[] {
  const folder = posix.dirname(file);
  return folder === '.' ? [folder] : [folder, ...foldersAbove(folder)];
}

/** The files of the work tree at a place; a folder that cannot be read has none: its files differ, which is looked into. */
function walk(workTree: TreeReader, place: string): string[] {
  const listed = (folder: string): readonly string[] => {
    try {
      return workTree.list(treePath(folder));
    } catch {
      return [];
    }
  };
  const below = (folder: string): string[] =>
    listed(folder).flatMap((name) =>
      name === '.git' || name === '.git/'
        ? []
        : name.endsWith('/')
          ? below(`${folder}/${name.slice(0, -1)}`)
          : [`${folder}/${name}`],
    );
  return isThere(workTree, place) ? [place] : below(place);
}

function isThere(workTree: TreeReader, file: string): boolean {
  const parent = posix.dirname(file);
  try {
    return workTree.list(treePath(parent)).includes(posix.basename(file));
  } catch {
    return false;
  }
}

function isSame(workTree: TreeReader, file: string, { object, isFile }: Blob): boolean {
  if (!isFile) return false;
  try {
    const content = workTree.read(treePath(file));
    if (content === undefined) return false;
    const hash = createHash(object.length === 40 ? 'sha1' : 'sha256');
    return hash.update(`blob ${content.length}\0`).update(content).digest('hex') === object;
  } catch {
    return false; // whoever reads it is told why
  }
}

/** Names in each folder, as a `TreeReader` lists them. */
function foldersOf(files: Iterable<string>): ReadonlyMap<string, ReadonlySet<string>> {
  const folders = new Map<string, Set<string>>();
  for (const file of files) {
    let [folder, name] = [posix.dirname(file), posix.basename(file)];
    for (;;) {
      const found = folders.get(folder);
      if (found === undefined) folders.set(folder, new Set([name]));
      else found.add(name);
      if (found !== undefined || /^(?:\.|\/|(?:.*\/)?\.\.)$/u.test(folder)) break;
      [folder, name] = [posix.dirname(folder), `${posix.basename(folder)}/`];
    }
  }
  return folders;
}

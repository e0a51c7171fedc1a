import { posix } from 'node:path';
import { PROJECTION_ANNOTATION } from '../../../model/made/stand-in.ts';
import { treePath } from '../../../model/names.ts';
import { STORE_API_VERSION } from '../../../model/store/layout.ts';
import { readable } from '../../fields.ts';
import { observeProjections, type Projections } from '../../output.ts';
import { readBlobs } from '../git.ts';
import { spkisBeside } from './beside.ts';
import { blobsAt, pastChanges, pastContents, type Change } from './changes.ts';
import { readersNamed } from './named.ts';

/** Who could open keys in outputs of earlier commits, by what stands beside those in the clear. */
export interface PastOutputs {
  /** By the SPKI of a certificate or public key in the same file. */
  readonly bySpki: ReadonlyMap<string, ReadonlySet<string>>;
  /** By the projection of a file of a node; with the file. */
  readonly byProjection: ReadonlyMap<string, PastFile>;
  /** Files with a key beside which nothing stands. */
  readonly silent: ReadonlySet<string>;
}

interface PastFile {
  readonly file: string;
  readonly readers: Set<string>;
}

/** Of what the program ever encrypts, and the list of each node; wherever the tree was, and whatever its name. */
const PLACES = ['**/nodes/*/**', '**/kubeconfigs/*.conf', '**/*.sops.yaml'];
const LIST = 'bundle.yaml';
/** Of so many nodes the files are looked up at once. */
const AT_ONCE = 100;

/**
 * Which of `recipients` could open a private key in an output of a commit up to HEAD. An output may be gone since, with its node: the
 * store was never encrypted to that, and does not remember.
 *
 * @param recipients as documents name them.
 * @throws PkiError `ERR_READ` in a shallow clone.
 */
export async function observePastOutputs(
  root: string,
  recipients: readonly string[],
  what: string,
): Promise<PastOutputs> {
  const changes = await pastChanges(root, PLACES, what);
  const pathsOf = new Map<string, Set<string>>();
  for (const { blob, path } of changes) if (blob !== undefined) addTo(pathsOf, blob, [path]);
  const bySpki = new Map<string, Set<string>>();
  const silent = new Set<string>();
  const opened = new Map<string, readonly string[]>();
  for await (const [blob, content] of pastContents(root, changes)) {
    const text = Buffer.from(content).toString('utf8');
    // documents of the store are looked at by themselves
    if (text.startsWith(`apiVersion: ${STORE_API_VERSION}\n`)) continue;
    const readers = readersNamed(text, recipients);
    if (readers.length === 0) continue;
    const { spkis, isWhole } = spkisBeside(text);
    for (const spki of spkis) addTo(bySpki, spki, readers);
    if (!isWhole && isMade(text)) opened.set(blob, readers);
  }
  const byProjection = new Map<string, PastFile>();
  const nodes = [...nodesOf(changes, pathsOf, opened, silent)];
  for (let at = 0; at < nodes.length; at += AT_ONCE)
    for (const { file, readers, projection } of await lookUp(
      root,
      nodes.slice(at, at + AT_ONCE),
      opened,
    ))
      if (projection === undefined) silent.add(file);
      else {
        const known = byProjection.get(projection) ?? { file, readers: new Set() };
        for (const reader of readers) known.readers.add(reader);
        byProjection.set(projection, known);
      }
  return { bySpki, byProjection, silent };
}

/** Whether the program may have made a file: a SOPS binary file of a node, a kubeconfig or a manifest. */
const isMade = (text: string): boolean =>
  text.startsWith('{') || text.includes(PROJECTION_ANNOTATION) || /^kind: Config$/mu.test(text);

interface Node {
  readonly folder: string;
  readonly files: ReadonlySet<string>;
  /** In which one of the files or the list has changed. */
  readonly commits: ReadonlySet<string>;
}

/** The nodes whose list may say what was opened; files of no node say nothing. */
function nodesOf(
  changes: readonly Change[],
  pathsOf: ReadonlyMap<string, ReadonlySet<string>>,
  opened: ReadonlyMap<string, unknown>,
  silent: Set<string>,
): readonly Node[] {
  const lists = new Set(
    changes.flatMap(({ path }) => (posix.basename(path) === LIST ? [posix.dirname(path)] : [])),
  );
  const files = new Map<string, Set<string>>();
  for (const blob of opened.keys())
    for (const path of pathsOf.get(blob) ?? []) {
      const folder = foldersAbove(path).find((one) => lists.has(one));
      if (folder === undefined) silent.add(path);
      else addTo(files, folder, [path]);
    }
  const folderOf = new Map<string, string>();
  for (const [folder, own] of files)
    for (const path of [...own, posix.join(folder, LIST)]) folderOf.set(path, folder);
  const commits = new Map<string, Set<string>>();
  for (const { path, commit } of changes) {
    const folder = folderOf.get(path);
    if (folder !== undefined) addTo(commits, folder, [commit]);
  }
  return [...files].map(([folder, own]) => ({
    folder,
    files: own,
    commits: commits.get(folder) ?? new Set(),
  }));
}

/** From the outermost one. */
function foldersAbove(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_part, index) => parts.slice(0, index + 1).join('/'));
}

/** What of the nodes was opened, and what the list of each said of it, commit by commit. */
async function lookUp(
  root: string,
  nodes: readonly Node[],
  opened: ReadonlyMap<string, readonly string[]>,
): Promise<
  readonly {
    readonly file: string;
    readonly readers: readonly string[];
    readonly projection: string | undefined;
  }[]
> {
  const named = nodes.flatMap(({ folder, files, commits }) =>
    [...commits].flatMap((commit) =>
      [posix.join(folder, LIST), ...files].map((path) => `${commit}:${path}`),
    ),
  );
  const blobs = await blobsAt(root, named);
  const lists = nodes.flatMap(({ folder, commits }) =>
    [...commits].flatMap((commit) => blobs.get(`${commit}:${posix.join(folder, LIST)}`) ?? []),
  );
  const contents = await readBlobs(root, [...new Set(lists)]);
  return nodes.flatMap(({ folder, files, commits }) => {
    const known = new Map<string, Projections>();
    const projections = (blob = ''): Projections => {
      const found = known.get(blob) ?? projectionsIn(folder, contents.get(blob));
      known.set(blob, found);
      return found;
    };
    return [...commits].flatMap((commit) =>
      [...files].flatMap((file) => {
        const readers = opened.get(blobs.get(`${commit}:${file}`) ?? '');
        if (readers === undefined) return [];
        const list = projections(blobs.get(`${commit}:${posix.join(folder, LIST)}`));
        return [{ file, readers, projection: list.get(treePath(file)) }];
      }),
    );
  });
}

function projectionsIn(folder: string, content: Uint8Array | undefined): Projections {
  const reader = { read: () => content, list: () => [] };
  return readable(() => observeProjections(reader, treePath(folder))) ?? new Map();
}

function addTo(sets: Map<string, Set<string>>, key: string, items: Iterable<string>): void {
  const set = sets.get(key) ?? new Set();
  for (const item of items) set.add(item);
  sets.set(key, set);
}

import { load } from 'js-yaml';
import { PkiError } from '../../../errors.ts';
import { treePath } from '../../../model/names.ts';
import { readCertificate } from '../../../x509/read/certificate.ts';
import { splitCertificates } from '../../../x509/read/pem.ts';
import { observeProjections } from '../../output.ts';
import { readBlobs } from '../git.ts';
import { pastChanges, pastContents, type Change } from './changes.ts';
import { readersNamed } from './named.ts';

/** Who could open keys in outputs of earlier commits, by what stands beside those in the clear. */
export interface PastOutputs {
  /** By the SPKI of a certificate in the same file. */
  readonly bySpki: ReadonlyMap<string, ReadonlySet<string>>;
  /** By the projection of a file of a node; with the file. */
  readonly byProjection: ReadonlyMap<string, PastFile>;
  /** Files beside which nothing stands. */
  readonly silent: ReadonlySet<string>;
}

/** Of what the program ever encrypts, documents of the store aside; the tree may have had another name. */
const PLACES = [
  ':(glob)**/nodes/*/**',
  ':(glob)**/kubeconfigs/*.conf',
  ':(glob)**/*.sops.yaml',
  ':(exclude,glob)**/pki/**/*.sops.yaml',
];

interface PastFile {
  readonly file: string;
  readonly readers: ReadonlySet<string>;
}

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
  const folders = new Map<string, Set<string>>();
  for await (const [blob, content] of pastContents(root, changes)) {
    const text = Buffer.from(content).toString('utf8');
    const readers = readersNamed(text, recipients);
    if (readers.length === 0) continue;
    const spkis = spkisIn(text);
    for (const spki of spkis) addTo(bySpki, spki, readers);
    if (spkis.length > 0) continue;
    for (const path of pathsOf.get(blob) ?? []) {
      const folder = nodeFolder(path);
      if (folder === undefined) silent.add(path);
      else addTo(folders, folder, [path]);
    }
  }
  const byProjection = new Map<string, { file: string; readers: Set<string> }>();
  for (const [folder, own] of changesOfNodes(changes, folders)) {
    const files = folders.get(folder) ?? new Set();
    for (const { file, readers, projection } of await openedIn(
      root,
      { folder, files, recipients },
      own,
    ))
      if (projection === undefined) silent.add(file);
      else {
        const known = byProjection.get(projection) ?? { file, readers: new Set() };
        for (const reader of readers) known.readers.add(reader);
        byProjection.set(projection, known);
      }
  }
  return { bySpki, byProjection, silent };
}

/** What could be opened in a node's folder, and what `bundle.yaml` said of it, commit by commit. */
async function openedIn(
  root: string,
  {
    folder,
    files,
    recipients,
  }: {
    readonly folder: string;
    readonly files: ReadonlySet<string>;
    readonly recipients: readonly string[];
  },
  changes: readonly Change[],
): Promise<
  readonly {
    readonly file: string;
    readonly readers: readonly string[];
    readonly projection: string | undefined;
  }[]
> {
  const list = treePath(folder, 'bundle.yaml');
  const touching = changes.filter(({ path }) => path === list || files.has(path));
  const commits = [...new Set(touching.map(({ commit }) => commit))];
  const named = (commit: string, path: string): string => `${commit}:./${path}`;
  const objects = commits.flatMap((commit) => [list, ...files].map((path) => named(commit, path)));
  const contents = await readBlobs(root, objects);
  return commits.flatMap((commit) => {
    const projections = projectionsIn(folder, contents.get(named(commit, list)));
    return [...files].flatMap((file) => {
      const content = contents.get(named(commit, file));
      const text = content === undefined ? '' : Buffer.from(content).toString('utf8');
      const readers = readersNamed(text, recipients);
      return readers.length === 0
        ? []
        : [{ file, readers, projection: projections.get(treePath(file)) }];
    });
  });
}

function projectionsIn(
  folder: string,
  content: Uint8Array | undefined,
): ReturnType<typeof observeProjections> {
  try {
    return observeProjections({ read: () => content, list: () => [] }, treePath(folder));
  } catch (error) {
    if (error instanceof PkiError) return new Map();
    throw error;
  }
}

function changesOfNodes(
  changes: readonly Change[],
  folders: ReadonlyMap<string, unknown>,
): ReadonlyMap<string, readonly Change[]> {
  const own = new Map([...folders.keys()].map((folder) => [folder, [] as Change[]]));
  for (const change of changes) own.get(nodeFolder(change.path) ?? '')?.push(change);
  return own;
}

const nodeFolder = (path: string): string | undefined =>
  /^.*?\/nodes\/[^/]+(?=\/)/u.exec(path)?.[0];

/** Of the certificates whose keys a Secret or a kubeconfig holds. Trust anchors, whose keys it does not hold, are no such. */
function spkisIn(text: string): string[] {
  try {
    const { kind, data, users } = load(text, { maxAliases: 0 }) as Record<string, unknown>;
    const encoded =
      kind === 'Secret'
        ? Object.entries(data as object).map(([name, value]) => [name, value] as const)
        : (users as readonly { readonly user: Record<string, unknown> }[]).map(
            ({ user }) => ['tls.crt', user['client-certificate-data']] as const,
          );
    return encoded.flatMap(([name, value]) => {
      const first = firstCertificate(value);
      return first === undefined || (first.isCa && name !== 'tls.crt') ? [] : [first.spki];
    });
  } catch {
    return [];
  }
}

function firstCertificate(encoded: unknown): ReturnType<typeof readCertificate> | undefined {
  try {
    const [pem] = splitCertificates(Buffer.from(String(encoded), 'base64').toString('latin1'));
    return pem === undefined ? undefined : readCertificate(pem);
  } catch (error) {
    if (error instanceof PkiError) return undefined;
    throw error;
  }
}

function addTo(sets: Map<string, Set<string>>, key: string, items: Iterable<string>): void {
  const set = sets.get(key) ?? new Set();
  for (const item of items) set.add(item);
  sets.set(key, set);
}

import { PkiError } from '../../errors.ts';
import { credentialPath, type CredentialPath } from '../../model/names.ts';
import type { MergedStage } from '../../model/store/rotation.ts';
import { git, isInRepository, names, readBlobs, text } from './git.ts';

const KEYSET = /([^/]+)\/pki\/([^/]+)\/keyset\.yaml$/u;

/** What git exits with where it finds nothing. */
const NOTHING = 1;

/**
 * Keysets that are between two stages of a rotation on the base branch, and since when: the first-parent committer date of the
 * commit that brought their `keyset.yaml` there (DESIGN §7).
 *
 * @param isBase whether HEAD is known to be the base: what the clone has of the remote may be older.
 * @throws PkiError `ERR_READ` in a shallow clone, whose oldest commit seems to have brought everything, and where git does not know
 *   which branch is the remote's default one.
 */
export async function observeStages(
  root: string,
  tree: string,
  isBase: boolean,
): Promise<ReadonlyMap<CredentialPath, MergedStage>> {
  const stages = new Map<CredentialPath, MergedStage>();
  const base = isInRepository(root) ? await baseOf(root, isBase) : undefined;
  if (base === undefined) return stages;
  const glob = `:(glob)${tree}/*/pki/*/keyset.yaml`;
  const grep = ['grep', '-lzE', '--no-color', 'state: (incoming|outgoing)', base, '--', glob];
  const found = names(await git(root, grep, { absent: [NOTHING] })).map((name) =>
    name.slice(base.length + 1),
  );
  if (found.length > 0) await guardShallow(root);
  const contents = await readBlobs(
    root,
    found.map((file) => `${base}:./${file}`),
  );
  for (const file of found) {
    const [, cluster, keyset] = KEYSET.exec(file) ?? [];
    const content = contents.get(`${base}:./${file}`);
    // a revision that comes to remember more is the same revision
    const revision = ['-m', '-s', '-G', '^revision: '];
    const log = ['log', '-1', '--first-parent', ...revision, '--format=%H %cI', base, '--', file];
    const [commit = '', date = ''] = text(await git(root, log))
      .trim()
      .split(' ');
    if (cluster === undefined || keyset === undefined || content === undefined) continue;
    const takenBack = await revisionTakenBack(root, base, file, content);
    stages.set(credentialPath(cluster, null, keyset), {
      commit,
      since: new Date(date),
      content,
      ...(takenBack === undefined ? {} : { takenBack }),
    });
  }
  return stages;
}

/**
 * Files of the tree that are not what the base branch has, such as those of a change that is not merged.
 *
 * @throws PkiError `ERR_READ` where git does not know which branch is the remote's default one.
 */
export async function filesBesideBase(root: string, tree: string): Promise<readonly string[]> {
  const base = isInRepository(root) ? await baseOf(root, false) : undefined;
  if (base === undefined) return [];
  const list = async (...args: readonly string[]): Promise<string[]> =>
    names(await git(root, [...args, '-z', '--', tree]));
  const known = await list('diff', '--name-only', '--no-renames', '--relative', base);
  const unknown = await list('ls-files', '--others', '--exclude-standard');
  return [...known, ...unknown].sort();
}

/** The highest revision that a keyset had with one of these entries, where that is higher than the one it has: a revert went back. */
async function revisionTakenBack(
  root: string,
  base: string,
  file: string,
  content: Uint8Array,
): Promise<number | undefined> {
  const log = text(await git(root, ['log', '--format=%H', base, '--', file]));
  const objects = log.split('\n').flatMap((commit) => (commit ? [`${commit}:./${file}`] : []));
  const now = statementOf(content);
  const revisions = [...(await readBlobs(root, objects)).values()]
    .map(statementOf)
    .filter(({ ids }) => ids.some((id) => now.ids.includes(id)))
    .map(({ revision }) => revision);
  const highest = Math.max(...revisions);
  return highest > now.revision ? highest : undefined;
}

function statementOf(content: Uint8Array): {
  readonly revision: number;
  readonly ids: readonly string[];
} {
  const keyset = Buffer.from(content).toString('utf8');
  return {
    revision: Number(/^revision: (\d+)$/mu.exec(keyset)?.[1] ?? 0),
    ids: [...keyset.matchAll(/\bid: "?([0-9a-f]{16})"?/gu)].map(([, id = '']) => id),
  };
}

/**
 * Where HEAD and the remote's default branch part; HEAD itself where no remote is known. Which branch is the default one is not guessed:
 * a stage that is on no base branch must not soak.
 */
async function baseOf(root: string, isBase: boolean): Promise<string | undefined> {
  const commit = async (...args: readonly string[]): Promise<string | undefined> =>
    text(await git(root, args, { absent: [NOTHING] })).trim() || undefined;
  const verify = ['rev-parse', '--verify', '--quiet'];
  const head = await commit(...verify, 'HEAD^{commit}');
  if (isBase) return head;
  const remote = await commit(...verify, 'refs/remotes/origin/HEAD^{commit}');
  if (head === undefined) return undefined;
  if (remote !== undefined) return commit('merge-base', head, remote);
  if (text(await git(root, ['remote'])).trim() === '') return head;
  throw new PkiError(
    'ERR_READ',
    'git does not know here which branch of "origin" is the default one, and so not what is merged',
    { hint: 'tell it: git remote set-head origin --auto' },
  );
}

async function guardShallow(root: string): Promise<void> {
  const shallow = text(await git(root, ['rev-parse', '--is-shallow-repository'])).trim();
  if (shallow !== 'true') return;
  throw new PkiError(
    'ERR_READ',
    'this clone is shallow: git cannot tell since when a rotation stands where it does',
    { hint: 'get the whole history: git fetch --unshallow; in CI fetch-depth: 0 or GIT_DEPTH: 0' },
  );
}

import { PkiError } from '../../errors.ts';
import { credentialPath, type CredentialPath } from '../../model/names.ts';
import type { MergedStage } from '../../model/store/rotation.ts';
import {
  commitOf,
  git,
  names,
  NOTHING,
  readBlobs,
  requireHistory,
  text,
  WHOLE_HISTORY,
} from './git.ts';

/** Its cluster and its name. */
export const KEYSET = /([^/]+)\/pki\/([^/]+)\/keyset\.yaml$/u;

/** Whatever is configured: no programs that show files to people, and nothing that hides or adds a line. */
const AS_IT_IS = ['--no-textconv', '--no-ext-diff', '--text', '--root', '--no-show-signature'];

/**
 * Keysets that are between two stages of a rotation on the base branch, and since when: the committer date of the commit that
 * brought their `keyset.yaml` there (DESIGN §7).
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
  const head = await commitOf(root, 'HEAD');
  if (head === undefined) return stages;
  const glob = `:(glob)${tree}/*/pki/*/keyset.yaml`;
  const grep = ['grep', '-lzE', '--no-color', 'state: (incoming|outgoing)', head, '--', glob];
  const found = names(await git(root, grep, { absent: [NOTHING] })).map((name) =>
    name.slice(head.length + 1),
  );
  if (found.length === 0) return stages;
  await requireHistory(root, 'since when a rotation stands where it does');
  const base = isBase ? head : await baseOf(root, head);
  const contents = await readBlobs(
    root,
    found.map((file) => `${base}:./${file}`),
  );
  for (const file of found) {
    const [, cluster, keyset] = KEYSET.exec(file) ?? [];
    const content = contents.get(`${base}:./${file}`);
    const brought = await broughtBy(root, base, file);
    if (
      cluster === undefined ||
      keyset === undefined ||
      content === undefined ||
      brought === undefined
    )
      continue;
    const later = await laterRevisions(root, base, file, content);
    stages.set(credentialPath(cluster, null, keyset), {
      ...brought,
      content,
      ...later,
    });
  }
  return stages;
}

/**
 * The first-parent commit that brought a revision; or a later one that changed it on another line, since a merge of the base into a branch
 * makes that branch the first parent, and hides on it what the base had and took back meanwhile.
 */
export async function broughtBy(
  root: string,
  base: string,
  file: string,
): Promise<Pick<MergedStage, 'commit' | 'since'> | undefined> {
  const changes = async (...line: readonly string[]) => {
    // a revision that comes to remember more is the same revision, with the same signature
    const revision = [...AS_IT_IS, '-s', '-G', '^(revision|signature): ', '--format=%H %cI'];
    return text(await git(root, ['log', ...revision, ...line, '--', file]))
      .split('\n')
      .filter(Boolean)
      .map((found) => {
        const [commit = '', date = ''] = found.split(' ');
        return { commit, since: new Date(date) };
      });
  };
  const [brought] = await changes('-1', '--first-parent', '-m', base);
  if (brought === undefined) return undefined;
  const beside = await changes('--full-history', '--no-merges', base, `^${brought.commit}`);
  return [brought, ...beside].reduce((one, other) => (other.since > one.since ? other : one));
}

/**
 * Files of the tree that are not what the base branch has, such as those of a change that is not merged.
 *
 * @throws PkiError `ERR_READ` where git does not know which branch is the remote's default one.
 */
export async function filesBesideBase(root: string, tree: string): Promise<readonly string[]> {
  const head = await commitOf(root, 'HEAD');
  if (head === undefined) return [];
  const base = await baseOf(root, head);
  const list = async (...args: readonly string[]): Promise<string[]> =>
    names(await git(root, [...args, '-z', '--', tree]));
  const known = await list('diff', '--name-only', '--no-renames', '--relative', base);
  const unknown = await list('ls-files', '--others', '--exclude-standard');
  return [...known, ...unknown].sort();
}

/** Revisions that a keyset had beyond the one that it has: a revert went back. One that lacks an entry of today had retired it. */
async function laterRevisions(
  root: string,
  base: string,
  file: string,
  content: Uint8Array,
): Promise<Pick<MergedStage, 'takenBack' | 'retired'>> {
  const log = text(
    await git(root, [
      'log',
      '--full-history', // a merge may have taken the side that never had them
      '--no-show-signature',
      '--format=%H',
      base,
      '--',
      file,
    ]),
  );
  const objects = log.split('\n').flatMap((commit) => (commit ? [`${commit}:./${file}`] : []));
  const now = statementOf(content);
  const later = [...(await readBlobs(root, objects)).values()]
    .map(statementOf)
    .filter(({ revision }) => revision > now.revision);
  const whole = later.filter(({ ids }) => now.ids.every((id) => ids.includes(id)));
  const less = later.filter(
    (each) => !whole.includes(each) && now.ids.some((id) => each.ids.includes(id)),
  );
  const highest = (list: readonly { readonly revision: number }[]): number =>
    Math.max(...list.map(({ revision }) => revision));
  return {
    ...(whole.length === 0 ? {} : { takenBack: highest(whole) }),
    ...(less.length === 0 ? {} : { retired: highest(less) }),
  };
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
async function baseOf(root: string, head: string): Promise<string> {
  const remotes = text(await git(root, ['remote']))
    .split('\n')
    .filter(Boolean);
  const [only = 'origin', ...others] = remotes;
  const remote = others.length === 0 ? only : 'origin';
  const branch = await commitOf(root, `refs/remotes/${remote}/HEAD`);
  if (branch === undefined) {
    if (remotes.length === 0) return head;
    throw new PkiError(
      'ERR_READ',
      `git does not know here which branch of "${remote}" is the default one, and so not what is merged`,
      {
        hint: `tell it: git remote set-head ${remote} --auto, or without the network: git remote set-head ${remote} BRANCH`,
      },
    );
  }
  const base = text(await git(root, ['merge-base', head, branch], { absent: [NOTHING] })).trim();
  if (base !== '') return base;
  throw new PkiError(
    'ERR_READ',
    `HEAD and the default branch of "${remote}" have no commit in common here, so nobody can tell what is merged`,
    { hint: WHOLE_HISTORY },
  );
}

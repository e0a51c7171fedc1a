import { credentialPath, type CredentialPath } from '../../model/names.ts';
import { layout } from '../../model/store/layout.ts';
import { NO_HEAD, type Head } from '../../model/store/ledger.ts';
import { git, isInRepository, names, readBlobs, text } from './git.ts';

const KEYSET = /^([^/]+)\/pki\/([^/]+)\/(keyset|revocations)\.yaml$/u;

/** What git exits with where `rev-parse --verify --quiet` finds no such revision. */
const NO_REVISION = 1;

/**
 * What the tree of git's HEAD holds of authorities; nothing outside a repository, and before the first commit.
 *
 * @throws PkiError `ERR_READ` where there is a repository and git cannot tell: silence would let a lost authority pass for a new one.
 */
export async function observeHead(root: string, tree: string): Promise<Head> {
  if (!isInRepository(root)) return NO_HEAD;
  const head = await git(root, ['rev-parse', '--verify', '--quiet', 'HEAD^{tree}'], {
    absent: [NO_REVISION],
  });
  if (head === undefined) return NO_HEAD;
  const places = ['rev-parse', '--is-shallow-repository', '--show-prefix'];
  const [shallow, prefix = ''] = text(await git(root, places)).split('\n');
  const history = shallow === 'true' ? 'shallow' : 'whole';
  const list = ['ls-tree', '-r', '-z', '--name-only', '--full-tree', 'HEAD', `${prefix}${tree}/`];
  const files = new Set(names(await git(root, list)).map((name) => name.slice(prefix.length)));
  const keysets = [...files].flatMap((file) => keysetOf(file, tree, 'keyset') ?? []);
  if (keysets.length === 0 && !files.has(layout.ledger(tree))) return { ...NO_HEAD, history };
  const globs = ['keyset', 'revocations'].map((name) => `:(glob)${tree}/*/pki/*/${name}.yaml`);
  const differing = ['diff-index', '--name-only', '--relative', '-z', 'HEAD', '--', ...globs];
  const changed = names(await git(root, differing)).filter((file) => files.has(file));
  const inHead = (file: string): string => `HEAD:./${file}`;
  const contents = await readBlobs(root, [layout.ledger(tree), ...changed].map(inHead));
  const changedOf = (what: Kind): Map<CredentialPath, Uint8Array> =>
    new Map(
      changed.flatMap((file) => {
        const [path, content] = [keysetOf(file, tree, what), contents.get(inHead(file))];
        return path === undefined || content === undefined ? [] : [[path, content] as const];
      }),
    );
  return {
    history,
    keysets: new Set(keysets),
    ledger: Buffer.from(contents.get(inHead(layout.ledger(tree))) ?? '').toString('utf8'),
    changed: changedOf('keyset'),
    revocations: changedOf('revocations'),
  };
}

type Kind = 'keyset' | 'revocations';

function keysetOf(file: string, tree: string, kind: Kind): CredentialPath | undefined {
  const [, cluster, keyset, is] = KEYSET.exec(file.slice(tree.length + 1)) ?? [];
  return cluster === undefined || keyset === undefined || is !== kind
    ? undefined
    : credentialPath(cluster, null, keyset);
}

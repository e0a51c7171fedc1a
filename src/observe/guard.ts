import { PkiError } from '../errors.ts';
import type { DesiredCluster, DesiredFleet } from '../model/desired.ts';
import { layout } from '../model/store/layout.ts';
import {
  credentialParts,
  credentialPath,
  treePath,
  type CredentialPath,
  type TreePath,
} from '../model/names.ts';
import type { ObservedCluster, ObservedKeyset } from '../model/observed.ts';
import type { TreeReader } from '../model/ports.ts';
import { ledgerLine, type History } from '../model/store/ledger.ts';
import { hasStore } from './cluster.ts';
import { guardRevision } from './keyset.ts';
import { areRecipients, storedName } from '../model/recipients.ts';

/**
 * Missing is not new (DESIGN §3): a declared keyset that was ever made is an error where it is not in the store, or where another
 * one stands in its place. A signature cannot tell the latter: a first revision is signed by its own key. So the ledger names every
 * key, and a keyset that it does not know was made by somebody else.
 *
 * @param deliberate keysets that `--new-authority` names.
 * @throws PkiError `ERR_AUTHORITY_MISSING`, `ERR_KEYSET_STATE`.
 */
export function guardAuthorities(
  tree: string,
  cluster: DesiredCluster,
  observed: ObservedCluster,
  history: History,
  deliberate: ReadonlySet<string>,
): void {
  const declared = [...cluster.authorities, ...cluster.serviceAccountKeys];
  const paths = declared.map(({ path }) => path).filter((path) => !deliberate.has(path));
  const missing = paths.flatMap((path) => {
    const problem = missingProblem(path, observed, history);
    return problem === undefined ? [] : [{ path, problem }];
  });
  if (missing.length > 0) throw authorityMissing(tree, observed, missing, history);
  const stored = paths.flatMap((path) => observed.keysets.get(path) ?? []);
  const unknown = stored.filter(({ path }) => !history.ledger.has(path));
  if (unknown.length > 0) throw unknownKeysets(tree, cluster.name, unknown);
  for (const keyset of stored) {
    const head = history.head.changed.get(keyset.path);
    if (head !== undefined) guardRevision(tree, keyset, head);
  }
}

/**
 * Whether a keyset that `--new-authority` names may be made anew: where it is lost, damaged, or not the one of the ledger.
 *
 * @throws PkiError `ERR_USAGE` for a sound one, which is rotated.
 */
export function guardReplaced(
  tree: string,
  path: CredentialPath,
  observe: () => ObservedKeyset | undefined,
  { ledger }: History,
): void {
  const known = ledger.get(path);
  const keyset = soundKeyset(observe);
  if (keyset?.entries.some(({ spki }) => known?.has(spki)) !== true) return;
  const folder = keysetFolder(tree, path);
  throw new PkiError('ERR_USAGE', `--new-authority "${path}" names a keyset that is sound`, {
    hint: [
      'rotate it instead, in stages that lock nobody out',
      `if its private key is lost for good, remove it first: git rm -r -- '${folder}'`,
    ],
  });
}

function soundKeyset(observe: () => ObservedKeyset | undefined): ObservedKeyset | undefined {
  try {
    return observe();
  } catch (error) {
    if (error instanceof PkiError && error.code !== 'ERR_READ') return undefined;
    throw error;
  }
}

function missingProblem(
  path: CredentialPath,
  { keysets }: ObservedCluster,
  { ledger, removed, head }: History,
): string | undefined {
  const known = ledger.get(path);
  const keyset = keysets.get(path);
  if (keyset !== undefined) {
    return known === undefined || keyset.entries.some(({ spki }) => known.has(spki))
      ? undefined
      : `${path} in the store is not the one in the ledger`;
  }
  const date = removed.get(path);
  if (date !== undefined) return `${path} was removed on ${date}`;
  return known !== undefined || head.keysets.has(path)
    ? `${path} is in the ledger or in HEAD, its documents are gone`
    : undefined;
}

function authorityMissing(
  tree: string,
  { name: cluster, keysets, leaves }: ObservedCluster,
  missing: readonly { readonly path: CredentialPath; readonly problem: string }[],
  { removed, head }: History,
): PkiError {
  const paths = missing.map(({ path }) => path);
  const [first] = paths;
  const wasRemoved = paths.every((path) => removed.has(path));
  const isGone = keysets.size + leaves.size === 0;
  const folder =
    isGone || first === undefined ? layout.cluster(tree, cluster) : keysetFolder(tree, first);
  const isInHead = paths.every((path) => head.keysets.has(path));
  const revision = isInHead ? 'HEAD' : `"$(git rev-list -1 HEAD -- '${folder}')^"`;
  const options = paths.map((path) => `--new-authority ${path}`).join(' ');
  return new PkiError(
    'ERR_AUTHORITY_MISSING',
    wasRemoved
      ? `cluster "${cluster}" declares keysets that were removed`
      : `the store of "${cluster}" lacks a keyset that was made before`,
    {
      details: missing.map(({ problem }) => problem),
      hint: [
        `restore it from git: git checkout ${revision} -- '${folder}'`,
        `to replace it for good, which locks out all that trust it: cdk8s-pki synth ${options}`,
      ],
    },
  );
}

function keysetFolder(tree: string, path: CredentialPath): TreePath {
  const { cluster, name } = credentialParts(path);
  return treePath(layout.store(tree, cluster), name);
}

function unknownKeysets(
  tree: string,
  cluster: string,
  unknown: readonly ObservedKeyset[],
): PkiError {
  const file = layout.ledger(tree);
  const lines = unknown.flatMap(({ path, entries }) =>
    entries.map(({ id, spki }) =>
      ledgerLine({ cluster, keyset: credentialParts(path).name, id, spki }),
    ),
  );
  return new PkiError(
    'ERR_KEYSET_STATE',
    `the store of "${cluster}" has a keyset that is not in the ledger`,
    {
      details: unknown.map(({ path }) => `nothing says that ${path} was made by this program`),
      hint: [
        `if the ledger lost lines, restore it from git: git checkout HEAD -- '${file}'`,
        `only if you know the key, add to the ledger: ${lines.join(' and ')}`,
      ],
    },
  );
}

/**
 * A store without a declaration is never touched.
 *
 * @throws PkiError `ERR_ORPHANED` naming every cluster, node and keyset that is not declared.
 */
export function guardOrphans(reader: TreeReader, fleet: DesiredFleet): void {
  const declared = new Set(fleet.clusters.map(({ name }) => name));
  const orphans = reader
    .list(treePath(fleet.tree))
    .filter((name) => name.endsWith('/'))
    .map((name) => name.slice(0, -1))
    .filter((name) => !declared.has(name))
    .filter((name) => hasStore(reader, fleet.tree, name));
  if (orphans.length === 0) return;
  const isForeign = ![...declared].some((name) => hasStore(reader, fleet.tree, name));
  throw orphaned(
    orphans.map((name) => ['cluster', name]),
    isForeign ? 'nothing in the tree is of this declaration' : undefined,
  );
}

/**
 * The same within a declared cluster: its keysets and nodes.
 *
 * @throws PkiError `ERR_ORPHANED`; `ERR_KEYSET_STATE` where a keyset is of another kind than declared.
 */
export function guardClusterOrphans(
  tree: string,
  cluster: DesiredCluster,
  observed: ObservedCluster,
): void {
  const keysets = new Map(
    [...cluster.authorities, ...cluster.serviceAccountKeys].map(({ path, kind }) => [path, kind]),
  );
  for (const { path, kind } of observed.keysets.values()) {
    const declared = keysets.get(path);
    if (declared === undefined || declared === kind) continue;
    throw new PkiError(
      'ERR_KEYSET_STATE',
      `keyset "${path}" is a ${kind}, is declared a ${declared}`,
      { hint: 'give what is new another name' },
    );
  }
  const nodes = new Set(cluster.nodes.map(({ name }) => name));
  const storedNodes = new Set(
    [...observed.leaves.keys()].flatMap((path) => credentialParts(path).node ?? []),
  );
  const headless = [...storedNodes].find((node) =>
    keysets.has(credentialPath(cluster.name, null, node)),
  );
  if (headless !== undefined) {
    throw new PkiError(
      'ERR_KEYSET_STATE',
      `keyset "${cluster.name}/${headless}" has entries and no keyset.yaml`,
      {
        hint: `restore it from git: git checkout HEAD -- '${layout.keyset(tree, credentialPath(cluster.name, null, headless))}'`,
      },
    );
  }
  const orphans = [
    ...[...observed.keysets.keys()]
      .filter((path) => !keysets.has(path))
      .map((path) => ['keyset', path] as const),
    ...[...storedNodes]
      .filter((node) => !nodes.has(node))
      .map((node) => ['node', `${cluster.name}/${node}`] as const),
  ];
  if (orphans.length > 0) throw orphaned(orphans);
}

function orphaned(
  orphans: readonly (readonly [what: string, name: string])[],
  message = 'the tree has stores that the declaration does not know',
): PkiError {
  return new PkiError('ERR_ORPHANED', message, {
    details: orphans.map(([what, name]) => `${what} "${name}" has a store but no declaration`),
    hint: [
      'declare it again; a renamed cluster is a new cluster',
      "check that this is the declaration of this tree: 'cdk8s-pki plan --app FILE'",
      `to take it out of the tree for good: cdk8s-pki remove ${orphans[0]?.[1] ?? ''}`,
    ],
  });
}

/** `since` may be a date, of a time zone that is ahead. */
const DAY = 86_400_000;

/**
 * Whoever is removed was removed before now: a date to come is a mistake, and would say that files of today are not its to read.
 *
 * @throws PkiError `ERR_DECLARATION_INVALID`.
 */
export function guardRemoved(
  { removedRecipients }: Pick<DesiredFleet, 'removedRecipients'>,
  now: Date,
): void {
  const early = removedRecipients.filter(({ since }) => Date.parse(since) > now.getTime() + DAY);
  if (early.length === 0) return;
  throw new PkiError('ERR_DECLARATION_INVALID', 'removedRecipients has a date that is to come', {
    details: early.map(({ recipient, since }) => `${recipient} since ${since}`),
    hint: 'since is when it was removed: a date that has come',
  });
}

/**
 * Only declared recipients may stand in a file (or ones on their way out, in `removedRecipients`): a planted one would be handed
 * the data key by the next `sops rotate`.
 *
 * @param elsewhere who is declared in whatever role: whoever changes the role or leaves one cluster is on the way out of this file.
 * @throws PkiError `ERR_UNKNOWN_RECIPIENT`.
 */
export function guardRecipients(
  file: string,
  recipients: readonly string[],
  declared: readonly string[],
  fleet: Pick<DesiredFleet, 'removedRecipients'>,
  elsewhere: readonly string[],
): void {
  if (areRecipients(recipients, declared)) return;
  const removed = fleet.removedRecipients.map(({ recipient }) => recipient);
  const known = new Set([...declared, ...removed, ...elsewhere].map(storedName));
  const unknown = recipients.filter((recipient) => !known.has(recipient));
  if (unknown.length === 0) return;
  throw new PkiError(
    'ERR_UNKNOWN_RECIPIENT',
    `"${file}" is encrypted to a recipient that is not declared`,
    {
      details: unknown,
      hint: [
        'if it was removed on purpose, list it in removedRecipients of the App',
        `if nobody knows it, restore the file: git checkout HEAD -- '${file}'`,
      ],
    },
  );
}

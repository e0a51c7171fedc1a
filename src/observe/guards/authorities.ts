import { PkiError } from '../../errors.ts';
import type { DesiredCluster } from '../../model/desired.ts';
import {
  credentialParts,
  treePath,
  type CredentialPath,
  type TreePath,
} from '../../model/names.ts';
import type { ObservedCluster, ObservedKeyset } from '../../model/observed.ts';
import { layout } from '../../model/store/layout.ts';
import { ledgerLine, type History } from '../../model/store/ledger.ts';
import {
  restoreBefore,
  restoreFromHead,
  restoreHints,
  restoreLines,
} from '../../model/store/restore.ts';
import { guardRevocations } from '../revocations.ts';
import { guardRevision } from './revision.ts';

/**
 * Missing is not new (DESIGN §3): a declared keyset that was ever made is an error where it is not in the store, or where another
 * one stands in its place. A signature cannot tell the latter: a first revision is signed by its own key. So the ledger names every
 * key, and a keyset that it does not know was made by somebody else. Where the ledger itself was cut, git's history tells.
 *
 * @param deliberate keysets that `--new-authority` names.
 * @throws PkiError `ERR_AUTHORITY_MISSING`, `ERR_KEYSET_STATE`; `ERR_READ` where a shallow clone hides whether one is new.
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
    const problem = missingProblem(tree, path, observed, history);
    return problem === undefined ? [] : [{ path, problem }];
  });
  if (missing.length > 0) throw authorityMissing(tree, observed, missing, history);
  if (history.head.history === 'shallow') guardUnseen(cluster.name, paths, observed, history);
  const stored = paths.flatMap((path) => observed.keysets.get(path) ?? []);
  const unknown = stored.filter(({ path }) => !history.ledger.has(path));
  if (unknown.length > 0) throw unknownKeysets(tree, cluster.name, unknown, history);
  for (const keyset of stored) {
    const head = history.head.changed.get(keyset.path);
    if (head !== undefined) guardRevision(tree, keyset, head);
    const revoked = history.head.revocations.get(keyset.path);
    if (revoked !== undefined) guardRevocations(tree, keyset, revoked);
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
  tree: string,
  path: CredentialPath,
  { keysets, leaves }: ObservedCluster,
  { ledger, removed, past, head }: History,
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
  if (known !== undefined || head.keysets.has(path)) {
    const { name } = credentialParts(path);
    const hasEntries = [...leaves.keys()].some((leaf) => credentialParts(leaf).node === name);
    if (hasEntries)
      return `"${layout.keyset(tree, path)}" is gone, the entries of ${path} are there`;
    return `${path} is in the ledger or in HEAD, its documents are gone`;
  }
  return past.has(path)
    ? `${path} is in git's history, its documents and its lines in the ledger are gone`
    : undefined;
}

/** New is what the whole history does not have: a part of it cannot tell. */
function guardUnseen(
  cluster: string,
  paths: readonly CredentialPath[],
  { keysets }: ObservedCluster,
  { ledger }: History,
): void {
  const unseen = paths.filter((path) => !keysets.has(path) && !ledger.has(path));
  if (unseen.length === 0) return;
  throw new PkiError(
    'ERR_READ',
    `this clone is shallow: git cannot tell whether keysets of "${cluster}" were made before`,
    {
      details: unseen.map((path) => `${path} is not in the ledger`),
      hint: [
        'get the whole history: git fetch --unshallow; in CI fetch-depth: 0 or GIT_DEPTH: 0',
        `if you know that they are new: cdk8s-pki synth ${newAuthorityOptions(unseen)}`,
      ],
    },
  );
}

function newAuthorityOptions(paths: readonly CredentialPath[]): string {
  return paths.map((path) => `--new-authority ${path}`).join(' ');
}

function authorityMissing(
  tree: string,
  { name: cluster, keysets, leaves }: ObservedCluster,
  missing: readonly { readonly path: CredentialPath; readonly problem: string }[],
  history: History,
): PkiError {
  const paths = missing.map(({ path }) => path);
  const wasRemoved = paths.every((path) => history.removed.has(path));
  return new PkiError(
    'ERR_AUTHORITY_MISSING',
    wasRemoved
      ? `cluster "${cluster}" declares keysets that were removed`
      : `the store of "${cluster}" lacks a keyset that was made before`,
    {
      details: missing.map(({ problem }) => problem),
      hint: [
        ...wayBack(tree, { name: cluster, keysets, leaves }, paths, history),
        `to replace it for good, which locks out all that trust it: cdk8s-pki synth ${newAuthorityOptions(paths)}`,
      ],
    },
  );
}

/** The commands that bring back keysets, and their lines in the ledger. */
function wayBack(
  tree: string,
  { name, keysets, leaves }: Pick<ObservedCluster, 'name' | 'keysets' | 'leaves'>,
  paths: readonly CredentialPath[],
  { ledger, past, head, isLedgerGone }: History,
): string[] {
  if (isLedgerGone && head.keysets.size === 0) {
    return [`restore it from git: ${restoreBefore(tree)}`];
  }
  const [first] = paths;
  const isGone = keysets.size + leaves.size === 0;
  const folder =
    isGone || first === undefined ? layout.cluster(tree, name) : keysetFolder(tree, first);
  const areInHead = paths.map((path) => head.keysets.has(path));
  const isThere = paths.some((path) => keysets.has(path));
  const documents =
    isThere || new Set(areInHead).size > 1
      ? restoreHints(folder)
      : [
          `restore it from git: ${areInHead[0] === true ? restoreFromHead(folder) : restoreBefore(folder)}`,
        ];
  const lost = paths.find((path) => !ledger.has(path) && past.has(path));
  const lines = lost === undefined ? [] : [lostLines(tree, lost, past.get(lost)?.commit ?? '')];
  return [...documents, ...lines];
}

function lostLines(tree: string, path: CredentialPath, commit: string): string {
  const { cluster } = credentialParts(path);
  return `restore its lines in the ledger: ${restoreLines(layout.ledger(tree), cluster, commit)}`;
}

function keysetFolder(tree: string, path: CredentialPath): TreePath {
  const { cluster, name } = credentialParts(path);
  return treePath(layout.store(tree, cluster), name);
}

function unknownKeysets(
  tree: string,
  cluster: string,
  unknown: readonly ObservedKeyset[],
  { past, isLedgerGone }: History,
): PkiError {
  const file = layout.ledger(tree);
  const lines = unknown.flatMap(({ path, entries }) =>
    entries.map(({ id, spki }) =>
      ledgerLine({ cluster, keyset: credentialParts(path).name, id, spki }),
    ),
  );
  const lost = unknown.find(({ path, entries }) =>
    entries.some(({ spki }) => past.get(path)?.spkis.has(spki)),
  );
  return new PkiError(
    'ERR_KEYSET_STATE',
    `the store of "${cluster}" has a keyset that is not in the ledger`,
    {
      details: unknown.map(({ path }) => `nothing says that ${path} was made by this program`),
      hint: [
        lost === undefined || isLedgerGone
          ? `if the ledger lost lines, restore it from git: ${restoreBefore(file)}`
          : lostLines(tree, lost.path, past.get(lost.path)?.commit ?? ''),
        `only if you know the key, add to the ledger: ${lines.join(' and ')}`,
      ],
    },
  );
}

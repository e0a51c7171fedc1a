import { PkiError } from '../errors.ts';
import type { DesiredCluster, DesiredFleet } from '../model/desired.ts';
import { layout } from '../model/store/layout.ts';
import { credentialParts, credentialPath, treePath, type CredentialPath } from '../model/names.ts';
import type { ObservedCluster } from '../model/observed.ts';
import type { TreeReader } from '../model/ports.ts';
import type { History } from '../model/store/ledger.ts';
import { areRecipients, storedName } from '../model/recipients.ts';

/**
 * Missing is not new (DESIGN §3): a declared keyset that was ever made is an error where it is not in the store, or where another
 * one stands in its place. A signature cannot tell the latter: a first revision is signed by its own key.
 *
 * @param deliberate keysets that `--new-authority` names.
 * @throws PkiError `ERR_AUTHORITY_MISSING`.
 */
export function guardAuthorities(
  tree: string,
  cluster: DesiredCluster,
  observed: ObservedCluster,
  { ledger, head }: History,
  deliberate: ReadonlySet<string>,
): void {
  const declared = [...cluster.authorities, ...cluster.serviceAccountKeys];
  const missing = declared.filter(({ path }) => {
    if (deliberate.has(path)) return false;
    const known = ledger.get(path);
    const keyset = observed.keysets.get(path);
    return keyset === undefined
      ? known !== undefined || head.has(path)
      : known !== undefined && !keyset.entries.some(({ spki }) => known.has(spki));
  });
  const [first] = missing;
  if (first === undefined) return;
  const folder = treePath(layout.store(tree, cluster.name), first.name);
  throw new PkiError(
    'ERR_AUTHORITY_MISSING',
    `the store of "${cluster.name}" lacks a keyset that was made before`,
    {
      details: missing.map(({ path }) =>
        observed.keysets.has(path)
          ? `${path} in the store is not the one in the ledger`
          : `${path} is in the ledger or in HEAD, its documents are gone`,
      ),
      hint: [
        `restore it from git: git checkout HEAD -- '${folder}' (or from the commit before it went)`,
        `to replace it for good, which locks out all that trust it: cdk8s-pki synth --new-authority ${first.path}`,
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
    .filter((name) => reader.list(layout.store(fleet.tree, name)).length > 0);
  if (orphans.length > 0) throw orphaned(orphans.map((name) => `cluster "${name}"`));
}

/**
 * The same within a declared cluster: its keysets and nodes.
 *
 * @throws PkiError `ERR_ORPHANED`; `ERR_KEYSET_STATE` where a keyset is of another kind than declared.
 */
export function guardClusterOrphans(cluster: DesiredCluster, observed: ObservedCluster): void {
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
  const headless = [...observed.leaves.keys()]
    .map((path) => credentialParts(path).node)
    .find((node) => node !== null && keysets.has(credentialPath(cluster.name, null, node)));
  if (headless !== undefined && headless !== null) {
    throw new PkiError(
      'ERR_KEYSET_STATE',
      `keyset "${cluster.name}/${headless}" has entries and no keyset.yaml`,
      { hint: 'restore keyset.yaml from git, or remove the folder of the keyset for good' },
    );
  }
  const orphans = [
    ...[...observed.keysets.keys()]
      .filter((path) => !keysets.has(path))
      .map((path) => `keyset "${path}"`),
    ...new Set(
      [...observed.leaves.keys()]
        .map((path: CredentialPath) => credentialParts(path).node)
        .filter((node) => node !== null && !nodes.has(node))
        .map((node) => `node "${cluster.name}/${node ?? ''}"`),
    ),
  ];
  if (orphans.length > 0) throw orphaned(orphans);
}

function orphaned(what: readonly string[]): PkiError {
  return new PkiError('ERR_ORPHANED', 'the tree has stores that the declaration does not know', {
    details: what.map((name) => `${name} has a store but no declaration`),
    hint: [
      'declare it again; a renamed cluster is a new cluster',
      "check that this is the declaration of this tree: 'cdk8s-pki plan --app FILE'",
    ],
  });
}

/**
 * Only declared recipients may stand in the store (or ones on their way out, in `removedRecipients`): a planted one would be handed
 * the data key by the next `sops rotate`.
 *
 * @throws PkiError `ERR_UNKNOWN_RECIPIENT`.
 */
export function guardRecipients(
  file: string,
  recipients: readonly string[],
  declared: readonly string[],
  fleet: Pick<DesiredFleet, 'removedRecipients'>,
): void {
  if (areRecipients(recipients, declared)) return;
  const removed = fleet.removedRecipients.map(({ recipient }) => recipient);
  const known = new Set([...declared, ...removed].map(storedName));
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

import { layout } from '../model/store/layout.ts';
import { credentialPath, type CredentialPath, type TreePath } from '../model/names.ts';
import { ciphertextFlags } from './compare/ciphertexts.ts';
import { compareCertificate } from './compare/certificates.ts';
import { editedFlags } from './compare/edited.ts';
import { copiesOf, deadlineOf } from './compare/copies.ts';
import { foreignFlags, type Stores } from './compare/foreign.ts';
import { compareKeyset } from './compare/keysets.ts';
import { leafFlags, type LeafContext } from './compare/leaf-flags.ts';
import { recipientFlags } from './compare/recipients.ts';
import { restartsOf } from './compare/restarts.ts';
import { flag } from './flags.ts';
import type { StageWaits } from './stages.ts';
import { readRights } from './read/rights.ts';
import type { Side } from './read/side.ts';
import type { Change, ClusterReview, Flag } from './report.ts';

export interface ReviewContext {
  readonly base: Side;
  readonly head: Side;
  readonly tree: string;
  /** What the stores of `head` hold. */
  readonly stores: Stores;
  /** Recipients that the base's creation rules name. */
  readonly fleetRecipients: ReadonlySet<string>;
  readonly waits: StageWaits;
}

/** Reviews one cluster, given its files that differ. */
export function reviewCluster(
  context: ReviewContext,
  name: string,
  files: readonly TreePath[],
): { readonly cluster: ClusterReview; readonly flags: readonly Flag[] } {
  const { base, head, tree } = context;
  const folder = layout.cluster(tree, name);
  const documents = changedDocuments(base, head, tree, name, files);
  const keysets = documents.keysets.flatMap(
    (path) => compareKeyset(base, head, tree, path, context.waits) ?? [],
  );
  const certificates = documents.leaves.flatMap(
    (path) => compareCertificate(base, head, tree, path) ?? [],
  );
  const [rightsBefore, rightsAfter] = [readRights(base, folder), readRights(head, folder)];
  const leafContext: LeafContext = {
    cluster: name,
    holders: certificates.some(({ change }) => change !== 'removed' && change !== 'rewritten')
      ? holdersOf([base, head], tree, name)
      : new Map(),
    privilegeBefore: rightsBefore.of,
    privilegeAfter: rightsAfter.of,
  };
  const outputs = files.filter((file) => !file.startsWith(`${layout.store(tree, name)}/`));
  const restarts = restartsOf(base, head, folder, files);
  const bound = new Set(rightsBefore.bindings.map(({ subject, by }) => `${by}\0${subject}`));
  const flags = [
    ...keysets.flatMap((keyset) => keyset.flags),
    ...keysets.flatMap(({ change: { problems, credential, file } }) =>
      problems.map((problem) =>
        flag('Damaged', `${credential}: ${problem}`, { cluster: name, credential, file }),
      ),
    ),
    ...certificates.flatMap((change) => leafFlags(change, leafContext)),
    ...foreignFlags(base, head, context.stores, name, outputs),
    ...rightsAfter.bindings
      .filter(({ subject, by }) => !bound.has(`${by}\0${subject}`))
      .map(({ file, subject, by }) =>
        flag('ClusterAdminBinding', `${by} gives ${subject} all rights`, { cluster: name, file }),
      ),
    ...recipientFlags(base, head, folder, name, files, context.fleetRecipients),
    ...editedFlags(base, head, tree, files, documents),
    ...ciphertextFlags(base, head, folder, name, files),
  ];
  const count = (change: Change): number =>
    certificates.filter((certificate) => certificate.change === change).length;
  const change = (side: Side): boolean => side.list(folder).length > 0;
  return {
    flags,
    cluster: {
      name,
      change: !change(base) ? 'added' : change(head) ? 'changed' : 'removed',
      totals: {
        renewed: count('renewed'),
        changed: count('changed'),
        added: count('added'),
        removed: count('removed'),
        rewritten: count('rewritten'),
        damaged: count('damaged'),
        keysets: keysets.filter((keyset) => keyset.change.change !== 'rewritten').length,
        nodes: restarts.length,
        files: files.length,
      },
      certificates,
      keysets: keysets.map((keyset) => keyset.change),
      restarts,
      deadline: deadlineOf(
        certificates,
        keysets.map((keyset) => keyset.change),
      ),
      copies: copiesOf(
        certificates,
        keysets.map((keyset) => keyset.change),
        base,
        folder,
        files,
      ),
      files,
    },
  };
}

/** The credentials whose documents are among the files. A folder with a `keyset.yaml` on either side is a keyset's. */
function changedDocuments(
  base: Side,
  head: Side,
  tree: string,
  cluster: string,
  files: readonly TreePath[],
): { readonly keysets: readonly CredentialPath[]; readonly leaves: readonly CredentialPath[] } {
  const keysets = new Set<CredentialPath>();
  const leaves: CredentialPath[] = [];
  const store = `${layout.store(tree, cluster)}/`;
  for (const file of files.filter((path) => path.startsWith(store))) {
    const [first = '', second, third] = file.slice(store.length).split('/');
    const leaf = /^(.+)\.sops\.yaml$/u.exec(second ?? first)?.[1];
    if (third !== undefined) continue;
    const keyset = credentialPath(cluster, null, first);
    const isKeyset = [base, head].some(
      (side) => second !== undefined && side.read(layout.keyset(tree, keyset)) !== undefined,
    );
    if (isKeyset) keysets.add(keyset);
    else if (leaf !== undefined)
      leaves.push(credentialPath(cluster, second === undefined ? null : first, leaf));
  }
  return { keysets: [...keysets], leaves };
}

const SPKI = /^ *(?:- )?spki: "?([0-9a-f]{64})"?$/gmu;

/** Who has which key in the store: read off the text, since all documents are looked at. */
function holdersOf(
  sides: readonly Side[],
  tree: string,
  cluster: string,
): ReadonlyMap<string, ReadonlySet<string>> {
  const store = layout.store(tree, cluster);
  const holders = new Map<string, Set<string>>();
  for (const side of sides) {
    for (const file of side.files(store)) {
      const [first = '', second] = file.slice(store.length + 1).split('/');
      const name = (second ?? first).replace(/\.sops\.yaml$/u, '');
      const isKeyset = name === 'keyset.yaml';
      const node = second === undefined || isKeyset ? null : first;
      const holder = credentialPath(cluster, node, isKeyset ? first : name);
      for (const [, spki = ''] of (side.text(file) ?? '').matchAll(SPKI)) {
        holders.set(spki, (holders.get(spki) ?? new Set()).add(holder));
      }
    }
  }
  return holders;
}

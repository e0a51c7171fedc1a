import { layout } from '../model/store/layout.ts';
import type { IssuedCrl } from '../model/store/revocations.ts';
import type { DesiredUnit } from '../model/desired.ts';
import type { IssuedKeyset, IssuedLeaf, IssuedReissue, IssuedUnit } from '../model/made/issued.ts';
import type { CredentialPath } from '../model/names.ts';
import { areRecipients, withLeaving } from '../model/recipients.ts';
import type {
  ObservedCluster,
  ObservedEntry,
  ObservedKeyset,
  ObservedLeaf,
  UnreadableLeaf,
} from '../model/observed.ts';

/** The store as it will be read back once what was issued is written: `plan(desired, applied)` is empty. */
export function applied(
  tree: string,
  unit: DesiredUnit,
  observed: ReadonlyMap<string, ObservedCluster>,
  issued: IssuedUnit,
): Map<string, ObservedCluster> {
  return new Map(
    unit.clusters.map((cluster) => {
      const { name, recipients } = cluster;
      const before = observed.get(name);
      const declared = new Set<CredentialPath>(cluster.leaves.map(({ path }) => path));
      const leaves = [...(before?.leaves ?? [])]
        .filter(([path]) => declared.has(path))
        .map(([path, leaf]) => [path, reencrypted(leaf, recipients)] as const);
      const keysets = [...(before?.keysets ?? [])].map(
        ([path, keyset]) =>
          [
            path,
            { ...keyset, entries: keyset.entries.map((entry) => reencrypted(entry, recipients)) },
          ] as const,
      );
      const again = issued.reissues
        .filter(({ planned: { desired } }) => desired.cluster === name)
        .flatMap((reissued) => reissueApplied(reissued, new Map(keysets)));
      const newKeysets = issued.keysets
        .filter(({ desired }) => desired.cluster === name)
        .map((keyset) => {
          const { path } = keyset.desired;
          return [
            path,
            keysetApplied(tree, keyset, before?.keysets.get(path), recipients),
          ] as const;
        });
      const newLeaves = issued.leaves
        .filter(({ desired }) => desired.cluster === name)
        .map((leaf) => [leaf.desired.path, leafApplied(tree, leaf, recipients)] as const);
      const newest = new Map([...keysets, ...again, ...newKeysets]);
      const crls = issued.crls
        .filter(({ desired }) => desired.cluster === name)
        .flatMap((crl) => crlApplied(tree, crl, newest.get(crl.desired.path)));
      const after: ObservedCluster = {
        name,
        keysets: new Map([...newest, ...crls]),
        leaves: new Map([...leaves, ...newLeaves]),
        replaced: [],
      };
      return [name, after];
    }),
  );
}

/** As it is once its recipients are those that are declared; the same where they are already, and where it cannot be read. */
function reencrypted<T extends ObservedLeaf | UnreadableLeaf | ObservedEntry>(
  observed: T,
  recipients: readonly string[],
): T {
  return !('recipients' in observed) || areRecipients(observed.recipients, recipients)
    ? observed
    : {
        ...observed,
        recipients,
        formerRecipients: withLeaving(observed, recipients),
      };
}

function reissueApplied(
  { planned: { desired, entry }, certificate, issuedAt }: IssuedReissue,
  keysets: ReadonlyMap<CredentialPath, ObservedKeyset>,
): (readonly [CredentialPath, ObservedKeyset])[] {
  const { path, validity, renewBefore } = desired;
  const keyset = keysets.get(path);
  if (keyset === undefined) return [];
  const policy = { validity, renewBefore, jitter: 0 };
  const entries = keyset.entries.map((one) =>
    one.id === entry.id
      ? { ...one, certificate, issuedAt, policy, reissue: undefined, lacksCrlSign: undefined }
      : one,
  );
  return [[path, { ...keyset, entries }]];
}

function crlApplied(
  tree: string,
  { desired: { path }, crl, entries }: IssuedCrl,
  keyset: ObservedKeyset | undefined,
): (readonly [CredentialPath, ObservedKeyset])[] {
  if (keyset === undefined) return [];
  const file = layout.revocations(tree, path);
  return [[path, { ...keyset, revocations: { file, crl, entries, added: [] } }]];
}

/** @param before as planned, where it was there: entries that stay are the same. */
function keysetApplied(
  tree: string,
  { desired, revision, entries, signature, countersignature, entry: issued }: IssuedKeyset,
  before: ObservedKeyset | undefined,
  recipients: readonly string[],
): ObservedKeyset {
  const { path, kind, keyAlgorithm } = desired;
  const policy =
    desired.kind === 'CertificateAuthority'
      ? { validity: desired.validity, renewBefore: desired.renewBefore, jitter: 0 }
      : null;
  const pathLength = desired.kind === 'CertificateAuthority' ? desired.pathLength : null;
  const kept = new Map(before?.entries.map((entry) => [entry.id, entry]));
  return {
    path,
    kind,
    revision,
    signature,
    countersignature,
    revocations: before?.revocations,
    entries: entries.flatMap(({ id, state, outsideLife }): ObservedEntry[] => {
      const stays = kept.get(id);
      if (stays !== undefined) return [{ ...reencrypted(stays, recipients), state, outsideLife }];
      if (issued === null) return [];
      const { spki, certificate, publicKey, issuer, issuedAt } = issued;
      const file = layout.entry(tree, path, id);
      const signed = { id, spki, certificate, publicKey, issuer, issuedAt };
      const entry = { ...signed, policy, pathLength, keyAlgorithm, file, state, recipients };
      return [{ ...entry, outsideLife, formerRecipients: [] }];
    }),
  };
}

function leafApplied(
  tree: string,
  { desired, certificate, issuer, issuedAt, reason }: IssuedLeaf,
  recipients: readonly string[],
): ObservedLeaf {
  const { path, kind, validity, renewBefore, jitter } = desired;
  return {
    path,
    file: layout.leaf(tree, path),
    kind,
    certificate,
    issuer,
    issuedAt,
    reason,
    policy: { validity, renewBefore, jitter },
    signedByIssuer: true,
    spki: certificate.spki,
    recipients,
    formerRecipients: [],
  };
}

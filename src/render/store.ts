import { formatDuration } from '../model/store/duration.ts';
import type { IssuedEntry, IssuedKeyset, IssuedLeaf, IssuedReissue } from '../model/made/issued.ts';
import { layout, STORE_API_VERSION, STORE_SELECTOR } from '../model/store/layout.ts';
import type { CredentialPath, TreePath } from '../model/names.ts';
import type { IssuerId } from '../model/observed.ts';
import type { IssuedCrl } from '../model/store/revocations.ts';
import type { JsonObject, PlainFile, YamlFile } from '../model/made/tree.ts';
import type { RenewalPolicy } from '../model/x509.ts';
import { plainYaml } from './plain-yaml.ts';

/** The documents of a keyset: an entry that is new, and the signed list. */
export function keysetDocuments(
  tree: string,
  issued: IssuedKeyset,
  recipients: readonly string[],
): (YamlFile | PlainFile)[] {
  const { desired, revision, entries, signature, countersignature, entry } = issued;
  const { path, cluster, name } = desired;
  const keyset = {
    apiVersion: STORE_API_VERSION,
    kind: 'Keyset',
    cluster,
    name,
    revision,
    entries: entries.map(({ id, state, spki, outsideLife }) => ({
      id,
      state,
      spki,
      ...(outsideLife === undefined ? {} : { outsideLife: formatDuration(outsideLife) }),
    })),
    signature,
    ...(countersignature === null ? {} : { countersignature }),
  };
  return [
    ...(entry === null ? [] : [entryDocument(tree, desired, entry, recipients)]),
    {
      format: 'plain',
      path: layout.keyset(tree, path),
      content: plainYaml(keyset),
    },
  ];
}

function entryDocument(
  tree: string,
  desired: IssuedKeyset['desired'],
  issued: IssuedEntry,
  recipients: readonly string[],
): YamlFile {
  const { path, cluster, name, kind } = desired;
  const { id, certificate, publicKey, issuer } = issued;
  return storeFile(path, layout.entry(tree, path, id), recipients, {
    apiVersion: STORE_API_VERSION,
    kind,
    cluster,
    name,
    id,
    ...(issuer === null ? {} : { issuer: issuerText(issuer, cluster) }),
    issuedAt: issued.issuedAt.toISOString(),
    reason: issued.reason,
    ...(desired.kind === 'CertificateAuthority' ? policyFields({ ...desired, jitter: 0 }) : {}),
    ...(certificate === null ? { publicKey } : { certificate: certificate.pem }),
    privateKey: issued.privateKey,
  });
}

/** The document of an entry with another certificate for its key; all else of it is as it was, its key and who had it too. */
export function reissuedDocument(
  tree: string,
  { planned: { desired, entry }, certificate, issuedAt }: IssuedReissue,
  before: JsonObject,
  recipients: readonly string[],
): YamlFile {
  return storeFile(desired.path, layout.entry(tree, desired.path, entry.id), recipients, {
    ...before,
    issuedAt: issuedAt.toISOString(),
    reason: 'Reissue',
    ...policyFields({ ...desired, jitter: 0 }),
    certificate: certificate.pem,
  });
}

/** What an authority revoked, in the clear: for people in its fields, signed in the CRL. */
export function revocationsDocument(tree: string, { desired, crl, entries }: IssuedCrl): PlainFile {
  const { path, cluster, name } = desired;
  const document = {
    apiVersion: STORE_API_VERSION,
    kind: 'Revocations',
    cluster,
    name,
    issuer: crl.issuer,
    crlNumber: crl.number,
    thisUpdate: crl.thisUpdate.toISOString(),
    nextUpdate: crl.nextUpdate.toISOString(),
    entries: entries.map(({ serialNumber, credential, revokedAt, reason, notAfter }) => ({
      serialNumber,
      credential,
      revokedAt: revokedAt.toISOString(),
      reason,
      notAfter: notAfter.toISOString(),
    })),
    crl: crl.pem,
    ...(crl.outgoing === null
      ? {}
      : { outgoingIssuer: crl.outgoing.issuer, outgoingCrl: crl.outgoing.pem }),
  };
  return { format: 'plain', path: layout.revocations(tree, path), content: plainYaml(document) };
}

export function leafDocument(
  tree: string,
  issued: IssuedLeaf,
  recipients: readonly string[],
): YamlFile {
  const { desired, issuer, certificate } = issued;
  const { path, cluster, node, name, kind } = desired;
  return storeFile(path, layout.leaf(tree, path), recipients, {
    apiVersion: STORE_API_VERSION,
    kind,
    cluster,
    name,
    ...(node === null ? {} : { node }),
    issuer: issuerText(issuer, cluster),
    issuedAt: issued.issuedAt.toISOString(),
    reason: issued.reason,
    ...policyFields(desired),
    spki: certificate.spki,
    certificate: certificate.pem,
    privateKey: issued.privateKey,
  });
}

/** A document of the store, whose private key is encrypted. */
export function storeFile(
  credential: CredentialPath,
  path: TreePath,
  recipients: readonly string[],
  document: JsonObject,
): YamlFile {
  return {
    format: 'yaml',
    path,
    document,
    recipients,
    uses: [credential],
    complete: true,
    projection: '',
    selector: { encrypted_regex: STORE_SELECTOR },
    sealed: [['privateKey']],
  };
}

function policyFields({ validity, renewBefore, jitter }: RenewalPolicy): JsonObject {
  return {
    validity: formatDuration(validity),
    renewBefore: formatDuration(renewBefore),
    ...(jitter > 0 ? { jitter: formatDuration(jitter) } : {}),
  };
}

function issuerText({ keyset, id }: IssuerId, cluster: string): string {
  const [owner, name] = keyset.split('/');
  return owner === cluster ? `${name ?? ''}/${id}` : `${keyset}/${id}`;
}

import { PkiError } from '../errors.ts';
import { layout } from '../model/store/layout.ts';
import { credentialParts, type CredentialPath, type TreePath } from '../model/names.ts';
import type { ObservedKeyset, ObservedLeaf, UnreadableLeaf } from '../model/observed.ts';
import type { TreeReader } from '../model/ports.ts';
import { isIssuedBy } from '../x509/read/issued.ts';
import { readCertificate } from '../x509/read/certificate.ts';
import { parseDocument, storeError, type Fields } from './fields.ts';
import { parseIssuer } from './issuer.ts';
import { formerRecipientsOf, recipientsOf } from './recipients.ts';

/**
 * Reads one leaf document. What is there but cannot be understood is `unreadable`, which is a reason to issue it again: a leaf
 * can be made anew, and the plan names what was wrong before it does.
 */
export function observeLeaf(
  reader: TreeReader,
  tree: string,
  path: CredentialPath,
  keyset: (path: CredentialPath) => ObservedKeyset | undefined,
): ObservedLeaf | UnreadableLeaf | undefined {
  const file = layout.leaf(tree, path);
  try {
    const content = reader.read(file);
    return content === undefined ? undefined : parseLeaf(content, tree, path, keyset);
  } catch (error) {
    // what may not be read now may be sound
    if (!(error instanceof PkiError) || error.code === 'ERR_READ') throw error;
    return { path, file, unreadable: error.message };
  }
}

function parseLeaf(
  content: Uint8Array,
  tree: string,
  path: CredentialPath,
  keyset: (path: CredentialPath) => ObservedKeyset | undefined,
): ObservedLeaf {
  const { cluster } = credentialParts(path);
  const file = layout.leaf(tree, path);
  const fields = parseLeafFields(content, file, path);
  const certificate = readCertificate(fields.text('certificate'));
  const issuer = parseIssuer(fields, cluster);
  const issuing = keyset(issuer.keyset)?.entries.find(({ id }) => id === issuer.id)?.certificate;
  return {
    path,
    file,
    kind: fields.oneOf('kind', ['Certificate', 'Kubeconfig']),
    certificate,
    issuer,
    issuedAt: fields.instant('issuedAt'),
    reason: fields.text('reason'),
    policy: {
      validity: fields.duration('validity'),
      renewBefore: fields.duration('renewBefore'),
      jitter: fields.has('jitter') ? fields.duration('jitter') : 0,
    },
    signedByIssuer: issuing !== undefined && issuing !== null && isIssuedBy(certificate, issuing),
    spki: fields.text('spki'),
    recipients: recipientsOf(fields),
    formerRecipients: formerRecipientsOf(fields),
  };
}

/** The fields of a leaf document, after it was found to be that of its place. */
export function parseLeafFields(content: Uint8Array, file: TreePath, path: CredentialPath): Fields {
  const { cluster, node, name } = credentialParts(path);
  const fields = parseDocument(file, content, {
    kinds: ['Certificate', 'Kubeconfig'],
    cluster,
    name,
  });
  if ((fields.has('node') ? fields.text('node') : null) !== node) {
    throw storeError(file, `it is of another node than "${node ?? 'none'}"`);
  }
  return fields;
}

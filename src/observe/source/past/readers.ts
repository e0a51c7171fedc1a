import { hash } from 'node:crypto';
import { privateKeyStandIn } from '../../../model/made/stand-in.ts';
import { credentialParts, credentialPath, treePath } from '../../../model/names.ts';
import type { PastCertificate, PastReaders } from '../../../model/observed.ts';
import { readCertificate } from '../../../x509/read/certificate.ts';
import { readPublicKey, spkiHash } from '../../../x509/read/key.ts';
import { parseFields, readable, type Fields } from '../../fields.ts';
import { parseIssuer } from '../../issuer.ts';
import { pastDocuments } from './documents.ts';
import { readersNamed } from './named.ts';
import { observePastOutputs, type PastOutputs } from './outputs.ts';

/** In the clear in each document of the store: the start of its public key's hash, which is the id of a keyset's entry. */
const KEY = /^(?:spki|id): ['"]?([0-9a-f]{16})/mu;

/**
 * Which of `recipients` could open which private keys in a commit up to HEAD. A document may have been encrypted again, moved or
 * renamed since, and an output be gone, without a trace in the tree.
 *
 * @param recipients as documents name them.
 * @throws PkiError `ERR_READ` in a shallow clone, which has no more than a part of the history, and would say "nobody".
 */
export async function observePastReaders(
  root: string,
  recipients: readonly string[],
): Promise<PastReaders> {
  const what = 'what a compromised recipient could open before';
  const outputs = await observePastOutputs(root, recipients, what);
  const byKey = new Map<string, Set<string>>();
  const certificates = new Map<string, PastCertificate>();
  const explained = new Set<string>();
  for await (const document of pastDocuments(root, what)) {
    const key = KEY.exec(document)?.[1];
    if (key === undefined) continue;
    const fields = fieldsOf(document);
    const ofOutputs = readersOfOutputs(outputs, fields && spkiOf(fields), explained);
    const readers = [...readersNamed(document, recipients), ...ofOutputs];
    if (readers.length === 0) continue;
    const all = [...new Set([...(byKey.get(key) ?? []), ...readers])].sort();
    byKey.set(key, new Set(all));
    const certificate = fields && certificateOf(fields, all);
    if (certificate !== undefined) certificates.set(nameOf(certificate), certificate);
  }
  const unexplained = [...outputs.byProjection].flatMap(([projection, { file }]) =>
    explained.has(projection) ? [] : [file],
  );
  return {
    byKey: new Map([...byKey].map(([key, found]) => [key, [...found]])),
    certificates: byCluster(certificates.values()),
    unknown: [...new Set([...outputs.silent, ...unexplained])].sort(),
  };
}

function byCluster(certificates: Iterable<PastCertificate>): PastReaders['certificates'] {
  const found = new Map<string, PastCertificate[]>();
  for (const certificate of certificates) {
    const { path, issuer } = certificate;
    for (const name of new Set([path, issuer.keyset].map((one) => credentialParts(one).cluster))) {
      const own = found.get(name) ?? [];
      own.push(certificate);
      found.set(name, own);
    }
  }
  return found;
}

function readersOfOutputs(
  { bySpki, byProjection }: PastOutputs,
  spki: string | undefined,
  explained: Set<string>,
): readonly string[] {
  if (spki === undefined) return [];
  const projection = projectionOf(privateKeyStandIn(spki));
  explained.add(projection);
  return [...(bySpki.get(spki) ?? []), ...(byProjection.get(projection)?.readers ?? [])];
}

/** As files of a node have it in their list. */
const projectionOf = (content: string): string => `sha256:${hash('sha256', content)}`;

const nameOf = ({ issuer, certificate }: PastCertificate): string =>
  `${issuer.keyset}/${issuer.id}/${certificate.serialNumber}`;

/** Undefined for what is no document of this version. */
function fieldsOf(document: string): Fields | undefined {
  return readable(() => parseFields(treePath('a past document'), Buffer.from(document)));
}

/** Of the whole key, as leaves have it in a field, and keysets' entries in a certificate or key. */
function spkiOf(fields: Fields): string | undefined {
  return readable(() => {
    if (fields.has('spki')) return fields.text('spki');
    return fields.has('publicKey')
      ? spkiHash(readPublicKey(fields.text('publicKey')))
      : readCertificate(fields.text('certificate')).spki;
  });
}

/** That of a leaf; undefined for an entry of a keyset. */
function certificateOf(fields: Fields, readers: readonly string[]): PastCertificate | undefined {
  return readable(() => {
    if (!fields.has('spki')) return undefined;
    const cluster = fields.text('cluster');
    const node = fields.has('node') ? fields.text('node') : null;
    return {
      path: credentialPath(cluster, node, fields.text('name')),
      issuer: parseIssuer(fields, cluster),
      certificate: readCertificate(fields.text('certificate')),
      readers,
    };
  });
}

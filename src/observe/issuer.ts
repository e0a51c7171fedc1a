import { treePath, type CredentialPath } from '../model/names.ts';
import type { IssuerId } from '../model/observed.ts';
import { storeError, type Fields } from './fields.ts';

/** `issuer` of a document: `<keyset>/<id>` in the same cluster, `<cluster>/<keyset>/<id>` in another. */
export function parseIssuer(fields: Fields, cluster: string): IssuerId {
  const parts = fields.text('issuer').split('/');
  const [id, keyset, other = cluster, ...rest] = parts.reverse();
  if (id === undefined || keyset === undefined || rest.length > 0) {
    throw storeError(fields.file, 'field "issuer" is not a keyset and an id');
  }
  return { keyset: treePath(other, keyset) as string as CredentialPath, id };
}

import type { CredentialPath } from '../../model/names.ts';
import {
  findReferences,
  formatReference,
  hasReference,
  PRIVATE_PARTS,
  type ReferencePart,
} from '../../model/reference.ts';
import type { Mark } from '../tree/mark.ts';

type CredentialKind = 'CertificateAuthority' | 'ServiceAccountKey' | 'Certificate' | 'Kubeconfig';

/** The parts that each kind of credential has. */
const PARTS: Readonly<Record<CredentialKind, readonly ReferencePart[]>> = {
  CertificateAuthority: ['trustBundle', 'certificate', 'privateKey', 'crl'],
  ServiceAccountKey: ['publicKeys', 'privateKey'],
  Certificate: ['certificate', 'privateKey'],
  Kubeconfig: ['content'],
};

export type KindOf = (path: CredentialPath) => Mark['kind'] | undefined;

/** What is wrong with the references in one text; `isSecret` where private material may stand. */
export function* referenceProblems(
  text: string,
  isSecret: boolean,
  kindOf: KindOf,
): Generator<string> {
  const references = findReferences(text);
  let rest = text;
  for (const { credential, part, form } of references) {
    rest = rest.replace(formatReference({ credential, part, form }), '');
    const kind = kindOf(credential);
    const parts = kind === undefined ? undefined : PARTS[kind as CredentialKind];
    if (parts === undefined) yield `refers to credential "${credential}", which is not declared`;
    else if (!parts.includes(part)) yield `refers to ${part} of "${credential}", which has none`;
    else if (PRIVATE_PARTS.has(part) && !isSecret)
      yield `refers to ${part} of "${credential}", which may stand only in data or stringData of a Secret and in a file declared secret`;
  }
  if (hasReference(rest))
    yield 'has a reference that was cut or encoded: use .base64 of the reference instead of encoding it';
}

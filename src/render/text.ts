import { PkiError } from '../errors.ts';
import { hasReference, replaceReferences, type ReferenceToken } from '../model/reference.ts';
import { kubeconfigText } from './output/kubeconfig.ts';
import { privateKeyText, type Values } from './values.ts';

/**
 * Replaces every reference of `text`.
 *
 * @throws PkiError `ERR_REFERENCE` for a part that the credential has not, and for a reference that survives.
 */
export function renderText(text: string, values: Values): string {
  const rendered = replaceReferences(text, (reference, { indent, endsLine }) => {
    const pem = referenceValue(reference, values);
    if (reference.form === 'base64') return Buffer.from(pem).toString('base64');
    const value = endsLine && pem.endsWith('\n') ? pem.slice(0, -1) : pem;
    return indent === '' ? value : value.replaceAll(/\n(?=.)/gu, `\n${indent}`);
  });
  if (hasReference(rendered)) {
    throw new PkiError('ERR_REFERENCE', 'a reference is left after rendering', {
      hint: 'use .pem or .base64 of a reference as it is; do not cut, change or encode its text',
    });
  }
  return rendered;
}

function referenceValue(reference: ReferenceToken, values: Values): string {
  const { credential, part } = reference;
  const material = values.material.get(credential);
  if (material !== undefined) {
    if (part === 'privateKey') return privateKeyText(credential, values);
    if (part === 'content' && material.kind === 'Kubeconfig') {
      return kubeconfigText(credential, values);
    }
    if (part in material) {
      const text: unknown = material[part as keyof typeof material];
      if (typeof text === 'string') return text;
    }
  }
  throw new PkiError(
    'ERR_REFERENCE',
    material === undefined
      ? `credential "${credential}" is not declared`
      : `credential "${credential}" has no part "${part}"`,
  );
}

import { PkiError } from '../errors.ts';
import type { Material, PrivateKeys } from '../model/made/material.ts';
import { privateKeyStandIn } from '../model/made/stand-in.ts';
import type { CredentialPath } from '../model/names.ts';

/** What references are replaced by. Without private keys each becomes the hash of its SPKI: the public projection. */
export interface Values {
  readonly material: Material;
  readonly privateKeys: PrivateKeys | 'projection';
}

/** The PEM of a private key, or its stand-in in a projection. */
export function privateKeyText(credential: CredentialPath, values: Values): string {
  if (values.privateKeys === 'projection') {
    return privateKeyStandIn(values.material.get(credential)?.spki ?? '');
  }
  const pem = values.privateKeys.get(credential);
  if (pem === undefined) {
    throw new PkiError('ERR_IDENTITY_NEEDED', `the private key of "${credential}" was not opened`);
  }
  return pem;
}

/** `values` where every private key of `uses` is at hand, else the same as a projection. */
export function completeOrProjection(uses: readonly CredentialPath[], values: Values): Values {
  const { privateKeys } = values;
  return privateKeys === 'projection' || uses.every((path) => privateKeys.has(path))
    ? values
    : projectionOf(values);
}

export function projectionOf(values: Values): Values {
  return { ...values, privateKeys: 'projection' };
}

export function isComplete({ privateKeys }: Values): boolean {
  return privateKeys !== 'projection';
}

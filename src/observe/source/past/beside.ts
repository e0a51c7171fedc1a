import { load } from 'js-yaml';
import { readCertificate } from '../../../x509/read/certificate.ts';
import { readPublicKey, spkiHash } from '../../../x509/read/key.ts';
import { splitCertificates } from '../../../x509/read/pem.ts';
import { readable } from '../../fields.ts';

type Mapping = Readonly<Record<string, unknown>>;

/**
 * Whose keys a Secret or a kubeconfig holds, by the certificate or public key that stands in the clear beside each encrypted value:
 * `tls.crt` beside `tls.key`, `sa.pub` beside `sa.key`, `client-certificate-data` beside `client-key-data`; of a Secret with one
 * encrypted value and one certificate of a leaf, that one. Whole where that is so of all.
 */
export function spkisBeside(text: string): {
  readonly spkis: readonly string[];
  readonly isWhole: boolean;
} {
  const found = keysIn(text).map(({ beside }) => beside);
  const spkis = found.flatMap((spki) => spki ?? []);
  return { spkis, isWhole: found.length > 0 && spkis.length === found.length };
}

function keysIn(text: string): readonly { readonly beside: string | undefined }[] {
  const document = mappingOf(parsed(text));
  if (document['kind'] === 'Secret') return keysOfSecret(mappingOf(document['data']));
  const users = Array.isArray(document['users']) ? (document['users'] as readonly unknown[]) : [];
  return users.flatMap((one) => {
    const user = mappingOf(mappingOf(one)['user']);
    return Object.entries(user)
      .filter(([, value]) => isSealed(value))
      .map(([name]) => ({
        beside: name === 'client-key-data' ? spkiIn(user['client-certificate-data']) : undefined,
      }));
  });
}

function keysOfSecret(data: Mapping): readonly { readonly beside: string | undefined }[] {
  const sealed = Object.keys(data).filter((name) => isSealed(data[name]));
  const clear = Object.values(data).flatMap((value) => certificateIn(value) ?? []);
  const leaves = clear.filter(({ isCa }) => !isCa);
  return sealed.map((name) => {
    const stem = name.replace(/\.key$/u, '');
    const named =
      stem === name ? undefined : (spkiIn(data[`${stem}.crt`]) ?? spkiIn(data[`${stem}.pub`]));
    const only = sealed.length === 1 && leaves.length === 1 ? leaves[0]?.spki : undefined;
    return { beside: named ?? only };
  });
}

const isSealed = (value: unknown): boolean =>
  typeof value === 'string' && value.startsWith('ENC[AES256_GCM,');

/** Of the first certificate or public key in a value. */
function spkiIn(encoded: unknown): string | undefined {
  return certificateIn(encoded)?.spki ?? readable(() => spkiHash(readPublicKey(decoded(encoded))));
}

const certificateIn = (encoded: unknown): ReturnType<typeof readCertificate> | undefined =>
  readable(() => readCertificate(splitCertificates(decoded(encoded))[0] ?? ''));

const decoded = (encoded: unknown): string =>
  typeof encoded === 'string' ? Buffer.from(encoded, 'base64').toString('latin1') : '';

function mappingOf(value: unknown): Mapping {
  return typeof value === 'object' && value !== null ? (value as Mapping) : {};
}

function parsed(text: string): unknown {
  try {
    return load(text, { maxAliases: 0 });
  } catch {
    return undefined; // nothing that says anything
  }
}

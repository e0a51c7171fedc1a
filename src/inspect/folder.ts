import path from 'node:path';
import { PkiError } from '../errors.ts';
import type { CertificateInfo } from '../model/x509.ts';
import { readCertificate } from '../x509/read/certificate.ts';
import { isIssuedBy } from '../x509/read/issued.ts';
import { splitCertificates } from '../x509/read/pem.ts';
import { CERTIFICATE_FOLDERS, EXPECTED_FILES, type ExpectedFile } from './expected.ts';
import { findClientCertificate } from './kubeconfig.ts';
import { exists, listFolder, readFile } from './read-file.ts';

/** A certificate of an existing folder; one of a bundle is an authority of its own. */
export interface InspectedCertificate {
  readonly name: string;
  readonly kind: ExpectedFile['kind'];
  /** The file that it is in. */
  readonly file: string;
  /** Null for what kubeadm expects and is not there. */
  readonly certificate: CertificateInfo | null;
  readonly authority: string;
  /** As kubeadm says it: the CA's certificate is there and its key is not. */
  readonly externallyManaged: boolean;
}

export interface InspectedFolder {
  readonly certificates: readonly InspectedCertificate[];
  /** Files that could not be read. */
  readonly problems: readonly { readonly file: string; readonly error: unknown }[];
}

type Found = Omit<InspectedCertificate, 'externallyManaged'>;

/** Reads the certificates of an existing `/etc/kubernetes`, whoever made it. Nothing that cannot be read hides the rest. */
export function inspectFolder(folder: string): InspectedFolder {
  const problems: { file: string; error: unknown }[] = [];
  const attempt = (file: string, read: () => readonly Found[]): readonly Found[] => {
    try {
      return read();
    } catch (error) {
      problems.push({ file, error });
      return [];
    }
  };
  const expected = EXPECTED_FILES.flatMap((row) => {
    const file = path.join(folder, row.path);
    return attempt(file, () => inspectExpected(folder, row));
  });
  const authorities = expected.filter(({ kind }) => kind === 'authority');
  const others = otherFiles(folder, (file, error) => problems.push({ file, error })).flatMap(
    (file) => attempt(file, () => inspectOther(folder, file, authorities)),
  );
  const external = externalAuthorities(folder);
  return {
    certificates: [...expected, ...others].map((found) => ({
      ...found,
      externallyManaged: found.certificate !== null && external.has(found.authority),
    })),
    problems,
  };
}

function inspectExpected(folder: string, row: ExpectedFile): Found[] {
  const { name, kind, authority, isExpected } = row;
  const file = path.join(folder, row.path);
  const text = readFile(file);
  const source =
    text === undefined || kind !== 'kubeconfig'
      ? { file, pem: text }
      : clientCertificate(folder, file, text);
  if (source === null) return [];
  if (source.pem === undefined) {
    const isMissing = isExpected || text !== undefined;
    return isMissing ? [{ name, kind, file: source.file, certificate: null, authority }] : [];
  }
  return (kind === 'authority' ? readAll(source.pem) : [readFirst(source.pem)]).map(
    (certificate) => ({ name, kind, file: source.file, certificate, authority }),
  );
}

/** A file that kubeadm does not know: a certificate or a kubeconfig of the user's own. */
function inspectOther(folder: string, file: string, authorities: readonly Found[]): Found[] {
  const below = path.relative(folder, file);
  const text = readFile(file) ?? '';
  const isKubeconfig = file.endsWith('.conf');
  const source = isKubeconfig ? clientCertificate(folder, file, text) : { file, pem: text };
  if (source?.pem === undefined) return [];
  const name = isKubeconfig ? below : below.replace(/^pki\//u, '').replace(/\.crt$/u, '');
  const found = readAll(source.pem);
  const isAuthority = !isKubeconfig && found[0]?.isCa === true;
  const known = new Set(authorities.map(({ certificate }) => certificate?.pem));
  return (isAuthority ? found.filter(({ pem }) => !known.has(pem)) : found.slice(0, 1)).map(
    (certificate) => ({
      name,
      kind: isKubeconfig ? 'kubeconfig' : isAuthority ? 'authority' : 'certificate',
      file: source.file,
      certificate,
      authority: isAuthority ? name : authorityOf(certificate, authorities),
    }),
  );
}

/** Other `*.crt` and `*.conf` files; of these `*.conf` only kubeconfigs are wanted, and what cannot be parsed is not one. */
function otherFiles(folder: string, onProblem: (file: string, error: unknown) => void): string[] {
  const known = new Set(EXPECTED_FILES.map((row) => path.join(folder, row.path)));
  const names = (place: string, extension: string): string[] => {
    const files = (): readonly string[] => {
      try {
        return listFolder(path.join(folder, place));
      } catch (error) {
        onProblem(path.join(folder, place), error);
        return [];
      }
    };
    return files()
      .filter((name) => name.endsWith(extension))
      .map((name) => path.join(folder, place, name))
      .filter((file) => !known.has(file));
  };
  return [
    ...CERTIFICATE_FOLDERS.flatMap((place) => names(place, '.crt')),
    ...names('.', '.conf').filter(isKubeconfigFile),
  ];
}

function isKubeconfigFile(file: string): boolean {
  try {
    findClientCertificate(file, readFile(file) ?? '');
    return true;
  } catch {
    return false;
  }
}

/** Null where the kubeconfig has no client certificate; without `pem` where the file that it names is not there. */
function clientCertificate(
  folder: string,
  file: string,
  text: string,
): { readonly file: string; readonly pem?: string | undefined } | null {
  const found = findClientCertificate(file, text);
  if ('other' in found) return null;
  if ('pem' in found) return { file, pem: found.pem };
  const named = resolveFrom(folder, found.file);
  return { file: named, pem: readFile(named) };
}

/**
 * A path in a kubeconfig is relative to it. An absolute one, kubelet.conf's `/var/lib/kubelet/pki/…`, belongs to the same file
 * system as the folder: that of a mounted disk where the folder is its `etc/kubernetes`.
 */
function resolveFrom(folder: string, file: string): string {
  if (!path.isAbsolute(file)) return path.resolve(folder, file);
  const root = path.resolve(folder).replace(/\/etc\/kubernetes$/u, '');
  return root === path.resolve(folder) ? file : path.join(root, file);
}

/** The first certificate of a file is the one that counts, as for kubeadm and TLS (RFC 5246 §7.4.2). */
function readFirst(text: string): CertificateInfo {
  return readCertificate(splitCertificates(text)[0] ?? '');
}

function readAll(text: string): CertificateInfo[] {
  return splitCertificates(text).map((pem) => readCertificate(pem));
}

function authorityOf(certificate: CertificateInfo, authorities: readonly Found[]): string {
  const issuer = authorities.find(
    (authority) => authority.certificate !== null && isIssuedBy(certificate, authority.certificate),
  );
  return issuer?.name ?? certificate.issuer;
}

function externalAuthorities(folder: string): ReadonlySet<string> {
  const external = EXPECTED_FILES.filter(({ kind }) => kind === 'authority').filter((row) => {
    const certificate = path.join(folder, row.path);
    return isThere(certificate) && !isThere(certificate.replace(/\.crt$/u, '.key'));
  });
  return new Set(external.map(({ name }) => name));
}

/** What cannot be looked at is not absent. */
function isThere(file: string): boolean {
  try {
    return exists(file);
  } catch (error) {
    return error instanceof PkiError;
  }
}

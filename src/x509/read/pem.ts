import { PkiError } from '../../errors.ts';

/** Line length that Go's `pem.Encode` writes; RFC 7468 §2 asks for the same. */
const COLUMNS = 64;

/** One textual block of RFC 7468. */
export interface PemBlock {
  readonly label: string;
  /** What stands between the two lines, as written. */
  readonly body: string;
}

/** PEM as Go's `pem.Encode` writes it: LF, 64 columns, one final newline. */
export function formatPem(label: string, der: Uint8Array): string {
  const text = Buffer.from(der.buffer, der.byteOffset, der.byteLength).toString('base64');
  let body = '';
  for (let at = 0; at < text.length; at += COLUMNS) body += `${text.slice(at, at + COLUMNS)}\n`;
  return `-----BEGIN ${label}-----\n${body}-----END ${label}-----\n`;
}

/**
 * The PEM blocks of `text`, in order; text around them is skipped, as RFC 7468 §2 allows.
 * @throws PkiError ERR_CERTIFICATE where a block has no end
 */
function findPemBlocks(text: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  for (const match of text.matchAll(/^-----BEGIN ([A-Z0-9 ]+)-----[ \t]*\r?$/gmu)) {
    const label = match[1] ?? '';
    const from = match.index + match[0].length;
    const to = text.indexOf(`\n-----END ${label}-----`, from);
    const next = text.indexOf('-----BEGIN ', from);
    if (to === -1 || (next !== -1 && next < to)) {
      throw new PkiError('ERR_CERTIFICATE', `PEM block "${label}" is truncated`);
    }
    blocks.push({ label, body: text.slice(from, to) });
  }
  return blocks;
}

/**
 * The DER of a block's body.
 * @throws PkiError ERR_CERTIFICATE where it is not base64
 */
function decodeBody({ label, body }: PemBlock): Buffer {
  const text = body.replaceAll(/\s+/gu, '');
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/u.test(text)) {
    throw new PkiError('ERR_CERTIFICATE', `PEM block "${label}" is not base64`);
  }
  return Buffer.from(text, 'base64');
}

/**
 * The DER of every certificate in `text`. Blocks of other kinds are skipped, as client-go's `ParseCertsPEM` does:
 * the kubelet keeps its certificate and its key in one file.
 * @throws PkiError ERR_CERTIFICATE where there is none, or one is truncated or not base64
 */
export function decodeCertificates(text: string): Buffer[] {
  return decodeBlocks(text, 'CERTIFICATE');
}

/**
 * The DER of every block with this label; others are skipped.
 * @throws PkiError ERR_CERTIFICATE where there is none, or one is truncated or not base64
 */
export function decodeBlocks(text: string, wanted: string): Buffer[] {
  const blocks = findPemBlocks(text).filter(({ label }) => label === wanted);
  if (blocks.length === 0) throw new PkiError('ERR_CERTIFICATE', `no PEM block "${wanted}"`);
  return blocks.map(decodeBody);
}

/**
 * Splits a chain or bundle into its certificates: canonical PEM, in the order of `text`; what is inside a block is
 * not looked at.
 * @throws PkiError ERR_CERTIFICATE where there is none, or one is truncated or not base64
 */
export function splitCertificates(text: string): string[] {
  return decodeCertificates(text).map((der) => formatPem('CERTIFICATE', der));
}

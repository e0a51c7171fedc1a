import type { AlternativeNames } from '../../model/names.ts';
import { PkiError } from '../../errors.ts';

/** `DNS:a.example, URI:"odd\u002c value"`: what node finds ambiguous it writes as a JSON string. */
const NAME = /([A-Za-z0-9 ]+:)([^,"]*(?:"(?:[^"\\]|\\.)*")?)(?:, |$)/gy;

/**
 * Reads node's text of a subjectAltName extension; kinds of names that Kubernetes does not use are skipped.
 * @throws PkiError ERR_CERTIFICATE on an IP address that is not 4 or 16 octets, or text of an unknown form
 */
export function readAlternativeNames(text: string | undefined): AlternativeNames {
  const dnsNames: string[] = [];
  const ipAddresses: string[] = [];
  const uris: string[] = [];
  let end = 0;
  for (const match of (text ?? '').matchAll(NAME)) {
    const [whole, kind, written = ''] = match;
    end += whole.length;
    if (kind !== 'DNS:' && kind !== 'IP Address:' && kind !== 'URI:') continue;
    const value = unquoted(written);
    if (kind === 'DNS:') dnsNames.push(value.toLowerCase());
    else if (kind === 'IP Address:') ipAddresses.push(readIpAddress(value));
    else uris.push(value);
  }
  if (end !== (text ?? '').length) throw unreadable();
  return { dnsNames, ipAddresses, uris };
}

function unquoted(written: string): string {
  if (!written.includes('"')) return written;
  try {
    return String(JSON.parse(written));
  } catch {
    throw unreadable();
  }
}

function unreadable(): PkiError {
  return new PkiError('ERR_CERTIFICATE', 'subject alternative names cannot be read');
}

/** Four decimal octets, or eight groups of OpenSSL's long form, to the shortest text (RFC 5952). */
function readIpAddress(text: string): string {
  if (/^\d+(?:\.\d+){3}$/u.test(text)) return text;
  if (!/^[0-9A-F]+(?::[0-9A-F]+){7}$/u.test(text)) {
    throw new PkiError('ERR_CERTIFICATE', 'IP address in a certificate is not 4 or 16 octets');
  }
  return shortenIpv6(text.split(':').map((group) => Number.parseInt(group, 16)));
}

/** RFC 5952 §4: no leading zeros, the first of the longest runs of two zero groups or more becomes `::`. */
function shortenIpv6(groups: readonly number[]): string {
  let best = { start: 0, length: 1 };
  for (let start = 0; start < groups.length; start += 1) {
    let length = 0;
    while (groups[start + length] === 0) length += 1;
    if (length > best.length) best = { start, length };
  }
  const text = (part: readonly number[]): string => part.map((n) => n.toString(16)).join(':');
  if (best.length === 1) return text(groups);
  return `${text(groups.slice(0, best.start))}::${text(groups.slice(best.start + best.length))}`;
}

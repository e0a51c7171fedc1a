import type { AlternativeNames } from '../../model/names.ts';
import { PkiError } from '../../errors.ts';
import { contentsOf, derElements, SEQUENCE } from './der.ts';

/** Tags of GeneralName (RFC 5280 §4.2.1.6). */
const DNS_NAME = 0x82;
const URI = 0x86;
const IP_ADDRESS = 0x87;

/**
 * Reads a subjectAltName extension; kinds of names that Kubernetes does not use are skipped.
 * @throws PkiError ERR_CERTIFICATE on an IP address that is not 4 or 16 octets, or a value of another form
 */
export function readAlternativeNames(extension: Buffer | undefined): AlternativeNames {
  const dnsNames: string[] = [];
  const ipAddresses: string[] = [];
  const uris: string[] = [];
  const [list, ...more] = extension === undefined ? [] : derElements(extension);
  const isSound = extension === undefined || (list?.tag === SEQUENCE && more.length === 0);
  if (!isSound) throw new PkiError('ERR_CERTIFICATE', 'subject alternative names cannot be read');
  for (const { tag, contents } of list === undefined ? [] : contentsOf(list, SEQUENCE)) {
    if (tag === DNS_NAME) dnsNames.push(contents.toString('latin1').toLowerCase());
    else if (tag === URI) uris.push(contents.toString('latin1'));
    else if (tag === IP_ADDRESS) ipAddresses.push(formatIpAddress(contents));
  }
  return { dnsNames, ipAddresses, uris };
}

function formatIpAddress(octets: Buffer): string {
  if (octets.length === 4) return octets.join('.');
  if (octets.length !== 16) {
    throw new PkiError('ERR_CERTIFICATE', 'IP address in a certificate is not 4 or 16 octets');
  }
  return shortenIpv6(Array.from({ length: 8 }, (_, group) => octets.readUInt16BE(2 * group)));
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

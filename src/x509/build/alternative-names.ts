import ipaddr from 'ipaddr.js';
import { domainToASCII } from 'node:url';
import type { AlternativeNames } from '../../model/names.ts';
import { PkiError } from '../../errors.ts';
import { type Asn1, der } from './der.ts';

/** Tags of GeneralName (RFC 5280 §4.2.1.6). */
const DNS_NAME = 2;
const URI = 6;
const IP_ADDRESS = 7;

/** Letters, digits and inner hyphens, 1 to 63 octets (RFC 1123 §2.1). */
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/u;
const MAX_DNS_NAME = 253;

/**
 * The GeneralNames of a subjectAltName extension, without duplicates; undefined where there is none.
 * @throws PkiError ERR_ISSUE on a name that RFC 5280 §4.2.1.6 does not allow
 */
export function buildAlternativeNames(names: AlternativeNames): Asn1 | undefined {
  const members = [
    ...unique(names.dnsNames.map(dnsName)).map((name) => der.implicit(DNS_NAME, Buffer.from(name))),
    ...unique(names.ipAddresses.map(ipAddress)).map((octets) =>
      der.implicit(IP_ADDRESS, Buffer.from(octets, 'hex')),
    ),
    ...unique(names.uris.map(uri)).map((text) => der.implicit(URI, Buffer.from(text))),
  ];
  return members.length === 0 ? undefined : der.sequence(...members);
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}

function dnsName(written: string): string {
  const refuse = (problem: string, hint: string): PkiError =>
    new PkiError('ERR_ISSUE', `DNS name "${written}" ${problem}`, { hint });
  if (/[^\p{ASCII}]/u.test(written)) {
    const alabel = domainToASCII(written);
    throw refuse(
      'is not ASCII',
      alabel === '' ? 'write its A-label form' : `write its A-label form: ${alabel}`,
    );
  }
  const name = written.toLowerCase().replace(/\.$/u, '');
  if (/^[\d.]+$/u.test(name)) {
    throw refuse('is an IP address', 'list it in ipAddresses');
  }
  const labels = name.replace(/^\*\./u, '').split('.');
  if (name.length > MAX_DNS_NAME || !labels.every((label) => LABEL.test(label))) {
    throw refuse(
      'is not a valid host name',
      'labels are letters, digits and inner hyphens; a wildcard is the whole left-most label',
    );
  }
  return name;
}

/** Hexadecimal octets, 4 or 16. Go refuses a certificate with an IPv4-mapped IPv6 address, so that becomes IPv4. */
function ipAddress(written: string): string {
  if (!ipaddr.IPv4.isValidFourPartDecimal(written) && !isPlainIpv6(written)) {
    throw new PkiError('ERR_ISSUE', `IP address "${written}" is neither IPv4 nor IPv6`);
  }
  return Buffer.from(ipaddr.process(written).toByteArray()).toString('hex');
}

/** A zone has no place in a certificate. */
function isPlainIpv6(text: string): boolean {
  return ipaddr.IPv6.isValid(text) && !text.includes('%');
}

/** An IA5String with a scheme (RFC 3986 §3.1); anything else is the user's own. */
function uri(written: string): string {
  if (/^[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]+$/u.test(written)) return written;
  throw new PkiError('ERR_ISSUE', `URI "${written}" is not an absolute URI in ASCII`);
}

import { bad, good, type Canonical } from './canonical.ts';
import { ipAddress } from './ip.ts';

const LABEL = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/u;

/** RFC 1035 §2.3.4, in text without the final dot. */
const MAX_LENGTH = 253;

/** A lower-case DNS label (RFC 1123 §2.1). */
export const isDnsLabel = (text: string): boolean => LABEL.test(text);

/** A lower-case DNS name as Kubernetes takes it (`DNS-1123 subdomain`). */
export const isDnsName = (text: string): boolean =>
  text.length <= MAX_LENGTH && text.split('.').every(isDnsLabel);

/** A host name without wildcard; upper case is folded. */
export function hostName(text: string): Canonical {
  const name = text.toLowerCase();
  if (ipAddress(text).value !== undefined) return bad(text, 'is an IP address, not a DNS name');
  if (isDnsName(name) && !/^\d+$/u.test(name.slice(name.lastIndexOf('.') + 1))) return good(name);
  const aLabel = toAscii(text);
  if (aLabel !== undefined) return bad(text, `is not ASCII; write its A-label "${aLabel}"`);
  if (name.endsWith('.')) return bad(text, 'ends with a dot; certificates name hosts without it');
  if (name.includes('_')) return bad(text, 'has an underscore, which no host name may have');
  return bad(text, 'is not a DNS name');
}

/** A DNS name for a certificate: a wildcard may stand for the whole first label only (RFC 6125 §6.4.3). */
export function dnsName(text: string): Canonical {
  if (!text.includes('*')) return hostName(text);
  const rest = text.startsWith('*.') ? text.slice(2) : '';
  if (rest === '' || rest.includes('*') || !rest.includes('.'))
    return bad(
      text,
      'may have a wildcard only as its whole first label, before two labels or more',
    );
  const { value, problem } = hostName(rest);
  if (value === undefined) return { problem };
  return text.length > MAX_LENGTH ? bad(text, 'is not a DNS name') : good(`*.${value}`);
}

/** The A-label form of an internationalized name (RFC 5890 §2.3.2.1). */
function toAscii(text: string): string | undefined {
  const url = `http://${text}/`;
  if (/^\p{ASCII}*$/u.test(text) || !URL.canParse(url)) return undefined;
  const { hostname } = new URL(url);
  return isDnsName(hostname) ? hostname : undefined;
}

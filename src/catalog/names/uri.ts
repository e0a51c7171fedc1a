import { bad, good, type Canonical } from './canonical.ts';
import { ipAddress } from './ip.ts';

const FORM =
  /^[a-z][-+.a-z0-9]*:\/\/(?:[^/?#\s@]*@)?(?<host>\[[^\]/?#\s@]*\]|[^/?#\s@:]*)(?::\d{1,5})?(?:[/?#]|$)/iu;

/** As a DNS label, and with underscores, which trust domains of SPIFFE may have. */
const LABEL = /^[a-z0-9_](?:[-a-z0-9_]{0,61}[a-z0-9_])?$/iu;

/**
 * An absolute URI with a host, as RFC 5280 §4.2.1.6 asks of a subject alternative name; kept as written. Go refuses a whole
 * certificate in which the host of a URI has an empty label.
 */
export function uri(text: string): Canonical {
  const host = FORM.exec(text)?.groups?.['host'];
  if (host === undefined || host === '') return bad(text, 'is not an absolute URI with a host');
  if (!/^[\u0021-\u007e]*$/u.test(text) || !URL.canParse(text))
    return bad(text, 'is not a URI in ASCII');
  const isHost = host.startsWith('[')
    ? ipAddress(host.slice(1, -1)).value !== undefined
    : host.length <= 253 && host.split('.').every((label) => LABEL.test(label));
  return isHost
    ? good(text)
    : bad(text, 'is a URI whose host is neither a DNS name nor an address');
}

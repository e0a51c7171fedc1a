import { bad, good, type Canonical } from './canonical.ts';

/** An absolute URI with a host, as RFC 5280 §4.2.1.6 asks of a subject alternative name; kept as written. */
export function uri(text: string): Canonical {
  if (!/^[a-z][-+.a-z0-9]*:\/\/[^/?#\s]+/iu.test(text))
    return bad(text, 'is not an absolute URI with a host');
  return /^[\u0021-\u007e]*$/u.test(text) && URL.canParse(text)
    ? good(text)
    : bad(text, 'is not a URI in ASCII');
}

import ipaddr from 'ipaddr.js';
import { bad, good, type Canonical } from './canonical.ts';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** Strict: dotted decimal or RFC 4291 text, no zone; an IPv4-mapped address is its IPv4 address. */
function parse(text: string): Address | undefined {
  // ipaddr.js tells an invalid address by throwing inside, which is slow for the many names, with ports too, that are none.
  if (/^[\d.]+$/u.test(text))
    return ipaddr.IPv4.isValidFourPartDecimal(text) ? ipaddr.IPv4.parse(text) : undefined;
  if (!/^[\da-f.]*:[\da-f.]*:[\da-f:.]*$/iu.test(text) || !ipaddr.IPv6.isValid(text))
    return undefined;
  const address = ipaddr.IPv6.parse(text);
  // Go refuses certificates with IPv4-mapped addresses (crypto/x509: 4 or 16 octets, never mapped).
  return address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
}

/** An IP address in RFC 5952 text. */
export function ipAddress(text: string): Canonical {
  const address = parse(text);
  return address === undefined ? bad(text, 'is not an IP address') : good(address.toString());
}

export const isIpv6 = (canonical: string): boolean => canonical.includes(':');

/** An address that other machines can reach a node at. */
export function nodeAddress(text: string): Canonical {
  const address = parse(text);
  if (address === undefined) return bad(text, 'is not an IP address');
  const range = address.range();
  return ['unspecified', 'loopback', 'multicast', 'broadcast', 'linkLocal'].includes(range)
    ? bad(text, `is not an address of a node: ${range === 'linkLocal' ? 'link-local' : range}`)
    : good(address.toString());
}

/** A network with its host bits cleared, as Go reads one. */
export function cidr(text: string): Canonical {
  const network = parseCidr(text);
  if (network === undefined) return bad(text, 'is not a network in CIDR notation');
  return good(`${network.address.toString()}/${network.prefix}`);
}

/** Bounds of kubeadm (constants.go: MinimumAddressesInServiceSubnet 10, MaximumBitsForServiceSubnet 20). */
export function serviceSubnet(text: string): Canonical {
  const network = parseCidr(text);
  if (network === undefined) return bad(text, 'is not a network in CIDR notation');
  const hostBits = network.address.toByteArray().length * 8 - network.prefix;
  if (hostBits < 4) return bad(text, 'has fewer than 10 addresses');
  if (network.address.kind() === 'ipv6' && hostBits > 20)
    return bad(text, 'is too large; an IPv6 service subnet is a /108 or smaller');
  return cidr(text);
}

/** The first usable address of a network: that of the `kubernetes` Service. */
export function firstAddress(canonicalCidr: string): string {
  const [text = '', prefix = ''] = canonicalCidr.split('/');
  const single = Number(prefix) === ipaddr.parse(text).toByteArray().length * 8;
  return addressAt(canonicalCidr, single ? 0 : 1);
}

/** The address at a place of a network, which must be within its last octet: the DNS service is at 10. */
export function addressAt(canonicalCidr: string, offset: number): string {
  const bytes = ipaddr.parse(canonicalCidr.replace(/\/.*$/u, '')).toByteArray();
  const last = bytes.length - 1;
  bytes[last] = (bytes[last] ?? 0) + offset;
  return ipaddr.fromByteArray(bytes).toString();
}

function parseCidr(text: string): { address: Address; prefix: number } | undefined {
  const match = /^([^/]+)\/(0|[1-9]\d{0,2})$/u.exec(text);
  const address = match?.[1] === undefined ? undefined : parse(match[1]);
  const prefix = Number(match?.[2]);
  if (address === undefined || prefix > address.toByteArray().length * 8) return undefined;
  const network = `${address.toString()}/${prefix}`;
  return {
    prefix,
    address:
      address.kind() === 'ipv4'
        ? ipaddr.IPv4.networkAddressFromCIDR(network)
        : ipaddr.IPv6.networkAddressFromCIDR(network),
  };
}

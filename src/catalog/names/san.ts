import type { AlternativeNames } from '../../model/names.ts';
import { bad, type Canonical } from './canonical.ts';
import { dnsName } from './dns.ts';
import { ipAddress } from './ip.ts';

/** A subject alternative name that is told by its form, as kubeadm's `certSANs`: an address, a DNS name or a wildcard. */
export function san(text: string): Canonical {
  const ip = ipAddress(text);
  if (ip.value !== undefined) return ip;
  return text.includes(':') ? bad(text, 'is neither an IP address nor a DNS name') : dnsName(text);
}

/** Canonical names told apart, each once; DNS names sorted, as kubeadm's RemoveDuplicateAltNames does. */
export function alternativeNames(sans: readonly string[]): AlternativeNames {
  const all = [...new Set(sans)];
  const isIp = (text: string): boolean => /^[\d.]+$|:/u.test(text);
  return {
    dnsNames: all.filter((text) => !isIp(text)).sort(),
    ipAddresses: all.filter(isIp),
    uris: [],
  };
}

import { bad, type Canonical } from './canonical.ts';
import { hostName } from './dns.ts';
import { ipAddress, isIpv6 } from './ip.ts';

export type Endpoint =
  | { readonly host: string; readonly port: number; readonly problem?: undefined }
  | { readonly problem: string };

const FORM = /^(?:\[(?<bracketed>[^\]]*)\]|(?<plain>[^:[\]]*))(?::(?<port>[1-9]\d{0,4}))?$/u;

/** `host[:port]`, `[IPv6][:port]`, or an IPv6 address alone. */
export function endpoint(text: string, defaultPort: number): Endpoint {
  const bare = ipAddress(text).value;
  if (bare !== undefined) return { host: bare, port: defaultPort };
  const { bracketed, plain, port = String(defaultPort) } = FORM.exec(text)?.groups ?? {};
  if ((bracketed ?? plain ?? '') === '' || Number(port) > 65_535)
    return { problem: bad(text, 'is not host[:port]').problem ?? '' };
  const host: Canonical = bracketed === undefined ? address(plain ?? '') : ipAddress(bracketed);
  return host.value === undefined
    ? { problem: host.problem }
    : { host: host.value, port: Number(port) };
}

/** The https URL of an endpoint. */
export function endpointUrl(host: string, port: number): string {
  return `https://${isIpv6(host) ? `[${host}]` : host}:${port}`;
}

/** An https URL without path, query or user, as a kubeconfig or an etcd endpoint names a server. */
export function serverUrl(text: string, defaultPort: number): Canonical {
  if (!text.startsWith('https://')) return bad(text, 'is not an https URL');
  const parsed = endpoint(text.slice('https://'.length).replace(/\/$/u, ''), defaultPort);
  return parsed.problem === undefined
    ? { value: endpointUrl(parsed.host, parsed.port) }
    : bad(text, 'is not an https URL of a host and a port');
}

function address(text: string): Canonical {
  const ip = ipAddress(text);
  return ip.value === undefined ? hostName(text) : ip;
}

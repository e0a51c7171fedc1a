import { bad, good, type Canonical } from './canonical.ts';
import { isDnsLabel, isDnsName } from './dns.ts';

const CREDENTIAL = /^[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?$/u;

/** Folders of a cluster that the tool itself writes. */
const RESERVED_CHARTS: ReadonlySet<string> = new Set(['pki', 'nodes', 'manifests', 'kubeconfigs']);

/** A credential's name: a file or folder in `pki/`, the same on file systems that fold case. */
export function credentialName(text: string): Canonical {
  if (text.length > 200) return bad(text, 'is longer than 200 characters');
  if (!CREDENTIAL.test(text))
    return bad(text, 'is not a credential name: lower-case letters, digits, "-" and "."');
  return text.endsWith('.yaml')
    ? bad(text, 'ends with ".yaml", as the files of the store do')
    : good(text);
}

/** The name of a cluster or chart: a folder of the tree. */
export function chartName(text: string): Canonical {
  if (!isDnsLabel(text))
    return bad(text, 'is not a DNS label (RFC 1123): a-z, 0-9 and "-", 63 at most');
  return RESERVED_CHARTS.has(text) ? bad(text, 'is reserved for a folder of the tree') : good(text);
}

/** A node's name as the kubelet registers it; also a folder of the tree. */
export function nodeName(text: string): Canonical {
  if (!isDnsName(text)) return bad(text, 'is not a node name: a lower-case DNS name (RFC 1123)');
  // system:node:<name> must fit into ub-common-name (RFC 5280 appendix A).
  if (text.length > 52)
    return bad(
      text,
      'is longer than 52 characters, so that "system:node:" and it exceed a common name',
    );
  return text.endsWith('.yaml')
    ? bad(text, 'ends with ".yaml", as the files of the store do')
    : good(text);
}

/** The bundle of files that are the same on every worker node; no node can have this name. */
export const WORKERS = '_worker';

const SEGMENT = /^[^/\\\p{Cc}]+$/u;

/** A path below a folder: forward slashes, no empty, `.` or `..` segment, nothing unprintable. */
export function relativePath(text: string): Canonical {
  const segments = text.split('/');
  const fit = segments.every((part) => SEGMENT.test(part) && part !== '.' && part !== '..');
  if (!fit) return bad(text, 'is not a relative path without "." and ".." segments');
  return text.length > 1000 || segments.some((part) => part.length > 255)
    ? bad(text, 'is too long for a path')
    : good(text);
}

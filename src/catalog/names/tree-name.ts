import { bad, good, type Canonical } from './canonical.ts';
import { isDnsLabel, isDnsName } from './dns.ts';

const CREDENTIAL = /^[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?$/u;

/** Folders of a cluster that the tool itself writes. */
const RESERVED_CHARTS: ReadonlySet<string> = new Set(['pki', 'nodes', 'manifests', 'kubeconfigs']);

/** Names that Windows keeps for devices, with any extension: git cannot check such a file out there. */
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/u;

const device = (text: string): Canonical | undefined =>
  DEVICE.test(text) ? bad(text, 'is the name of a device on Windows') : undefined;

/** A credential's name: a file or folder in `pki/`, the same on file systems that fold case. */
export function credentialName(text: string): Canonical {
  if (text.length > 200) return bad(text, 'is longer than 200 characters');
  if (!CREDENTIAL.test(text))
    return bad(text, 'is not a credential name: lower-case letters, digits, "-" and "."');
  if (text.endsWith('.yaml')) return bad(text, 'ends with ".yaml", as the files of the store do');
  return device(text) ?? good(text);
}

/** The name of a cluster or chart: a folder of the tree. */
export function chartName(text: string): Canonical {
  if (!isDnsLabel(text))
    return bad(text, 'is not a DNS label (RFC 1123): a-z, 0-9 and "-", 63 at most');
  if (RESERVED_CHARTS.has(text)) return bad(text, 'is reserved for a folder of the tree');
  return device(text) ?? good(text);
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
  if (text.endsWith('.yaml')) return bad(text, 'ends with ".yaml", as the files of the store do');
  return device(text) ?? good(text);
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

/** The tree's own folder. It stands in patterns of `.gitattributes` and `.sops.yaml`, so that it is of plain characters. */
export function treeFolder(text: string): Canonical {
  const path = relativePath(text);
  if (path.value === undefined) return path;
  if (!/^[A-Za-z0-9._][-A-Za-z0-9._]*(?:\/[A-Za-z0-9._][-A-Za-z0-9._]*)*$/u.test(text))
    return bad(text, 'has other characters than letters, digits, "-", "." and "_"');
  const taken = text.split('/').find((part) => TAKEN.has(part.toLowerCase()));
  return taken === undefined
    ? good(text)
    : bad(text, `lies in "${taken}", which belongs to others`);
}

const TAKEN: ReadonlySet<string> = new Set(['.git', '.cdk8s-pki', 'node_modules']);

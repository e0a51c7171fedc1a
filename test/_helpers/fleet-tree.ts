import { load } from 'js-yaml';
import type { Fleet, Role } from './fleet.ts';

// What a tree should hold, in the words of its reader: paths and fields as documented, nothing of src/.

/** The input and output type that sops is told. */
export type SopsType = 'yaml' | 'binary';

export interface EncryptedFile {
  readonly path: string;
  readonly type: SopsType;
}

/** A node with a bundle, and whose identity opens it. */
export interface NodePlace {
  readonly cluster: string;
  readonly node: Role;
}

export const NODES: readonly NodePlace[] = [
  { cluster: 'prod-eu-1', node: 'cp-1' },
  { cluster: 'prod-eu-1', node: 'cp-2' },
  { cluster: 'prod-eu-1', node: 'cp-3' },
  { cluster: 'edge-1', node: 'node-1' },
];

export const CLUSTERS = ['prod-eu-1', 'edge-1'] as const;

/** All encrypted files, found by what is in them: the metadata of SOPS. */
export function encryptedFiles(fleet: Fleet): EncryptedFile[] {
  return fleet.files('deploy').flatMap((path): EncryptedFile[] => {
    const text = fleet.read(path);
    if (!/^\s*"?sops"?:/mu.test(text)) return [];
    return [{ path, type: text.startsWith('{') ? 'binary' : 'yaml' }];
  });
}

export function readYaml(fleet: Fleet, file: string): Record<string, unknown> {
  return record(load(fleet.read(file)));
}

export interface BundleFile {
  /** Absolute, on the node. */
  readonly path: string;
  readonly format: 'plain' | SopsType;
  readonly mode: string;
  readonly owner: string;
}

/** `bundle.yaml` of a node, every field checked. */
export function bundleFiles(fleet: Fleet, place: NodePlace): BundleFile[] {
  const { files } = readYaml(fleet, `${bundleFolder(place)}/bundle.yaml`);
  if (!Array.isArray(files)) throw new TypeError('bundle.yaml has no list of files');
  return files.map((item) => {
    const { path, format, mode, owner } = record(item);
    if (format !== 'plain' && format !== 'yaml' && format !== 'binary') {
      throw new TypeError(`format "${String(format)}"`);
    }
    return { path: text(path), format, mode: text(mode), owner: text(owner) };
  });
}

export function bundleFolder({ cluster, node }: NodePlace): string {
  return `deploy/${cluster}/nodes/${node}`;
}

export function record(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new TypeError('not a mapping');
  return value as Record<string, unknown>;
}

export function text(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('not a text');
  return value;
}

export function fromBase64(value: unknown): string {
  return Buffer.from(text(value), 'base64').toString();
}

import type { JsonValue } from '../desired.ts';
import type { CredentialPath, TreePath } from '../names.ts';

export type JsonObject = Readonly<Record<string, JsonValue>>;

/** A rendered file that anyone may read. */
export interface PlainFile {
  readonly format: 'plain';
  readonly path: TreePath;
  readonly content: string;
}

/** A rendered file that anyone may read and that is no text. */
export interface OctetsFile {
  readonly format: 'octets';
  readonly path: TreePath;
  readonly content: Uint8Array;
}

/** A rendered file that holds private material; `document` or `bytes` never reach a disk as they are. */
interface SecretFile {
  readonly path: TreePath;
  readonly recipients: readonly string[];
  /** Credentials whose private keys it holds. */
  readonly uses: readonly CredentialPath[];
  /** Whether its private keys are in it; false for a projection, which is never written. */
  readonly complete: boolean;
  /** `sha256:` over the file with every private key replaced by the hash of its SPKI. */
  readonly projection: string;
}

export interface YamlFile extends SecretFile {
  readonly format: 'yaml';
  readonly document: JsonObject;
  readonly selector: { readonly encrypted_regex: string } | { readonly unencrypted_regex: string };
  /** Paths, from the root, of the values that must come out encrypted. */
  readonly sealed: readonly (readonly string[])[];
}

export interface BinaryFile extends SecretFile {
  readonly format: 'binary';
  readonly content: string;
}

export type PublicFile = PlainFile | OctetsFile;
export type RenderedFile = PublicFile | YamlFile | BinaryFile;

/** A file as it is written: only what is public in the clear, and SOPS documents. */
export interface TreeFile {
  readonly path: TreePath;
  readonly content: string | Uint8Array;
}

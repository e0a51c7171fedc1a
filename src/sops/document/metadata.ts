import { load } from 'js-yaml';
import { rfc3339 } from '../../go-yaml/timestamp.ts';
import { formatError, PROGRAM_HINT } from './error.ts';
import { selectorOf, type FileSelector } from './selector.ts';

export type Format = 'yaml' | 'binary';

/** What a SOPS document says about itself; nothing here is authenticated but `mac` and `lastmodified`. */
export interface Metadata {
  /** Whom the data key is encrypted to: age recipients, with the program's file also other key ids. */
  readonly recipients: readonly string[];
  /** RFC 3339, as it stands in the file. */
  readonly lastmodified: string;
  /** Which values are encrypted; null for binary, which is encrypted whole. */
  readonly selector: FileSelector | null;
  readonly macOnlyEncrypted: boolean;
  readonly mac: string;
  readonly version: string;
}

/** With the age files that hold the data key. */
export interface FullMetadata extends Metadata {
  readonly age: readonly AgeEntry[];
  /** `lastmodified` as Go writes it back: the additional data of the MAC. */
  readonly macData: string;
}

export interface AgeEntry {
  readonly recipient: string;
  readonly enc: string;
}

/** The other kinds of keys (stores.go), each with the field that identifies a key. */
const OTHER_KINDS: Readonly<Record<string, string>> = {
  azure_kv: 'vault_url',
  gcp_kms: 'resource_id',
  hc_vault: 'key_name',
  hckms: 'key_id',
  kms: 'arn',
  pgp: 'fp',
};

interface ReadOptions {
  /** Accept files that only the sops program opens. @default false */
  readonly program?: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads the `sops` block of a document, without an identity.
 * @throws PkiError `ERR_SOPS_FORMAT`
 */
export function readMetadata(text: string, format: Format, options: ReadOptions = {}): Metadata {
  return metadataOf(parse(text, format), format, options);
}

/** As {@link readMetadata}, for a document that is parsed already. */
export function metadataOf(
  document: unknown,
  format: Format,
  options: ReadOptions = {},
): FullMetadata {
  const sops = isFields(document) ? document['sops'] : undefined;
  if (!isFields(sops)) throw formatError('it has no "sops" block: it is not encrypted');
  const age = entries(sops, 'age').map((entry) => ({
    recipient: text(entry, 'recipient', 'sops.age.recipient'),
    enc: text(entry, 'enc', 'sops.age.enc'),
  }));
  const others = otherKeys(sops);
  if (others.kinds.length > 0 && options.program !== true)
    throw formatError(
      `its data key is encrypted by ${others.kinds.join(', ')}, which only the sops program can open`,
      { hint: PROGRAM_HINT },
    );
  const recipients = [...age.map(({ recipient }) => recipient), ...others.ids];
  if (recipients.length === 0) throw formatError('its "sops" block names no recipients');
  const lastmodified = text(sops, 'lastmodified');
  const macData = rfc3339(lastmodified);
  if (macData === undefined) throw formatError('"sops.lastmodified" is not an RFC 3339 time');
  const version = text(sops, 'version');
  if (!/^\d+\.\d+\.\d+/u.test(version)) throw formatError('"sops.version" is not a version');
  return {
    recipients,
    age,
    lastmodified,
    macData,
    selector: format === 'binary' ? null : selectorOf(sops),
    macOnlyEncrypted: format === 'yaml' && flag(sops, 'mac_only_encrypted'),
    mac: text(sops, 'mac'),
    version,
  };
}

export function parse(content: string, format: Format): unknown {
  try {
    return format === 'binary' ? JSON.parse(content) : load(content, { maxAliases: 0 });
  } catch {
    // The parsers' messages quote the text.
    throw formatError(`it is not valid ${format === 'binary' ? 'JSON' : 'YAML'}`);
  }
}

function otherKeys(sops: Fields): { kinds: string[]; ids: string[] } {
  const groups = entries(sops, 'key_groups');
  const holders = groups.length > 0 ? [sops, ...groups] : [sops];
  const found = Object.entries(OTHER_KINDS).flatMap(([kind, id]) =>
    holders.flatMap((holder) => entries(holder, kind).map((entry) => [kind, entry[id]] as const)),
  );
  const grouped = groups.flatMap((group) =>
    entries(group, 'age').map((entry) => entry['recipient']),
  );
  const kinds = [...(groups.length > 0 ? ['key_groups'] : []), ...found.map(([kind]) => kind)];
  return {
    kinds: [...new Set(kinds)],
    ids: [...grouped, ...found.map(([, id]) => id)].map((id) => {
      if (typeof id !== 'string') throw formatError('its "sops" block has a key without a name');
      return id;
    }),
  };
}

function entries(holder: Fields, name: string): readonly Fields[] {
  const list = holder[name];
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list) || !list.every(isFields))
    throw formatError(`"sops.${name}" is not a list of keys`);
  return list;
}

function text(holder: Fields, name: string, path = `sops.${name}`): string {
  const value = holder[name];
  if (value === undefined || value === '') throw formatError(`"${path}" is missing`);
  // YAML parsers that know times read an unquoted lastmodified as one; sops 3.13 refuses it.
  if (typeof value !== 'string') throw formatError(`"${path}" is not a string`);
  return value;
}

function flag(holder: Fields, name: string): boolean {
  const value = holder[name] ?? false;
  if (typeof value !== 'boolean') throw formatError(`"sops.${name}" is not true or false`);
  return value;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

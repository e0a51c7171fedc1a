import { posix, win32 } from 'node:path';
import { PkiError } from '../../errors.ts';
import { AgeIdentity, type Identities } from './identity.ts';
import { splitWords } from './shlex.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What loading identities needs of the world. */
export interface IdentityPorts {
  readonly platform: NodeJS.Platform;
  /** Undefined where there is no such file; rejects where it cannot be read. */
  readFile(path: string): Promise<Uint8Array | undefined>;
  /** Standard output of a program run without a shell; rejects where it fails. */
  run(file: string, args: readonly string[]): Promise<Uint8Array>;
}

/** Text with identities, and where it came from. */
interface Source {
  readonly name: string;
  readonly text: string;
  /** In SOPS_AGE_KEY several may stand in a line; elsewhere a line is one identity, blanks included. */
  readonly words: boolean;
}

/**
 * The age identities that sops would use, from all of its sources together: SOPS_AGE_KEY, SOPS_AGE_KEY_FILE,
 * SOPS_AGE_KEY_CMD and the default file. Stricter than sops in one thing: a malformed source is an error even
 * where another one has identities.
 * @throws PkiError `ERR_IDENTITY`, naming source and line, never the text
 */
export async function loadIdentities(
  environment: Environment,
  ports: IdentityPorts,
): Promise<Identities> {
  const fileName = nonEmpty(environment['SOPS_AGE_KEY_FILE']);
  const file =
    fileName === undefined ? undefined : await readSource('SOPS_AGE_KEY_FILE', fileName, ports);
  const key = environment['SOPS_AGE_KEY'];
  const defaultFile = defaultKeyFile(environment, ports.platform);
  const sources = [
    key === undefined ? undefined : { name: 'SOPS_AGE_KEY', text: key, words: true },
    file,
    await runSource(environment['SOPS_AGE_KEY_CMD'], ports),
    defaultFile === undefined ? undefined : await readSource(undefined, defaultFile, ports),
  ].filter((source) => source !== undefined);

  const list: AgeIdentity[] = [];
  const unusable: string[] = [];
  for (const source of sources) await parseSource(source, list, unusable);
  // As sops: a missing file is no error while another source has identities.
  if (list.length === 0 && fileName !== undefined && file === undefined)
    throw new PkiError(
      'ERR_IDENTITY',
      `the file of SOPS_AGE_KEY_FILE does not exist: "${fileName}"`,
    );
  const distinct = new Map(list.map((identity) => [identity.recipient, identity]));
  return { list: [...distinct.values()], unusable };
}

/** Go's `os.UserConfigDir`, and XDG_CONFIG_HOME on macOS too, as sops has it. */
export function defaultKeyFile(
  environment: Environment,
  platform: NodeJS.Platform,
): string | undefined {
  const tail = ['sops', 'age', 'keys.txt'];
  const path = (folder: string | undefined, ...parts: readonly string[]): string | undefined =>
    folder === undefined ? undefined : posix.join(folder, ...parts, ...tail);
  const home = nonEmpty(environment['HOME']);
  if (platform === 'win32') {
    const folder = nonEmpty(environment['AppData'] ?? environment['APPDATA']);
    return folder === undefined ? undefined : win32.join(folder, ...tail);
  }
  const configured = nonEmpty(environment['XDG_CONFIG_HOME']);
  if (platform === 'darwin')
    return path(configured) ?? path(home, 'Library', 'Application Support');
  // A relative XDG_CONFIG_HOME is an error to Go, and then no source.
  if (configured !== undefined) return posix.isAbsolute(configured) ? path(configured) : undefined;
  return path(home, '.config');
}

async function readSource(
  variable: string | undefined,
  path: string,
  ports: IdentityPorts,
): Promise<Source | undefined> {
  const name = variable === undefined ? `"${path}"` : `${variable} ("${path}")`;
  try {
    const bytes = await ports.readFile(path);
    return bytes && { name, text: textOf(bytes), words: false };
  } catch (cause) {
    throw new PkiError('ERR_IDENTITY', `cannot read the identities in ${name}`, { cause });
  }
}

async function runSource(
  command: string | undefined,
  ports: IdentityPorts,
): Promise<Source | undefined> {
  if (command === undefined) return undefined;
  const [file, ...args] = splitWords(command) ?? [];
  if (file === undefined)
    throw new PkiError('ERR_IDENTITY', 'SOPS_AGE_KEY_CMD is not a command', {
      hint: 'close its quotes; it is run without a shell',
    });
  try {
    const bytes = await ports.run(file, args);
    return { name: 'SOPS_AGE_KEY_CMD', text: textOf(bytes), words: false };
  } catch {
    // No cause: it would carry what the program wrote.
    throw new PkiError('ERR_IDENTITY', `the program of SOPS_AGE_KEY_CMD failed: "${file}"`, {
      hint: 'run it by hand to see why',
    });
  }
}

/** The text is kept for parsing only; the octets it was read from are wiped. */
function textOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
  bytes.fill(0);
  return text;
}

async function parseSource(source: Source, list: AgeIdentity[], unusable: string[]): Promise<void> {
  const { name, text, words } = source;
  if (/^(?:age-encryption|-----BEGIN AGE)/u.test(text)) {
    unusable.push(`${name} (encrypted with a passphrase)`);
    return;
  }
  for (const [index, line] of text.split(/\r?\n/u).entries()) {
    if (line === '' || line.startsWith('#')) continue;
    for (const word of words ? line.split(/\s+/u).filter((part) => part !== '') : [line]) {
      if (word.startsWith('AGE-PLUGIN-')) {
        unusable.push(`${name}, line ${index + 1} (age plugin)`);
        continue;
      }
      const identity = await AgeIdentity.parse(word);
      if (identity === undefined) throw notIdentity(name, index + 1, word);
      list.push(identity);
    }
  }
}

function notIdentity(name: string, line: number, text: string): PkiError {
  const blanks = /^\s|\s$/u.test(text);
  return new PkiError('ERR_IDENTITY', `line ${line} of ${name} is not an age identity`, {
    hint: blanks
      ? 'remove the blanks at its beginning or end: sops does not accept them either'
      : 'a line is an identity (AGE-SECRET-KEY-1…), a comment (#) or empty',
  });
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

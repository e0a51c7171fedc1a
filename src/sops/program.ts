import { devNull } from 'node:os';
import { execa, ExecaError } from 'execa';
import { PkiError, type ErrorCode } from '../errors.ts';
import { storedName } from '../model/recipients.ts';
import type { Environment } from './age/sources.ts';
import type { Cipher } from './cipher.ts';
import { checkRecipients, type DecryptOptions } from './decrypt.ts';
import { metadataOf, parse, readMetadata, type Format } from './document/metadata.ts';
import { fileSelector } from './document/selector.ts';
import type { JsonObject } from './encrypt.ts';
import { emitYaml } from '../go-yaml/emit.ts';
import { parseYaml, toJson } from './document/parse.ts';

export interface ProgramOptions {
  /** @default 'sops' */
  readonly program?: string;
  /** What the program may see of it is in {@link ALLOWED}. */
  readonly environment: Environment;
}

/**
 * Where the program finds keys, services and agents. Not SOPS_AGE_RECIPIENTS, SOPS_KMS_ARN and the like, which
 * add recipients, and not SOPS_CONFIG.
 */
const ALLOWED =
  /^(?:PATH|HOME|USERPROFILE|APPDATA|LOCALAPPDATA|SYSTEMROOT|TMPDIR|TEMP|TMP|LANG|LC_ALL|TERM|XDG_CONFIG_HOME|XDG_RUNTIME_DIR|GNUPGHOME|GPG_TTY|SSH_AUTH_SOCK|SOPS_AGE_(?:KEY(?:_FILE|_CMD)?|SSH_PRIVATE_KEY_(?:FILE|CMD))|SOPS_(?:GPG_EXEC|DECRYPTION_ORDER|KEYSERVICE|ENABLE_LOCAL_KEYSERVICE)|(?:AWS|AZURE|GOOGLE|CLOUDSDK|VAULT|HUAWEICLOUD)_\w+|(?:HTTPS?|NO|ALL)_PROXY)$/iu;

/** What decrypts only: encryption does without. */
const IDENTITY = /^SOPS_AGE_(?:KEY|SSH)/iu;

/** Whom the program can encrypt to, by the form of the recipient, with its flag. */
const KINDS: readonly { readonly form: RegExp; readonly flag: string }[] = [
  { form: /^(?:age1|ssh-)[^,]+$/u, flag: '--age' },
  { form: /^arn:aws[\w-]*:kms:[^,]+$/u, flag: '--kms' },
  { form: /^projects\/[^,]+\/cryptoKeys\/[^,]+$/u, flag: '--gcp-kms' },
  { form: /^https:\/\/[^,]+\.vault\.[^,/]+\/keys\/[^,]+$/u, flag: '--azure-kv' },
  { form: /^https?:\/\/[^,]+\/v1\/[^,]+\/keys\/[^,]+$/u, flag: '--hc-vault-transit' },
  { form: /^[0-9A-Fa-f]{40}(?:[0-9A-Fa-f]{24})?$/u, flag: '--pgp' },
  { form: /^[\w-]+:[0-9a-f-]{36}$/u, flag: '--hckms' },
];

/** Exit status of sops (cmd/sops/codes) to a code and what it means here. */
const FAILURES: Readonly<Record<number, { readonly code: ErrorCode; readonly means: string }>> = {
  21: { code: 'ERR_ENCRYPT', means: 'it could not encrypt the MAC' },
  23: { code: 'ERR_ENCRYPT', means: 'it could not encrypt a value' },
  24: { code: 'ERR_MAC', means: 'it could not decrypt the MAC' },
  25: { code: 'ERR_DECRYPT', means: 'a value does not decrypt: it or its key was changed' },
  51: { code: 'ERR_MAC', means: 'the MAC does not match the values' },
  52: { code: 'ERR_MAC', means: 'there is no MAC' },
  111: { code: 'ERR_RECIPIENT', means: 'it was given no recipient' },
  128: { code: 'ERR_DECRYPT', means: 'no identity or key service opens the data key' },
  203: { code: 'ERR_ENCRYPT', means: 'the document is encrypted already' },
};

/** The file name stands for the format; no such file is read. */
const NAMES: Readonly<Record<Format, string>> = { yaml: 'document.yaml', binary: 'document.bin' };

/**
 * The cipher of `encryption: 'sops'`: the sops program for every document. What is in the clear goes through
 * standard input and output only; time and randomness are the program's own.
 */
export function programCipher(options: ProgramOptions): Cipher {
  const sops = (args: readonly string[], format: Format, input: Uint8Array): Promise<Uint8Array> =>
    run(options, ['--config', devNull, ...args, '--filename-override', NAMES[format]], input);

  async function encrypt(
    input: Uint8Array,
    format: Format,
    recipients: readonly string[],
    flags: readonly string[] = [],
  ): Promise<string> {
    const args = ['encrypt', ...recipientFlags(recipients), ...flags];
    const text = Buffer.from(await sops(args, format, input)).toString();
    checkRecipients(readMetadata(text, format, { program: true }), recipients.map(storedName));
    return text;
  }

  async function decrypt(
    text: string,
    format: Format,
    { recipients }: DecryptOptions,
  ): Promise<Uint8Array> {
    const metadata = metadataOf(parse(text, format), format, { program: true });
    checkRecipients(metadata, recipients && Array.from(recipients, storedName));
    return sops(['decrypt'], format, Buffer.from(text));
  }

  return {
    encryptYaml(document, { selector, recipients }) {
      const { name, pattern } = fileSelector(selector);
      const flags = [`--${name.replace('_', '-')}`, pattern];
      const input = Buffer.from(emitYaml(document));
      return encrypt(input, 'yaml', recipients, flags).finally(() => input.fill(0));
    },
    encryptBinary: (content, { recipients }) => encrypt(content, 'binary', recipients),
    async decryptYaml(text, decryptOptions = {}) {
      const output = await decrypt(text, 'yaml', decryptOptions);
      try {
        return toJson(
          parseYaml(Buffer.from(output.buffer, output.byteOffset, output.length).toString()),
        ) as JsonObject;
      } finally {
        output.fill(0);
      }
    },
    decryptBinary: (text, decryptOptions = {}) => decrypt(text, 'binary', decryptOptions),
  };
}

function recipientFlags(recipients: readonly string[]): string[] {
  const byFlag = new Map<string, string[]>();
  for (const text of recipients) {
    const recipient = text.trim();
    const kind = KINDS.find(({ form }) => form.test(recipient));
    if (kind === undefined)
      throw new PkiError('ERR_RECIPIENT', `"${recipient.slice(0, 24)}" is not a recipient of sops`);
    byFlag.set(kind.flag, [...(byFlag.get(kind.flag) ?? []), recipient]);
  }
  if (byFlag.size === 0) throw new PkiError('ERR_RECIPIENT', 'there is no recipient to encrypt to');
  return [...byFlag].flatMap(([flag, list]) => [flag, list.join(',')]);
}

async function run(
  { program = 'sops', environment }: ProgramOptions,
  args: readonly string[],
  input: Uint8Array,
): Promise<Uint8Array> {
  const isAllowed = (name: string): boolean =>
    ALLOWED.test(name) && !(args.includes('encrypt') && IDENTITY.test(name));
  const env = Object.fromEntries(Object.entries(environment).filter(([name]) => isAllowed(name)));
  try {
    const { stdout } = await execa(program, args, {
      input,
      env: { ...env, SOPS_DISABLE_VERSION_CHECK: 'true' },
      extendEnv: false,
      encoding: 'buffer',
      stripFinalNewline: false,
    });
    return stdout;
  } catch (error) {
    throw failure(program, error);
  }
}

/** Only the exit status is told: the program's messages may quote the value they are about. */
function failure(program: string, error: unknown): PkiError {
  if (!(error instanceof ExecaError)) throw error;
  if (error.code === 'ENOENT')
    return new PkiError('ERR_SOPS', `the program "${program}" is not installed`, {
      hint: "install sops, or remove encryption: 'sops'",
    });
  const { exitCode } = error;
  if (exitCode === undefined)
    return new PkiError('ERR_SOPS', `${program} was ended by ${error.signal ?? 'a fault'}`);
  const known = FAILURES[exitCode];
  return new PkiError(
    known?.code ?? 'ERR_SOPS',
    `${program} failed with exit status ${exitCode}: ${known?.means ?? 'not one of a known meaning'}`,
    { hint: 'run "sops decrypt" on the file by hand to see its message' },
  );
}

import { createCipheriv, createHmac, type KeyObject } from 'node:crypto';
import type { Stanza } from 'age-encryption';
import type { RandomBytes } from '../../model/ports.ts';
import { withDerivedKey } from './secret-key.ts';

const FILE_KEY_SIZE = 16;
const PAYLOAD_NONCE_SIZE = 16;
const TAG_SIZE = 16;
const NO_SALT = new Uint8Array(0);
/** Of the first chunk of a payload that is also the last: its number in eleven octets, then one. */
const ONLY_CHUNK = Buffer.from('000000000000000000000001', 'hex');
/** The most that one chunk holds. */
const CHUNK_SIZE = 64 * 1024;
const COLUMNS = 64;

/**
 * An armored age file with one stanza (age-encryption.org/v1). The library's own encrypter moves its octets through half a dozen
 * web streams, which takes longer than all of the cryptography, and a cluster has thirty such files of 32 octets.
 *
 * @param randomBytes for file key and nonce; the file key is wiped
 * @param wrap puts the file key into the stanza of a recipient
 * @throws RangeError on content of more than one chunk
 */
export function encryptToAge(
  content: Uint8Array,
  randomBytes: RandomBytes,
  wrap: (fileKey: Uint8Array) => Pick<Stanza, 'args' | 'body'>,
): string {
  if (content.length > CHUNK_SIZE) throw new RangeError('content of more than one chunk');
  const fileKey = randomBytes(FILE_KEY_SIZE);
  try {
    const { args, body } = wrap(fileKey);
    const header = `age-encryption.org/v1\n-> ${args.join(' ')}\n${lines(unpadded(body))}\n---`;
    const mac = withDerivedKey(fileKey, NO_SALT, 'header', (key) =>
      createHmac('sha256', key).update(header).digest(),
    );
    const nonce = randomBytes(PAYLOAD_NONCE_SIZE);
    const payload = withDerivedKey(fileKey, nonce, 'payload', (key) => seal(key, content));
    return armored(Buffer.concat([Buffer.from(`${header} ${unpadded(mac)}\n`), nonce, payload]));
  } finally {
    fileKey.fill(0);
  }
}

function seal(key: Uint8Array | KeyObject, content: Uint8Array): Buffer {
  const cipher = createCipheriv('chacha20-poly1305', key, ONLY_CHUNK, { authTagLength: TAG_SIZE });
  return Buffer.concat([cipher.update(content), cipher.final(), cipher.getAuthTag()]);
}

/** The strict armor of age: RFC 7468 with 64 columns. */
function armored(file: Buffer): string {
  const body = lines(file.toString('base64')).replace(/\n$/u, '');
  return `-----BEGIN AGE ENCRYPTED FILE-----\n${body}\n-----END AGE ENCRYPTED FILE-----\n`;
}

/** In columns; text that fills its last line is followed by an empty one, as the body of a stanza must be. */
function lines(text: string): string {
  let wrapped = '';
  let at = 0;
  for (; text.length - at >= COLUMNS; at += COLUMNS) wrapped += `${text.slice(at, at + COLUMNS)}\n`;
  return wrapped + text.slice(at);
}

function unpadded(octets: Uint8Array): string {
  return Buffer.from(octets).toString('base64').replace(/=+$/u, '');
}

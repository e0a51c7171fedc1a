import { NO_IDENTITIES, type Identities } from './age/identity.ts';
import { decryptBinary, decryptYaml, type DecryptOptions } from './decrypt.ts';
import {
  encryptBinary,
  encryptYaml,
  type EncryptOptions,
  type EncryptYamlOptions,
  type JsonObject,
} from './encrypt.ts';

/** Encrypts and decrypts SOPS documents, in process or by the sops program. */
export interface Cipher {
  encryptYaml(document: JsonObject, options: EncryptYamlOptions): Promise<string>;
  encryptBinary(content: Uint8Array, options: EncryptOptions): Promise<string>;
  decryptYaml(text: string, options?: DecryptOptions): Promise<JsonObject>;
  decryptBinary(text: string, options?: DecryptOptions): Promise<Uint8Array>;
}

/** The cipher that needs no program: age X25519 and post-quantum recipients. */
export function nativeCipher(identities: Identities = NO_IDENTITIES): Cipher {
  return {
    encryptYaml,
    encryptBinary,
    decryptYaml: (text, options) => decryptYaml(text, identities, options),
    decryptBinary: (text, options) => decryptBinary(text, identities, options),
  };
}

import type { RenderedFile, TreeFile, YamlFile } from '../model/made/tree.ts';
import type { RandomBytes } from '../model/ports.ts';
import type { Cipher } from '../sops/cipher.ts';
import { refusePlaintext } from './plaintext.ts';

export interface EncryptPorts {
  readonly now: Date;
  readonly randomBytes: RandomBytes;
}

/**
 * Encrypts what is to be encrypted, each file with a data key of its own, to exactly its recipients.
 *
 * @throws PkiError `ERR_ENCRYPT` where a private value would stand in the result as it is: a second look, independent of selectors.
 */
export async function encryptFile(
  file: RenderedFile,
  cipher: Cipher,
  ports: EncryptPorts,
): Promise<TreeFile> {
  const { path } = file;
  if (file.format === 'octets') {
    refusePlaintext(path, Buffer.from(file.content).toString('latin1'), []);
    return { path, content: file.content };
  }
  if (file.format === 'plain') {
    refusePlaintext(path, file.content, []);
    return { path, content: file.content };
  }
  if (!file.complete) throw new TypeError(`"${path}" is a projection and cannot be written`);
  const { recipients } = file;
  if (file.format === 'binary') {
    const bytes = Buffer.from(file.content);
    try {
      const content = await cipher.encryptBinary(bytes, { recipients, ...ports });
      refusePlaintext(path, content, [file.content]);
      return { path, content };
    } finally {
      bytes.fill(0);
    }
  }
  const content = await cipher.encryptYaml(file.document, {
    selector: file.selector,
    recipients,
    ...ports,
  });
  refusePlaintext(path, content, sealedValues(file));
  return { path, content };
}

function sealedValues({ document, sealed }: YamlFile): string[] {
  return sealed.map((path) => {
    let place: unknown = document;
    for (const key of path) {
      place = typeof place === 'object' && place !== null ? (place as never)[key] : undefined;
    }
    if (typeof place !== 'string') throw new TypeError('a value to be encrypted is not there');
    return place;
  });
}

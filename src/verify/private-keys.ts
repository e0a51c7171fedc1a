import { PkiError } from '../errors.ts';
import type { JsonObject } from '../model/made/tree.ts';
import type { CredentialPath, TreePath } from '../model/names.ts';
import type { TreeReader } from '../model/ports.ts';
import { blockPem, embeddedBlocks } from '../review/read/embedded.ts';
import { openSide, type Side } from '../review/read/side.ts';
import type { Cipher } from '../sops/cipher.ts';
import { readCertificate } from '../x509/read/certificate.ts';
import { readPrivateKey, readPublicKey, spkiHash } from '../x509/read/key.ts';
import { finding, findingOfError, type Finding } from './finding.ts';
import type { Stores } from './tree/store.ts';

/** What an identity lets be seen. */
export interface OpenedKeys {
  readonly findings: readonly Finding[];
  readonly opened: number;
  /** Encrypted to others. */
  readonly closed: number;
}

const PRIVATE_KEY =
  /-----BEGIN (?:RSA |EC )?PRIVATE KEY-----[^-]+-----END (?:RSA |EC )?PRIVATE KEY-----/gu;
/** `-----BEGIN `, in base64. */
const ENCODED = /LS0tLS1CRUdJTi[A-Za-z0-9+/]+={0,2}/gu;

/**
 * Opens every encrypted document and output, which checks its MAC, and compares each private key with the certificate beside it.
 *
 * @param outputs files that the program made.
 */
export async function verifyPrivateKeys(
  { reader, tree }: { readonly reader: TreeReader; readonly tree: string },
  { keysets, leaves }: Stores,
  outputs: Iterable<TreePath>,
  cipher: Cipher,
): Promise<OpenedKeys> {
  const findings: Finding[] = [];
  // what cannot be read, such as a link, is told where the tree is looked at
  const side = openSide(reader);
  let [opened, closed] = [0, 0];
  const open = async <T>(
    file: TreePath,
    credential: CredentialPath | null,
    decrypt: (text: string) => Promise<T>,
  ): Promise<T | undefined> => {
    try {
      const content = await decrypt(side.text(file) ?? '');
      opened += 1;
      return content;
    } catch (error) {
      if (!(error instanceof PkiError)) throw error;
      if (error.code === 'ERR_DECRYPT' && error.message.startsWith('no identity matches')) {
        closed += 1;
        return undefined;
      }
      const { code, message, hints } = error;
      const named = new PkiError(code, `cannot decrypt "${file}": ${message}`, { hint: hints });
      findings.push(findingOfError(named, { cluster: clusterIn(tree, file), credential, file }));
      return undefined;
    }
  };
  const documents = [
    ...[...keysets].flatMap(([path, { entries }]) => entries.map((entry) => ({ path, ...entry }))),
    ...leaves.values(),
  ];
  const known = new Set(documents.map(({ spki }) => spki));
  for (const { path, file, spki } of documents) {
    const document = await open(file, path, (text) => cipher.decryptYaml(text));
    if (document === undefined || spkiOf(document['privateKey']) === spki) continue;
    const text = `the private key of ${path} is not that of its certificate`;
    findings.push(
      finding('PrivateKeyMismatch', text, {
        cluster: clusterIn(tree, file),
        credential: path,
        file,
      }),
    );
  }
  for (const file of outputs) {
    const encrypted = side.text(file) ?? '';
    if (!encrypted.includes('ENC[AES256_GCM,')) continue;
    const isBinary = encrypted.startsWith('{');
    const content = await open(file, null, (text) => decrypted(text, isBinary, cipher));
    if (content === undefined) continue;
    const beside = isBinary ? siblings(side, file) : content;
    const publics = new Set(publicSpkis(beside));
    for (const spki of privateSpkis(content)) {
      if (known.has(spki) && (publics.size === 0 || publics.has(spki))) continue;
      const whose = known.has(spki) ? 'the certificate beside it' : 'any credential of the store';
      const text = `${file} holds a private key that is not that of ${whose}`;
      findings.push(finding('PrivateKeyMismatch', text, { cluster: clusterIn(tree, file), file }));
    }
  }
  return { findings, opened, closed };
}

/** The folder below the tree's: every file here is below `tree`. */
const clusterIn = (tree: string, file: TreePath): string =>
  file.slice(tree.length + 1).split('/')[0] ?? '';

async function decrypted(text: string, isBinary: boolean, cipher: Cipher): Promise<string> {
  if (!isBinary) return textOf(await cipher.decryptYaml(text));
  return Buffer.from(await cipher.decryptBinary(text)).toString('utf8');
}

const textOf = (document: JsonObject): string => JSON.stringify(document);

/** What says whose a key file of a node is: `apiserver.crt` beside `apiserver.key`, `sa.pub` beside `sa.key`. */
function siblings(side: Side, file: TreePath): string {
  const stem = file.replace(/\.key$/u, '');
  const names = stem.endsWith('/pki/ca')
    ? [`${stem.slice(0, -2)}cluster-signing-ca.crt`, `${stem}.crt`]
    : [`${stem}.crt`, `${stem}.pub`];
  return names.map((name) => side.text(name as TreePath) ?? '').join('\n');
}

function privateSpkis(text: string): string[] {
  const plain = text.replaceAll(String.raw`\n`, '\n');
  const own = [...plain.matchAll(PRIVATE_KEY)].map(([pem]) => spkiOf(`${pem}\n`) ?? 'unreadable');
  const encoded = [...text.matchAll(ENCODED)].flatMap(([token]) => {
    const inner = Buffer.from(token, 'base64').toString('latin1');
    return inner.startsWith('-----BEGIN ') ? privateSpkis(inner) : [];
  });
  return [...own, ...encoded];
}

function publicSpkis(text: string): string[] {
  return embeddedBlocks(text).flatMap((block) => {
    try {
      const pem = blockPem(block);
      return block.label === 'CERTIFICATE'
        ? [readCertificate(pem).spki]
        : [spkiHash(readPublicKey(pem))];
    } catch (error) {
      if (error instanceof PkiError) return [];
      throw error;
    }
  });
}

function spkiOf(pem: unknown): string | undefined {
  try {
    return typeof pem === 'string' ? spkiHash(readPrivateKey(pem)) : undefined;
  } catch (error) {
    if (error instanceof PkiError) return undefined;
    throw error;
  }
}

import { load } from 'js-yaml';
import { areRecipients } from '../../model/recipients.ts';
import { treePath, type TreePath } from '../../model/names.ts';
import { observeProjections } from '../../observe/output.ts';
import { sopsRecipients } from '../../observe/recipients.ts';
import { flag } from '../flags.ts';
import { embeddedBlocks } from '../read/embedded.ts';
import { problemText, type Side } from '../read/side.ts';
import type { Flag } from '../report.ts';

/**
 * Encrypted files whose ciphertext differs while nothing else does: whoever has keys writes one again only when its certificate, its
 * public key or its recipients change, and whoever has none can put a key of their own there, encrypted to the same recipients.
 */
export function ciphertextFlags(
  base: Side,
  head: Side,
  cluster: TreePath,
  name: string,
  files: readonly TreePath[],
): Flag[] {
  return files
    .filter((file) => isSameInClear(base, head, cluster, file))
    .map((file) => {
      const text = `${file} is encrypted anew, and what is known of its key and its readers is as before: only who opens it can tell which key it holds`;
      return flag('EncryptedAnew', text, { cluster: name, file });
    });
}

function isSameInClear(base: Side, head: Side, cluster: TreePath, file: TreePath): boolean {
  const [before, after] = [base.text(file), head.text(file)];
  if (before?.includes(SEALED) !== true || after?.includes(SEALED) !== true) return false;
  // most that differs has another certificate: the rest is worth parsing
  if (bodiesOf(before) !== bodiesOf(after)) return false;
  const isBinary = before.startsWith('{');
  const [was, is] = [inClear(before, isBinary), inClear(after, isBinary)];
  if (was === undefined || is === undefined) return false;
  if (!areRecipients(was.recipients, is.recipients)) return false;
  // of a binary file sops writes out the data, whatever stands beside it
  if (!isBinary) return was.document === is.document;
  const [known, now] = [base, head].map((side) => projectionOf(side, cluster, file));
  return known !== undefined && known === now;
}

const SEALED = 'ENC[AES256_GCM,';

/** Without comments, where a certificate would be one that nobody uses. */
const bodiesOf = (text: string): string =>
  embeddedBlocks(text.replaceAll(/#.*$/gmu, ''))
    .map(({ body }) => body)
    .join();

interface InClear {
  /** What can be read, in one form. */
  readonly document: string;
  readonly recipients: readonly string[];
}

/** Undefined for what is no encrypted document. */
function inClear(text: string, isBinary: boolean): InClear | undefined {
  try {
    const document: unknown = isBinary ? JSON.parse(text) : load(text, { maxAliases: 0 });
    if (typeof document !== 'object' || document === null || !('sops' in document))
      return undefined;
    const { sops, ...rest } = document;
    const recipients = sopsRecipients({ sops }, isBinary ? 'binary' : 'yaml');
    return recipients && { document: JSON.stringify(rest, withoutSecrets), recipients };
  } catch {
    return undefined; // damaged, which is told elsewhere
  }
}

/** Encrypted values as one word, and keys in order. */
function withoutSecrets(_: string, value: unknown): unknown {
  if (typeof value === 'string') return value.startsWith(SEALED) ? SEALED : value;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What `bundle.yaml` says of a node's file. */
function projectionOf(side: Side, cluster: TreePath, file: TreePath): string | undefined {
  const [kind = '', node = ''] = file.slice(cluster.length + 1).split('/');
  try {
    return observeProjections(side, treePath(cluster, kind, node)).get(file);
  } catch (error) {
    problemText(error); // throws what is a bug
    return undefined;
  }
}

import { load } from 'js-yaml';
import { treePath, type TreePath } from '../../model/names.ts';
import { sopsRecipients } from '../../observe/recipients.ts';
import { flag } from '../flags.ts';
import type { Side } from '../read/side.ts';
import type { Flag } from '../report.ts';
import { clippedList } from './leaf-flags.ts';

/** Of so many files of the base a role's recipients are taken, where a file is new. */
const MOST_SIBLINGS = 20;

/** Who can open files that could not before: by cluster and recipient, with what they can open. */
export function recipientFlags(
  base: Side,
  head: Side,
  cluster: TreePath,
  name: string,
  files: readonly TreePath[],
  fleet: ReadonlySet<string>,
): Flag[] {
  const opened = new Map<string, TreePath[]>();
  for (const file of files) {
    const after = recipientsOf(head, file);
    if (after.length === 0) continue;
    const known = knownRecipients(base, cluster, file, fleet);
    for (const recipient of new Set(after)) {
      if (!known.has(recipient)) opened.set(recipient, [...(opened.get(recipient) ?? []), file]);
    }
  }
  return [...opened].map(([recipient, added]) => {
    const roles = [...new Set(added.map((file) => roleOf(cluster, file)))].sort();
    const count = added.length === 1 ? 'a file' : `${added.length} files`;
    const message = `${recipient} can open ${count} of ${name}: ${clippedList(roles)}`;
    const [file = null] = added.toSorted((a, b) => rank(cluster, a) - rank(cluster, b));
    return flag('RecipientAdded', message, { cluster: name, file });
  });
}

/** Those of the file itself in the base; for a new file those of its role, for a new cluster those of the fleet. */
function knownRecipients(
  base: Side,
  cluster: TreePath,
  file: TreePath,
  fleet: ReadonlySet<string>,
): ReadonlySet<string> {
  const own = recipientsOf(base, file);
  if (own.length > 0) return new Set(own);
  const siblings = base.files(treePath(cluster, roleOf(cluster, file)));
  const found: string[][] = [];
  for (const sibling of siblings) {
    const recipients = recipientsOf(base, sibling);
    if (recipients.length > 0) found.push(recipients);
    if (found.length >= MOST_SIBLINGS) break;
  }
  return found.length > 0 ? new Set(found.flat()) : fleet;
}

/** The store holds everything. */
const rank = (cluster: TreePath, file: TreePath): number =>
  roleOf(cluster, file) === 'pki' ? 0 : 1;

/** `pki`, `manifests`, `nodes/cp-1`: files that the same recipients open. */
function roleOf(cluster: TreePath, file: TreePath): string {
  const [first = '', second = ''] = file.slice(cluster.length + 1).split('/');
  return first === 'nodes' ? `${first}/${second}` : first;
}

function recipientsOf(side: Side, file: TreePath): string[] {
  const content = side.text(file) ?? '';
  if (!content.includes('sops')) return [];
  if (content.startsWith('{')) return recipientsIn('binary', () => JSON.parse(content)) ?? [];
  // the block stands at the end: what is before it need not be parsed
  const at = content.lastIndexOf('\nsops:');
  const found = at === -1 ? undefined : recipientsIn('yaml', () => load(content.slice(at)));
  return found ?? recipientsIn('yaml', () => load(content)) ?? [];
}

function recipientsIn(format: 'yaml' | 'binary', parse: () => unknown): string[] | undefined {
  try {
    const recipients = sopsRecipients(parse(), format);
    return recipients === undefined ? undefined : [...recipients];
  } catch {
    return undefined;
  }
}

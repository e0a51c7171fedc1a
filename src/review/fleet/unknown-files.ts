import { treePath, type TreePath } from '../../model/names.ts';
import { layout, REVOCATIONS } from '../../model/store/layout.ts';
import { observeMade } from '../../observe/output.ts';
import { flag } from '../flags.ts';
import { problemText, type Side } from '../read/side.ts';
import type { Flag } from '../report.ts';

export interface Looked {
  /** The tree's folder. */
  readonly tree: string;
  /** Those that are looked at; what is not below the tree is passed over. */
  readonly files: readonly TreePath[];
  /** Symbolic links in the tree. */
  readonly links: readonly TreePath[];
}

/**
 * Files of the tree that no inventory lists and that are not of the store. The tree is for programs that apply what is there, whoever
 * put it there; words beside generated files are a user's own. An inventory is believed: what the declaration says of it is for
 * `verify`, whose plan deletes what is listed and not declared.
 */
export function unknownFiles(side: Side, { tree, files, links }: Looked): Flag[] {
  const made = new Map<string, ReadonlySet<string>>();
  const isMade = (cluster: string, file: TreePath): boolean => {
    const known = made.get(cluster) ?? new Set(madeIn(side, layout.cluster(tree, cluster)));
    made.set(cluster, known);
    return known.has(file) || file === layout.inventory(tree, cluster);
  };
  const linksOf = new Set(links);
  const isPresent = presence(side);
  const found = files.flatMap((file): Flag[] => {
    if (linksOf.has(file)) return [];
    if (!file.startsWith(`${tree}/`) || file === layout.ledger(tree)) return [];
    const [cluster = '', ...rest] = file.slice(tree.length + 1).split('/');
    const isObeyed = OBEYED.test(file);
    if (!isObeyed && (isStored(file, rest, isPresent) || isMade(cluster, file))) return [];
    if (!isPresent(file)) return [];
    const place = { cluster: rest.length === 0 ? null : cluster, file };
    const text = `${file} is in no inventory: cdk8s-pki did not make it`;
    if (isObeyed || !isWords(cluster, rest))
      return [flag('UnknownFile', `${text}, and ${whoUses(file, rest)}`, place)];
    return [flag('UserFile', text, place)];
  });
  const linked = links.map((file) => {
    const text = `${file} is a symbolic link: what it leads to changes unseen`;
    return flag('UnknownFile', text, { file });
  });
  return [...found, ...linked];
}

const KEYSET = 'keyset.yaml';

/** In whatever folder it is. */
const OBEYED = /\/\.(?:sops\.ya?ml|git(?:attributes|ignore|modules))$/u;

function madeIn(side: Side, folder: TreePath): readonly string[] {
  try {
    return observeMade(side, folder);
  } catch (error) {
    problemText(error); // throws what is a bug
    return [];
  }
}

/**
 * `pki/web.sops.yaml`, `pki/cp-1/apiserver.sops.yaml`, `pki/ca/keyset.yaml`: each is read, and checked, as a document of the store. What
 * an authority revoked is read with its keyset alone.
 */
function isStored(
  file: TreePath,
  [store, ...rest]: readonly string[],
  isPresent: (file: TreePath) => boolean,
): boolean {
  const name = rest.at(-1) ?? '';
  if (store !== 'pki' || rest.length > 2) return false;
  if (name.endsWith('.sops.yaml')) return true;
  if (rest.length < 2) return false;
  const keyset = treePath(file.slice(0, -name.length - 1), KEYSET);
  return name === KEYSET || (name === REVOCATIONS && isPresent(keyset));
}

/** Words beside generated files, which no program applies and which do not pass for a generated page. */
function isWords(top: string, rest: readonly string[]): boolean {
  const name = rest.at(-1) ?? top;
  const isBeside = rest.length <= 1 || (rest.length === 2 && rest[0] === 'pki');
  return isBeside && /\.(?:md|txt)$/iu.test(name) && !/^(?:rotation|inventory)\./iu.test(name);
}

function whoUses(file: TreePath, [kind, ...rest]: readonly string[]): string {
  if (file.endsWith('.md') && rest.length === 0) return 'people take it for generated';
  if (/\/\.sops\.ya?ml$/u.test(file)) return 'sops obeys it in that folder';
  if (OBEYED.test(file)) return 'git obeys it in that folder';
  if (kind === 'nodes') return 'a node gets it, where the kubelet starts what is in manifests/';
  if (kind === 'kubeconfigs') return 'people use what is there';
  return 'whatever applies that folder applies it';
}

/** Lists each folder once: somebody may have put ten thousand files into one. */
function presence(side: Side): (file: TreePath) => boolean {
  const listed = new Map<string, ReadonlySet<string>>();
  return (file) => {
    const at = file.lastIndexOf('/');
    const folder = file.slice(0, at);
    const names = listed.get(folder) ?? new Set(side.list(treePath(folder)));
    listed.set(folder, names);
    return names.has(file.slice(at + 1));
  };
}

import { treePath, type TreePath } from '../../model/names.ts';
import type { TreeReader } from '../../model/ports.ts';
import { clusterOfFile, layout, REVOCATIONS } from '../../model/store/layout.ts';
import { unmarkedLines } from '../../model/store/marked.ts';
import { observeMade } from '../../observe/output.ts';
import type { ProposedFile } from '../../propose/git/objects.ts';
import type { ReadFiles } from '../../propose/renewal.ts';
import { ledgerFlags } from '../../review/fleet/ledger.ts';
import { ruleFlags } from '../../review/fleet/sops-rules.ts';
import { unknownFiles } from '../../review/fleet/unknown-files.ts';
import { openSide, type Side } from '../../review/read/side.ts';
import type { Sink } from '../pipeline/total.ts';

/** Fleet-level files beside the tree that the program writes. */
const BESIDE = new Set(['.sops.yaml', '.gitattributes']);

/** What a declaration could load: never taken from a branch. */
const CODE = /(?:^|\/)node_modules\/|(?:^|\/)package\.json$|\.(?:[cm]?[jt]sx?|node|wasm)$/iu;

/**
 * What a run writes, as files of the repository.
 *
 * @param prefix folder of the working directory in the repository, with a slash at its end, or nothing.
 */
export async function collectFiles(
  prefix: string,
  run: (sink: Sink) => Promise<unknown>,
): Promise<readonly ProposedFile[]> {
  const files = new Map<string, ProposedFile>();
  const put = (path: string, content: ProposedFile['content']): void => {
    files.set(path, { path: prefix + path, content });
  };
  await run({
    stage: ({ path, content }) => {
      put(path, content);
    },
    remove: (path) => {
      put(path, null);
    },
  });
  return [...files.values()];
}

/** Whether a file of the repository is one that the program writes, and no code. */
export function isGenerated(prefix: string, tree: string, path: string): boolean {
  const own = ownPath(prefix, path);
  if (own === null || CODE.test(path)) return false;
  return BESIDE.has(own) || own.startsWith(`${tree}/`);
}

/**
 * Whether each change of a branch is one that the program makes. An inventory lists it, on either side, or it is a document of the store;
 * of the files beside the tree a user's own lines stay, and the ledger loses none and gets none of an authority that is not there.
 */
export async function isMade(
  prefix: string,
  tree: string,
  paths: readonly string[],
  was: ReadFiles,
  is: ReadFiles,
): Promise<boolean> {
  const files = paths.map((path) => treePath(path.slice(prefix.length)));
  const clusters = new Set(files.flatMap((file) => clusterOfFile(tree, file) ?? []));
  const inventories = [...clusters].map((cluster) => layout.inventory(tree, cluster));
  const keysets = files
    .filter((file) => file.endsWith(`/${REVOCATIONS}`))
    .map((file) => treePath(`${file.slice(0, -REVOCATIONS.length)}keyset.yaml`));
  const needed = [...new Set([...files, ...inventories, ...keysets])];
  const sideOf = async (read: ReadFiles): Promise<Side> => {
    const contents = await read(needed.map((file) => prefix + file));
    return openSide(readerOf(needed, (file) => contents.get(prefix + file)));
  };
  const [base, head] = [await sideOf(was), await sideOf(is)];
  const made = new Set(
    [base, head].flatMap((side) =>
      [...clusters].flatMap((cluster) => observeMade(side, layout.cluster(tree, cluster))),
    ),
  );
  const strange = [base, head]
    .flatMap((side) => unknownFiles(side, { tree, files, links: [] }))
    .filter(({ file }) => file === null || !made.has(file));
  const [rules, attributes] = [treePath('.sops.yaml'), treePath('.gitattributes')];
  const byHand = ruleFlags(base.text(rules), head.text(rules), rules).filter(
    ({ code }) => code !== 'RecipientAdded', // the plan says whether it is declared
  );
  const own = (side: Side): string => unmarkedLines(side.text(attributes) ?? '').join('\n');
  return (
    strange.length + byHand.length + ledgerFlags(base, head, tree).length === 0 &&
    own(base) === own(head)
  );
}

function readerOf(
  files: readonly TreePath[],
  read: (file: TreePath) => Uint8Array | undefined,
): TreeReader {
  return {
    read,
    list: (folder) =>
      files.flatMap((file) => {
        const name = file.startsWith(`${folder}/`) ? file.slice(folder.length + 1) : '';
        return name === '' || name.includes('/') || read(file) === undefined ? [] : [name];
      }),
  };
}

/** From the working directory; null for a file that is not below it. */
export function ownPath(prefix: string, path: string): string | null {
  return path.startsWith(prefix) ? path.slice(prefix.length) : null;
}

import { PkiError } from '../../errors.ts';
import { credentialParts, treePath, type TreePath } from '../../model/names.ts';
import type { TreeReader } from '../../model/ports.ts';
import { layout } from '../../model/store/layout.ts';
import { observeMade } from '../../observe/output.ts';
import { observeAddedReaders } from '../../observe/source/past/added.ts';
import { observeLostRevocations } from '../../observe/source/past/revocations.ts';
import { isShallow } from '../../observe/source/git.ts';
import { listWorkFiles } from '../../observe/source/work-files.ts';
import { flag } from '../../review/flags.ts';
import { bypassFlags } from '../../review/fleet/sops-rules.ts';
import { unknownLedgerLines } from '../../review/fleet/ledger.ts';
import { unknownFiles } from '../../review/fleet/unknown-files.ts';
import { openSide } from '../../review/read/side.ts';
import type { Flag } from '../../review/report.ts';
import { Declared } from '../../verify/declared.ts';
import { finding, findingOfError, findingOfFlag, type Finding } from '../../verify/finding.ts';
import { plaintextKeys } from '../../verify/plaintext.ts';
import { plantedReaders, readByOthers } from '../../verify/tree/readers.ts';
import type { Stores } from '../../verify/tree/store.ts';
import type { Invocation } from '../command.ts';
import { runDeclaration } from '../pipeline/prepare.ts';
import type { RunResult } from '../pipeline/total.ts';

/** What the declaration asks for, and what `synth` would do about it. */
export async function lookAtDeclaration(
  invocation: Invocation,
): Promise<{ readonly declared: Declared; readonly result: RunResult }> {
  let declared: Declared | undefined;
  const result = await runDeclaration(invocation, 'synth', undefined, {
    onlooker: {
      fleet: (fleet) => {
        declared = new Declared(fleet);
      },
      unit: (unit) => {
        declared?.add(unit);
      },
    },
  });
  if (declared === undefined) throw new TypeError('a declaration without a fleet was run');
  return { declared, result };
}

/** What guards refuse, cluster by cluster. */
export function guardFindings({ problems }: RunResult): Finding[] {
  return problems.each.map(
    ({ clusters, error }: { clusters: readonly string[]; error: PkiError }) =>
      findingOfError(error, { cluster: clusters.length === 1 ? (clusters[0] ?? null) : null }),
  );
}

/** Private keys in the clear in what git has of the work tree, or would take. */
export async function lookForPlaintext(
  cwd: string,
): Promise<{ readonly findings: readonly Finding[]; readonly files: number }> {
  const files = await listWorkFiles(cwd);
  const findings = files.flatMap(({ file, parts }) => {
    let before = 0;
    for (const part of parts()) {
      const [first] = plaintextKeys(part);
      if (first !== undefined) {
        const place = { file, line: before === 0 ? first.line : null };
        const text = `${file} holds a private key that anybody can read (${first.kind})`;
        return [finding('PlaintextKey', text, place, GONE)];
      }
      before += part.length;
    }
    return [];
  });
  return { findings, files: files.length };
}

const GONE = [
  'take it out of the branch and of its history, and replace it: whoever saw the branch has it',
];

/** Who was let into the store without a declaration, as git's history tells. */
export async function lookForPlanted(
  cwd: string,
  reader: TreeReader,
  stores: Stores,
  declared: Declared,
): Promise<readonly Finding[]> {
  const { tree } = declared.fleet;
  try {
    const suspects = readByOthers(reader, stores, declared);
    return plantedReaders(tree, await observeAddedReaders(cwd, suspects));
  } catch (error) {
    if (error instanceof PkiError) return [findingOfError(error)];
    throw error;
  }
}

/** Certificates that were on a CRL in some commit and are on none now, as after a revert: their holders are let in again. */
export async function lookForLost(
  cwd: string,
  { tree }: Declared['fleet'],
  { keysets }: Stores,
): Promise<readonly Finding[]> {
  if (await isShallow(cwd)) return []; // such a clone is compared with a base
  const lost = await observeLostRevocations(cwd, tree, keysets);
  return [...lost].map(([path, what]) => {
    const { cluster } = credentialParts(path);
    const place = { cluster, credential: path, file: layout.revocations(tree, path) };
    const message = `${path}: ${what}, as git's history has it`;
    return findingOfFlag(flag('RevocationLost', message, place), false);
  });
}

/** Files that the program made in the declared clusters, as their inventories say. */
export function madeFiles(reader: TreeReader, declared: Declared): ReadonlySet<TreePath> {
  const { tree, clusters } = declared.fleet;
  return new Set(
    clusters.flatMap(({ name }) => {
      try {
        return observeMade(reader, layout.cluster(tree, name));
      } catch {
        return []; // the guards say why
      }
    }),
  );
}

/**
 * What is in the tree and not of it: with what a change touches, of that alone; else of all that is there, of rules of sops that come
 * before ours, and of lines of the ledger.
 */
export function lookForStrangers(
  reader: TreeReader,
  { fleet: { tree }, keysets }: Declared,
  {
    links,
    changed,
  }: { readonly links: readonly TreePath[]; readonly changed?: readonly TreePath[] | undefined },
): Flag[] {
  const side = openSide(reader);
  const files = changed ?? side.files(treePath(tree));
  const rules = treePath('.sops.yaml');
  return [
    ...unknownFiles(side, { tree, files, links }),
    ...(changed === undefined
      ? [
          ...bypassFlags(side.text(rules), rules),
          ...unknownLedgerLines(side, tree, new Set(keysets.keys())),
        ]
      : []),
  ];
}

/** Folders of the tree that may hold a store. */
export function clusterFolders(reader: TreeReader, tree: string): string[] {
  try {
    const folders = reader.list(treePath(tree)).filter((name) => name.endsWith('/'));
    return folders.map((name) => name.slice(0, -1));
  } catch {
    return [];
  }
}

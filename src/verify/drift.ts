import { treePath, type TreePath } from '../model/names.ts';
import type { Action, FileChange } from '../model/plan.ts';
import { clusterOfFile, layout } from '../model/store/layout.ts';
import type { Declared } from './declared.ts';
import { finding, type Finding } from './finding.ts';

/** What `synth` would do to a tree. */
export interface ToDo {
  readonly actions: readonly Action[];
  readonly files: readonly FileChange[];
}

/** What a change touches. */
export interface Touched {
  readonly files: ReadonlySet<TreePath>;
  /** Whether it is compared with a revision that was asked for: what it does not touch is then not its doing. */
  readonly isChange: boolean;
}

/** A document that is damaged is no wish of the declaration. */
const DAMAGE: ReadonlySet<string> = new Set(['Unreadable', 'KeyMismatch']);

const SYNTH = [
  'make it what is declared: cdk8s-pki synth',
  'what needs a CA key is made after the merge, by whoever holds one: leave its files as the base has them',
];

const STALE = [
  'make it what is declared: cdk8s-pki synth',
  'if the declaration changed and this waits for an identity, say since when: cdk8s-pki verify --base REV',
];

/**
 * Tells what is still to be done because of what is declared from what was done to generated files by hand. A generated file that the
 * change touches must be what the declaration asks for; one that it does not touch waits for whoever has the keys.
 */
export function driftOf(
  { actions, files }: ToDo,
  declared: Declared,
  { files: touched, isChange }: Touched,
): { readonly findings: readonly Finding[]; readonly pending: readonly Action[] } {
  const { tree } = declared.fleet;
  const needy = new Set(
    actions.filter(waitsForKeys).flatMap(({ cluster }) => declared.unitOf(cluster)),
  );
  const actionOf = new Map<TreePath, Action>(
    actions
      .filter(({ action }) => action !== 'write')
      .map((action) => [layout.leaf(tree, action.credential), action]),
  );
  const findings: Finding[] = [];
  const wrong = new Set<string>();
  for (const { path, change } of files) {
    const action = actionOf.get(path);
    const cluster = clusterOfFile(tree, path);
    const place = { cluster, credential: action?.credential ?? null, file: path };
    const why = action === undefined ? '' : `: ${action.reason}, ${action.message}`;
    if (touched.has(path) || DAMAGE.has(action?.reason ?? '')) {
      const text = `${path} ${WORDS[change]}${why}`;
      findings.push(finding('EditedByHand', text, place, SYNTH));
      if (action !== undefined) wrong.add(action.credential);
      continue;
    }
    const waits = cluster === null ? needy.size > 0 : needy.has(cluster);
    if (isChange || waits) continue;
    const text = `${path} ${WORDS[change]}${why}`;
    findings.push(finding('NotSynthesized', text, place, STALE));
  }
  return { findings, pending: actions.filter(({ credential }) => !wrong.has(credential)) };
}

/**
 * Whether outputs of the unit are out of date until somebody with an identity comes. That one is to be written again is no reason by
 * itself: an edit by hand asks for the same.
 */
function waitsForKeys({ needsIdentity, action, reason }: Action): boolean {
  return needsIdentity && !(action === 'write' && reason === 'OutputChanged');
}

const WORDS: Readonly<Record<FileChange['change'], string>> = {
  create: 'is missing, and declared',
  update: 'is not what the declaration asks for',
  delete: 'is no longer declared',
};

/** Files of the tree that are not what is declared, touched or not. */
export function wantingFiles({ files }: ToDo): ReadonlySet<TreePath> {
  return new Set(files.map(({ path }) => treePath(path)));
}

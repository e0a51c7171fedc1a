import { clusterOfFile } from '../model/store/layout.ts';
import { entryTexts } from '../model/store/rotation.ts';
import type { KeysetChange, Review } from '../review/report.ts';
import type { Declared } from './declared.ts';
import type { ToDo } from './drift.ts';
import { finding, type Finding } from './finding.ts';

const WHOLE = [
  'take the whole of what rotate made, or merge first what was declared before: cdk8s-pki synth',
  'it soaks from the commit of its keyset.yaml, and a file that comes later would be taken for as old',
];

/** Stages of rotations that a change makes while files of their clusters are still to be written. */
export function incompleteStages(
  { clusters }: Review,
  { files }: ToDo,
  declared: Declared,
): Finding[] {
  const { tree } = declared.fleet;
  return clusters
    .flatMap(({ keysets }) => keysets)
    .filter((change) => stateText(change.before) !== stateText(change.after))
    .flatMap(({ credential, file, before, after }) => {
      if (before === null || after === null) return [];
      const [cluster = ''] = credential.split('/');
      const followers = declared.followersOf(cluster);
      const open = files.filter(({ path }) => followers.has(clusterOfFile(tree, path) ?? ''));
      const [first] = open;
      if (first === undefined) return [];
      const more = open.length > 1 ? ` and ${open.length - 1} more` : '';
      const message = `${credential} is at another stage, and not all that follows it: ${first.path}${more}`;
      return [finding('StageIncomplete', message, { cluster, credential, file }, WHOLE)];
    });
}

const stateText = (facts: KeysetChange['before']): string =>
  entryTexts(facts?.entries ?? []).join();

import { SHARED } from '../../model/store/layout.ts';
import type { ClusterReview, KeysetChange, Review } from '../report.ts';
import { code } from './escape.ts';
import { few } from './words.ts';

/** Nodes in a row on which the same restarts are said together. Who trusts nothing of before waits for no other node. */
export function restartLineOf({ clusters }: Review): (cluster: ClusterReview) => string {
  const isSharedReplaced = clusters.some(
    ({ name, keysets }) => name === SHARED && keysets.some(isReplaced),
  );
  return ({ name, restarts, keysets }) => {
    const isAtOnce = isSharedReplaced || keysets.some(isReplaced);
    const then = isAtOnce ? '' : 'then ';
    const groups: { nodes: string[]; pods: string }[] = [];
    for (const { node, pods } of restarts) {
      const list = pods.map(
        ({ name: pod, change }) => code(pod) + (change === 'restart' ? '' : ` (${change}s)`),
      );
      const [text, last] = [few(list, 12), groups.at(-1)];
      const shown = node === '_worker' ? 'every worker' : code(node);
      if (last?.pods === text) last.nodes.push(shown);
      else groups.push({ nodes: [shown], pods: text });
    }
    const steps = groups.map(({ nodes, pods }) => `${nodes.join(`, ${then}`)}: ${pods}`);
    const order = isAtOnce
      ? 'all at once, as nodes with old and with new files refuse each other: '
      : '';
    return `- ${code(name)}: ${order}${steps.join(`; ${then}`)}`;
  };
}

/** Whether nobody who trusts what was trusted before trusts what is now. */
function isReplaced({ before, after }: KeysetChange): boolean {
  if (before === null || after === null) return false;
  const known = new Set(before.entries.map(({ id }) => id));
  return !after.entries.some(({ id }) => known.has(id));
}

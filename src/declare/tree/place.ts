import type { IConstruct } from 'constructs';
import { SHARED } from '../../model/store/layout.ts';
import { credentialPath, type CredentialPath } from '../../model/names.ts';
import { formatReference, type ReferencePart } from '../../model/reference.ts';
import { isChart, markOf } from './mark.ts';
import type { Reference } from './props.ts';

/** Where a credential belongs. */
export interface Place {
  readonly cluster: string;
  readonly node: string | null;
  readonly name: string;
}

/**
 * Read from the tree alone: the cluster is the enclosing one, `_shared` where there is none; the name is the ids below the
 * cluster, or below the node's bundle, joined with `-`.
 */
export function placeOf(construct: IConstruct): Place {
  const ids: string[] = [];
  let name: string | undefined;
  let node: string | null = null;
  for (let current = construct; current.node.scope !== undefined; current = current.node.scope) {
    const mark = markOf(current);
    if (mark?.kind === 'Cluster')
      return { cluster: chartNameOf(current), node, name: name ?? joined(ids) };
    if (mark?.kind === 'NodeBundle') {
      name ??= joined(ids);
      ({ node } = mark);
    }
    ids.push(current.node.id);
  }
  return { cluster: SHARED, node, name: name ?? joined(ids) };
}

export function pathOf(construct: IConstruct): CredentialPath {
  const { cluster, node, name } = placeOf(construct);
  return credentialPath(cluster, node, name);
}

/** The folder of a chart: its ids below the App or below the chart that holds it, joined with `-`. */
export function chartNameOf(chart: IConstruct): string {
  return [...idsBelowChart(chart.node.scope), chart.node.id].join('-');
}

/** The ids of a construct below its chart, joined with `-`. */
export function nameBelowChart(construct: IConstruct): string {
  return idsBelowChart(construct).join('-');
}

function idsBelowChart(construct: IConstruct | undefined): string[] {
  const ids: string[] = [];
  let current = construct;
  while (current?.node.scope !== undefined && !isChart(current)) {
    ids.push(current.node.id);
    current = current.node.scope;
  }
  return ids.reverse();
}

export function referenceTo(construct: IConstruct, part: ReferencePart): Reference {
  const credential = pathOf(construct);
  return {
    pem: formatReference({ credential, part, form: 'pem' }),
    base64: formatReference({ credential, part, form: 'base64' }),
  };
}

const joined = (ids: readonly string[]): string => ids.toReversed().join('-');

import type { IConstruct } from 'constructs';
import type { DesiredManifest, JsonValue } from '../../model/desired.ts';
import { isChart } from '../tree/mark.ts';
import { chartNameOf } from '../tree/place.ts';
import type { Folder } from '../fleet/collect.ts';

/** The part of an ApiObject, of whichever copy of cdk8s, that is needed here. */
interface Rendered {
  toJson(): DesiredManifest['template'];
}

/** An object's template with the references still in it. */
export function describeManifest(construct: IConstruct, folder: Folder): DesiredManifest {
  const template = (construct as unknown as Rendered).toJson();
  const path = `${chartFolderOf(construct, folder)}/${manifestName(template)}`;
  return { constructPath: construct.node.path, path, template };
}

/** `manifests` for the cluster's own chart, the chart's name for a chart below it. */
function chartFolderOf(construct: IConstruct, folder: Folder): string {
  let chart = construct;
  while (!isChart(chart) && chart.node.scope !== undefined) chart = chart.node.scope;
  return chart === folder.construct ? 'manifests' : chartNameOf(chart);
}

/**
 * `<Kind>.<namespace>.<name>`, without the namespace where there is none. What a file system cannot take or would fold (`:` in
 * RBAC names, upper case) becomes `-` or lower case; two objects that then share a file are a problem, so that adding an object
 * never renames the file of another.
 */
function manifestName({ kind, metadata }: DesiredManifest['template']): string {
  const { namespace, name } = record(metadata);
  const rest = [namespace, name].filter((part) => typeof part === 'string' && part !== '');
  return [text(kind).replaceAll(/[^a-z0-9]/giu, ''), ...rest.map((part) => safe(text(part)))].join(
    '.',
  );
}

const safe = (part: string): string => part.toLowerCase().replaceAll(/[^-a-z0-9.]+/gu, '-');

/** What the API server tells objects apart by. */
export function identityOf({ apiVersion, kind, metadata }: DesiredManifest['template']): string {
  const { namespace, name } = record(metadata);
  const [group] = text(apiVersion).split('/').slice(0, -1);
  return JSON.stringify([group ?? '', text(kind), text(namespace), text(name)]);
}

export const text = (value: JsonValue | undefined): string =>
  typeof value === 'string' ? value : '';

export function record(value: JsonValue | undefined): { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as { readonly [key: string]: JsonValue })
    : {};
}

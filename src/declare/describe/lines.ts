import type { DeclarationRecord, DesiredUnit } from '../../model/desired.ts';

/** A record as a line of JSON, the line break included. */
export const line = (record: DeclarationRecord): Uint8Array =>
  Buffer.from(`${JSON.stringify(record)}\n`);

export const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

const COMMA = Buffer.from(',');

/** The line of a unit whose clusters are JSON already. */
export function unitLine(
  clusters: readonly Uint8Array[],
  { imports, exports, users }: Omit<DesiredUnit, 'clusters'>,
): Uint8Array {
  const rest = JSON.stringify({ imports, exports, users }).slice(1);
  return Buffer.concat([
    Buffer.from('{"type":"unit","unit":{"clusters":['),
    ...clusters.flatMap((cluster, index) => (index === 0 ? [cluster] : [COMMA, cluster])),
    Buffer.from(`],${rest}}\n`),
  ]);
}

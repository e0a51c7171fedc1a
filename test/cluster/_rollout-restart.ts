import { readFileSync } from 'node:fs';
import path from 'node:path';
import { loadAll } from 'js-yaml';
import { record, text } from '../_helpers/fleet-tree.ts';

/** The example as users apply it. */
export const ROLLOUT_RESTART = readFileSync(
  path.resolve(import.meta.dirname, '../../examples/rollout-restart/job.yaml'),
  'utf8',
);

/** What the container of its Job runs. */
export function scriptOfJob(): string {
  const job = loadAll(ROLLOUT_RESTART)
    .map((document) => record(document))
    .find(({ kind }) => kind === 'Job');
  const { spec } = record(record(record(job)['spec'])['template']);
  const [container] = record(spec)['containers'] as unknown[];
  const [script] = record(container)['args'] as unknown[];
  return text(script);
}

/** A workload without pods: its controller finds it rolled out at once; with pods, never, since nobody runs them. */
export function workload(kind: string, namespace: string, name: string, replicas = 0): string {
  const labels = { app: name };
  const template = {
    metadata: { labels },
    spec: { containers: [{ name, image: 'example.com/none' }] },
  };
  return JSON.stringify({
    apiVersion: 'apps/v1',
    kind,
    metadata: { name, namespace },
    spec: {
      selector: { matchLabels: labels },
      template,
      ...(kind === 'DaemonSet' ? {} : { replicas }),
      ...(kind === 'StatefulSet' ? { serviceName: name } : {}),
    },
  });
}

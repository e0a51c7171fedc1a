import test from 'ava';
import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import {
  App,
  Certificate,
  type CertificateAuthority,
  Cluster,
  KubeadmCluster,
  type AppProps,
  type KubeadmClusterProps,
} from '../../src/index.ts';
import { collect } from '../../src/declare/fleet/collect.ts';
import { records } from '../../src/declare/describe/records.ts';
import { markAs } from '../../src/declare/tree/mark.ts';
import { survey } from '../../src/declare/validate/survey.ts';
import { parseRecord } from '../../src/load/parse-record.ts';
import type { DesiredCluster } from '../../src/model/desired.ts';

/** Public recipients; nobody has their identities any more. */
export const RECIPIENTS = {
  custodian: 'age1n6yw9cxzqagvq9jwlw8ltwe0z3qw4q4v2xaj5am5eue6yvnrxdysska6qc',
  node: 'age1s7lz783ufcf4ewza242r4qle0qe9szkjn3geq7ps9lwth7htyscsharw2k',
} as const;

export const newApp = (props: Partial<AppProps> = {}): App =>
  new App({ recipients: [RECIPIENTS.custodian], ...props });

export const newKubeadm = (app: App, props: Partial<KubeadmClusterProps> = {}): KubeadmCluster =>
  new KubeadmCluster(app, 'prod', {
    controlPlaneEndpoint: 'api.prod.example.com',
    controlPlaneNodes: [{ name: 'cp-1', advertiseAddress: '10.0.0.11' }],
    ...props,
  });

export const newCluster = (app: App): Cluster => new Cluster(app, 'prod');

function fleetOf(app: App) {
  const mark = markAs(app, 'App');
  if (mark === undefined) throw new TypeError('not an App');
  return collect(app, mark);
}

/** Every problem, as it is printed. */
export function problemsOf(app: App): string[] {
  return survey(fleetOf(app)).problems.map(
    ({ constructPath, message }) => `[${constructPath}] ${message}`,
  );
}

/** A cluster as it is handed over; throws where the declaration is not valid. */
export function describe(app: App, name = 'prod'): DesiredCluster {
  const fleet = fleetOf(app);
  const { problems, ...found } = survey(fleet);
  if (problems.length > 0) throw new Error(JSON.stringify(problems, null, 2));
  for (const line of records(fleet, found)) {
    const record = parseRecord(Buffer.from(line).toString('utf8'));
    const clusters = record.type === 'unit' ? record.unit.clusters : [];
    const found = clusters.find((cluster) => cluster.name === name);
    if (found !== undefined) return found;
  }
  throw new TypeError(`no cluster ${name}`);
}

type Descriptions = ReturnType<typeof survey>['descriptions'];

/** What is handed over, with the descriptions that the check of it kept, or with others in their place. */
export function linesOf(app: App, instead = (kept: Descriptions): Descriptions => kept): string[] {
  const fleet = fleetOf(app);
  const { problems, descriptions, ...found } = survey(fleet);
  if (problems.length > 0) throw new Error(JSON.stringify(problems, null, 2));
  const lines = records(fleet, { ...found, descriptions: instead(descriptions) });
  return Array.from(lines, (line) => Buffer.from(line).toString('utf8'));
}

/** What a declaration in JavaScript can hold, to TypeScript. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller says what it passes for
export const forged = <T>(value: unknown): T => value as T;

export const clientOf = (scope: Construct, issuer: CertificateAuthority, id = 'web'): Certificate =>
  new Certificate(scope, id, { issuer, profile: 'client' });

export const configMap = (scope: Construct, id: string, data: Record<string, string>): ApiObject =>
  new ApiObject(scope, id, { apiVersion: 'v1', kind: 'ConfigMap', data });

/** `build` makes a declaration with exactly these problems: construct path, and a part of the message. */
export const invalid = test.macro({
  exec(t, build: (app: App) => App, ...expected: readonly (readonly [string, RegExp])[]) {
    const problems = problemsOf(build(newApp()));
    t.is(problems.length, expected.length, problems.join('\n'));
    expected.forEach(([path, message], index) => {
      t.true(problems[index]?.startsWith(`[${path}] `), problems[index]);
      t.regex(problems[index] ?? '', message);
    });
  },
  title: (title = '') => `problem: ${title}`,
});

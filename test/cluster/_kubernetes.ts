import { setTimeout as delay } from 'node:timers/promises';
import path from 'node:path';
import process from 'node:process';
import { bundleFolder, record, text, type NodePlace } from '../_helpers/fleet-tree.ts';
import type { Fleet, Role } from '../_helpers/fleet.ts';
import type { Machine } from './_machines/machine.ts';

export interface User {
  readonly username: string;
  readonly groups: readonly string[];
}

/** A client: a kubeconfig, or options of kubectl instead of one. */
export type Client = string | readonly string[];

/** Who the API server takes a client for. */
export async function whoami(machine: Machine, client: Client): Promise<User> {
  return userOf(await json(machine, client, ['auth', 'whoami']));
}

export function userOf(review: Record<string, unknown>): User {
  const { username, groups } = record(record(review['status'])['userInfo']);
  return { username: String(username), groups: groups as readonly string[] };
}

/** What kubectl prints as JSON. */
export async function json(
  machine: Machine,
  client: Client,
  args: readonly string[],
): Promise<Record<string, unknown>> {
  const output = await machine.succeed('kubectl', [...options(client), ...args, '--output=json']);
  return record(JSON.parse(output));
}

/** Applies manifests, one YAML text. */
export async function apply(machine: Machine, client: Client, manifests: string): Promise<void> {
  const args = [...options(client), 'apply', '--filename=-'];
  await machine.succeed('kubectl', args, manifests);
}

/** Creates an object, for a client who may not read it. */
export async function create(machine: Machine, client: Client, manifest: string): Promise<void> {
  await machine.succeed('kubectl', [...options(client), 'create', '--filename=-'], manifest);
}

function options(client: Client): readonly string[] {
  return typeof client === 'string' ? [`--kubeconfig=${client}`] : client;
}

/** All manifests of a cluster, decrypted as Flux does it, with the identity of a delivery recipient. */
export async function manifests(fleet: Fleet, cluster: string, role: Role): Promise<string> {
  const documents: string[] = [];
  for (const file of fleet.files(`deploy/${cluster}/manifests`)) {
    const isEncrypted = file.endsWith('.sops.yaml');
    const args = ['decrypt', '--input-type', 'yaml', '--output-type', 'yaml', file];
    const content = isEncrypted ? await fleet.succeed('sops', args, role) : fleet.read(file);
    documents.push(content.toString());
  }
  return documents.join('\n---\n');
}

/** The kubeconfig for emergencies, made on the spot and put on a machine; returns where. */
export async function breakGlass(fleet: Fleet, cluster: string, machine: Machine): Promise<string> {
  const args = ['kubeconfig', cluster, '--break-glass'];
  const { status, stdout, stderr } = await fleet.cli(args, 'custodian');
  if (status !== 0) throw new Error(`kubeconfig: status ${status}\n${stderr.toString()}`);
  return machine.write('break-glass.conf', stdout.toString());
}

/** Waits until a client may do something, in the words of `kubectl auth can-i`: API servers hear of new rights one by one. */
export async function allowed(
  machine: Machine,
  client: Client,
  what: readonly string[],
): Promise<void> {
  await eventually(`right to ${what.join(' ')}`, async () =>
    (await isAllowed(machine, client, what)) ? true : undefined,
  );
}

/** Whether a client may do something now. */
export async function isAllowed(
  machine: Machine,
  client: Client,
  what: readonly string[],
): Promise<boolean> {
  const args = [...options(client), 'auth', 'can-i', ...what];
  const { stdout, stderr } = await machine.run('kubectl', args);
  const answer = stdout.toString().trim();
  if (answer !== 'yes' && answer !== 'no') throw new Error(stderr.toString());
  return answer === 'yes';
}

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

export interface Credentials {
  /** Path of certificate and key without their endings. */
  readonly pair: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Asks an API server who one is, with a client certificate and headers of one's own. */
export async function selfReview(
  machine: Machine,
  server: string,
  { pair, headers = {} }: Credentials,
): Promise<Answer> {
  const url = `${server}/apis/authentication.k8s.io/v1/selfsubjectreviews`;
  const files = ['/etc/kubernetes/pki/ca.crt', `${pair}.crt`, `${pair}.key`];
  const given = Object.entries({ 'content-type': 'application/json', ...headers });
  const script = path.join(import.meta.dirname, '_machines/request.js');
  const body = JSON.stringify({
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'SelfSubjectReview',
  });
  const args = [script, url, ...files, ...given.map((header) => header.join('='))];
  const { status, stdout, stderr } = await machine.runFile(process.execPath, args, body);
  if (status !== 0) throw new Error(stderr.toString());
  const answer = record(JSON.parse(stdout.toString()));
  return { status: Number(answer['status']), body: record(JSON.parse(text(answer['body']))) };
}

/** Asks until `look` finds what it looks for; after `seconds` it says what was found last. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined>,
  seconds = 60,
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  let last: unknown;
  for (;;) {
    try {
      const found = await look();
      if (found !== undefined) return found;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) {
      const why = last instanceof Error ? `: ${last.message.slice(0, 600)}` : '';
      throw new Error(`not after ${seconds} s: ${what}${why}`, { cause: last });
    }
    await delay(500);
  }
}

/** The static pods' manifests of a node, by name. */
export function podManifests(fleet: Fleet, place: NodePlace): Map<string, string> {
  const folder = `${bundleFolder(place)}/etc/kubernetes/manifests`;
  const files = fleet.files(folder);
  return new Map(files.map((file) => [path.basename(file, '.yaml'), fleet.read(file)]));
}

import type { Ran } from '../_helpers/run-program.ts';
import type { Machine } from './_machines/machine.ts';

export const PKI = '/etc/kubernetes/pki';

const HEALTHCHECK = [
  `--cert=${PKI}/etcd/healthcheck-client.crt`,
  `--key=${PKI}/etcd/healthcheck-client.key`,
];

/** Runs etcdctl against the member on a machine. */
export function etcdctl(
  machine: Machine,
  args: readonly string[],
  credentials: readonly string[] = HEALTHCHECK,
): Promise<Ran> {
  const endpoint = ['--endpoints=https://127.0.0.1:2379', `--cacert=${PKI}/etcd/ca.crt`];
  const limits = ['--dial-timeout=2s', '--command-timeout=3s', '--write-out=json'];
  return machine.run('etcdctl', [...endpoint, ...credentials, ...limits, ...args]);
}

/** As `etcdctl`, what it prints as JSON. */
async function etcdJson(machine: Machine, args: readonly string[]): Promise<unknown> {
  const { status, stdout, stderr } = await etcdctl(machine, [...args, '--command-timeout=10s']);
  if (status === 0) return JSON.parse(stdout.toString()) as unknown;
  throw new Error(`${machine.name}: etcdctl ${args.join(' ')}: ${stderr.toString()}`);
}

/** Names of the members that have started, as a machine's own knows them. */
export async function members(machine: Machine): Promise<readonly string[]> {
  const list = (await etcdJson(machine, ['member', 'list'])) as {
    readonly members: readonly { readonly name: string; readonly isLearner?: boolean }[];
  };
  return list.members.map(({ name }) => name).sort();
}

/** Members by the URL of their clients, and whether each one answers. */
export async function health(machine: Machine): Promise<readonly (readonly [string, boolean])[]> {
  const answers = await etcdJson(machine, ['endpoint', 'health', '--cluster']);
  return (answers as readonly { readonly endpoint: string; readonly health: boolean }[])
    .map(({ endpoint, health: isHealthy }) => [endpoint, isHealthy] as const)
    .sort();
}

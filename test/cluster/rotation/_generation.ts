import { readFileSync } from 'node:fs';
import { load as parse } from 'js-yaml';
import { fromBase64, record, text } from '../../_helpers/fleet-tree.ts';
import type { OpenFile } from '../../_helpers/node-root.ts';
import * as kubernetes from '../_kubernetes.ts';
import type { Client, Work } from './_load/client.ts';
import { ADDRESSES, ADMIN, NODES, SERVERS } from './_cluster.ts';
import type { Topology } from './_topology.ts';

const on = (nodes: readonly (keyof typeof ADDRESSES)[], port: number): readonly string[] =>
  nodes.map((node) => `https://${ADDRESSES[node]}:${port}`);
export const API_SERVERS = on(SERVERS, 6443);
export const SCHEDULERS = on(SERVERS, 10259);
export const ETCD = on(NODES, 2379);
const CONTROLLERS = { 'kube-controller-manager': 10257, 'kube-scheduler': 10259 } as const;

type Credentials = Pick<Client, 'ca' | 'certificate' | 'key' | 'token'>;

interface Pair {
  readonly certificate: string;
  readonly key: string;
}
/** A pair, and whom to trust. */
type Trusting = Pair & { readonly ca: string };

/** What was given out at one time: to people from the tree, to a pod by the cluster. */
export interface Generation {
  readonly admin: Trusting;
  readonly frontProxy: Pair;
  readonly etcd: Trusting;
  /** A server of the authority that is declared. */
  readonly mesh: Trusting;
  readonly token: string;
}

/** The request that is signed over and over; its key is made once. */
export async function signingRequest({ fleet }: Topology): Promise<Client['request']> {
  const [key, csr] = ['key', 'csr'].map((ending) => `${fleet.scratch}/signed.${ending}`) as [
    string,
    string,
  ];
  const options = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const args = ['req', '-new', ...options, '-subj', '/O=deployers/CN=signed'];
  await fleet.succeed('openssl', [...args, '-keyout', key, '-out', csr]);
  return { csr: readFileSync(csr, 'utf8'), key: readFileSync(key, 'utf8') };
}

/** What the tree has for people. */
export async function people(
  topology: Topology,
): Promise<Omit<Generation, 'token'> & { readonly deployer: Trusting }> {
  const files = await topology.bundle('cp-1');
  const file = (path: string): string => contentOf(files, `/etc/kubernetes/${path}`);
  const types = ['--input-type', 'yaml', '--output-type', 'yaml'];
  const decrypted = (path: string): Promise<Buffer> =>
    topology.fleet.succeed('sops', ['decrypt', ...types, `deploy/live/${path}`], 'custodian');
  const deployer = await decrypted('kubeconfigs/deployer.conf');
  const gate = await decrypted('manifests/Secret.kube-system.gate-tls.sops.yaml');
  const pair = (name: string): Pair => ({
    certificate: file(`pki/${name}.crt`),
    key: file(`pki/${name}.key`),
  });
  return {
    admin: ofKubeconfig(file('admin.conf')),
    deployer: ofKubeconfig(deployer.toString()),
    frontProxy: pair('front-proxy-client'),
    etcd: { ca: file('pki/etcd/ca.crt'), ...pair('etcd/healthcheck-client') },
    mesh: ofSecret(parse(gate.toString())),
  };
}

export function peopleClients(
  { admin, deployer, etcd }: Awaited<ReturnType<typeof people>>,
  label: string,
  topology: Topology,
  request: Client['request'],
): readonly Client[] {
  return [
    {
      ...{ ...admin, name: `admin-${label}`, servers: API_SERVERS },
      work: ['read', 'write', 'watch', 'sign', 'extension', 'kubelet', 'whoami'],
      ...(request === undefined ? {} : { request }),
    },
    {
      ...{ ...deployer, name: `deployer-${label}`, servers: API_SERVERS },
      work: ['read', 'watch', 'extension'],
    },
    ...scrapers(topology, `admin-${label}`, admin),
    { ...etcd, name: `etcd-${label}`, servers: ETCD, work: ['etcd'] },
  ];
}

/** A pod that starts now: it has a token, and kube-root-ca.crt of its namespace. */
export async function pod(
  topology: Topology,
): Promise<{ readonly ca: string; readonly token: string }> {
  const machine = topology.machine('cp-1');
  const create = ['create', 'token', 'load', '--duration=3h'];
  const token = (await machine.succeed('kubectl', [`--kubeconfig=${ADMIN}`, ...create])).trim();
  const get = ['get', 'configmap', 'kube-root-ca.crt'];
  const { data } = await kubernetes.eventually('kube-root-ca.crt', () =>
    kubernetes.json(machine, ADMIN, get),
  );
  return { ca: text(record(data)['ca.crt']), token };
}

export function podClients(
  credentials: Awaited<ReturnType<typeof pod>>,
  label: string,
  topology: Topology,
): readonly Client[] {
  const work: readonly Work[] = ['read', 'write', 'watch', 'review', 'extension', 'whoami'];
  const { token } = credentials;
  return [
    {
      ...{ ...credentials, name: `pod-${label}`, servers: API_SERVERS },
      ...{ work: [...work, 'scrape'], tokens: [token] },
    },
    ...scrapers(topology, `pod-${label}`, credentials),
  ];
}

/** Whoever scrapes controllers, which ask their API server about tokens; the authorities of certificates are told them by it. */
function scrapers(topology: Topology, name: string, credentials: Credentials): Client[] {
  const delegates = credentials.token !== undefined;
  return Object.entries(CONTROLLERS).flatMap(([component, port]) =>
    SERVERS.map((node) => ({
      ...{ ...credentials, ca: null, name: `${name}-${component}-${node}` },
      ...{ servers: on([node], port), work: ['scrape'], delegates },
      // kube-controller-manager is given them as files
      ...(component === 'kube-scheduler' && {
        started: topology.machine(node).started(component),
      }),
    })),
  );
}

/** What a Secret of type kubernetes.io/tls holds, with `ca.crt`. */
export function ofSecret(secret: unknown): Trusting {
  const data = record(record(secret)['data']);
  const of = (name: string): string => fromBase64(data[name]);
  return { ca: of('ca.crt'), certificate: of('tls.crt'), key: of('tls.key') };
}

function ofKubeconfig(content: string): Trusting {
  const { clusters, users } = parse(content) as {
    readonly clusters: readonly { readonly cluster: Record<string, unknown> }[];
    readonly users: readonly { readonly user: Record<string, unknown> }[];
  };
  const [{ cluster } = { cluster: {} }, { user } = { user: {} }] = [clusters[0], users[0]];
  return {
    ca: fromBase64(cluster['certificate-authority-data']),
    certificate: fromBase64(user['client-certificate-data']),
    key: fromBase64(user['client-key-data']),
  };
}

function contentOf(files: readonly OpenFile[], path: string): string {
  const found = files.find((file) => file.path === path);
  if (found === undefined) throw new Error(`no file ${path}`);
  return found.content.toString();
}

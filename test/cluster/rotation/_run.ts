import * as kubernetes from '../_kubernetes.ts';
import { Load, program } from './_load.ts';
import type { Client, Failure } from './_load/client.ts';
import { API_SERVERS, ETCD, ofSecret, people, peopleClients, pod } from './_generation.ts';
import { podClients, signingRequest, type Generation } from './_generation.ts';
import { ADMIN } from './_cluster.ts';
import type { Topology } from './_topology.ts';

const EXTENSION = 'widgets';
/** Clients that never get new credentials. */
export const FORGOTTEN = 'forgotten-';

/** A running cluster under load, whose clients get new credentials as ROTATION.md says. */
export class Run {
  readonly topology: Topology;
  readonly load: Load;
  readonly #request: Client['request'];
  readonly #generations = new Map<string, Generation>();
  #latest = '';
  /** Names of clients that have the newest kubeconfigs, and of the newest pods. */
  #people: readonly string[] = [];
  /** How many failures of each kind were to be. */
  #forgiven = [0, 0];
  #pods: readonly string[] = [];

  private constructor(topology: Topology, load: Load, request: Client['request']) {
    [this.topology, this.load, this.#request] = [topology, load, request];
  }

  static async start(topology: Topology): Promise<Run> {
    const load = Load.start(topology.load, topology.fleet.scratch);
    const run = new Run(topology, load, await signingRequest(topology));
    await run.handOut('first');
    await run.restartWorkloads('first');
    await run.handedOver();
    return run;
  }

  /** What was given out at a stage, by default at the latest. */
  generation(label = this.#latest): Generation {
    const found = this.#generations.get(label);
    if (found === undefined) throw new Error(`no generation "${label}"`);
    return found;
  }

  /** The kubeconfigs of the tree as it is are used from now on, beside those that are. */
  async handOut(label: string): Promise<void> {
    const given = await people(this.topology);
    const token = this.#generations.get(this.#latest)?.token ?? '';
    this.#generations.set(label, { ...given, token });
    this.#latest = label;
    const clients = peopleClients(given, label, this.topology, this.#request);
    this.#people = clients.map(({ name }) => name);
    this.load.add(...clients);
  }

  /** Pods start anew, beside those that run: a client, and in place of the one that runs the extension API server. */
  async restartWorkloads(label: string): Promise<void> {
    const { topology, load } = this;
    const credentials = await pod(topology);
    this.#generations.set(this.#latest, { ...this.generation(), token: credentials.token });
    const clients = podClients(credentials, label, topology);
    this.#pods = clients.map(({ name }) => name);
    await this.#startServers(credentials, await this.#secret('gate-tls'));
    load.add(...clients);
  }

  /** The servers in pods start anew, and the webhook shows what it had at a stage. */
  async showGate(label: string): Promise<void> {
    await this.#startServers(await pod(this.topology), this.generation(label).mesh);
  }

  async #startServers(
    credentials: Awaited<ReturnType<typeof pod>>,
    gate: ReturnType<typeof ofSecret>,
  ): Promise<void> {
    const { load } = this.topology;
    const client: Client = { ...credentials, name: 'extension', servers: API_SERVERS, work: [] };
    const { certificate, key } = await this.#secret('widgets-tls');
    const settings = { client, certificate, key, gate, address: '0.0.0.0' };
    const file = load.write('extension.json', JSON.stringify(settings));
    if (load.isRunning(EXTENSION)) await load.stop(EXTENSION);
    load.start(EXTENSION, program('extension.ts', file));
  }

  /** As a pod has it that starts now. */
  async #secret(name: string): Promise<ReturnType<typeof ofSecret>> {
    const get = ['get', 'secret', name, '--namespace=kube-system'];
    return ofSecret(await kubernetes.json(this.topology.machine('cp-1'), ADMIN, get));
  }

  /** Whoever has credentials of before gives them up, once those that came since are at work. */
  async handedOver(): Promise<void> {
    await this.load.settled();
    const newest = new Set([...this.#people, ...this.#pods]);
    const others = this.load.clients().filter((name) => !newest.has(name));
    this.load.remove(...others.filter((name) => !name.startsWith(FORGOTTEN)));
  }

  /** Everybody stops to work. */
  stop(): void {
    this.load.remove(...this.load.clients());
  }

  /** What has failed until now was to fail. */
  forgive(): void {
    this.#forgiven = this.#failures().map(({ length }) => length);
  }

  /** What failed, of the load and of the extension API server's own requests. */
  failures(): readonly Failure[] {
    return this.#failures().flatMap((list, index) => list.slice(this.#forgiven[index]));
  }

  #failures(): readonly (readonly Failure[])[] {
    const own = this.topology.load
      .log(EXTENSION)
      .split('\n')
      .flatMap((line) => (line.startsWith('failed: ') ? [line.slice('failed: '.length)] : []))
      .map((line) => JSON.parse(line) as Failure);
    return [this.load.failures(), own];
  }

  /** Clients that keep what they got at a stage, whatever happens; their failures are expected. */
  forget(label: string): void {
    const { admin, etcd, token } = this.generation(label);
    const [oldest = ''] = admin.ca.split(/^(?=-----BEGIN)/mu);
    const common = { servers: API_SERVERS, work: ['whoami'] } as const;
    this.load.add(
      { ...common, ...admin, ca: this.generation().admin.ca, name: `${FORGOTTEN}${label}-admin` },
      { ...common, ca: oldest, token: this.generation().token, name: `${FORGOTTEN}${label}-trust` },
      { ...common, ca: this.generation().admin.ca, token, name: `${FORGOTTEN}${label}-token` },
      { ...etcd, servers: ETCD, work: ['etcd'], name: `${FORGOTTEN}${label}-etcd` },
    );
  }

  /** Takes them away, and says of each how it failed. */
  forgotten(): Readonly<Record<string, readonly string[]>> {
    const names = this.load.clients().filter((name) => name.startsWith(FORGOTTEN));
    this.load.remove(...names);
    const failures = this.load.failures();
    return Object.fromEntries(
      names.map((name) => {
        const kinds = failures.filter(({ client }) => client === name).map(({ kind }) => kind);
        return [name.split('-').at(-1) ?? '', [...new Set(kinds)].sort()];
      }),
    );
  }

  /** A line for people. */
  summary(): string {
    const { answered, refused, notReady } = this.load.counts();
    const work = new Map<string, number>();
    for (const [key, count] of Object.entries(answered)) {
      const kind = key.split(' ')[1] ?? '';
      work.set(kind, (work.get(kind) ?? 0) + count);
    }
    const total = [...work.values()].reduce((sum, count) => sum + count, 0);
    const kinds = [...work].map(([kind, count]) => `${kind} ${count}`).join(', ');
    return `${total} requests answered (${kinds}); ${refused} connections refused or reset, ${notReady} answers of a server that was not ready, tried again elsewhere`;
  }
}

import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Fleet } from '../../_helpers/fleet.ts';
import { NodeRoot, openBundle, type OpenFile } from '../../_helpers/node-root.ts';
import { health } from '../_etcd.ts';
import * as kubernetes from '../_kubernetes.ts';
import { ControlPlane } from '../_machines/control-plane.ts';
import type { Machine } from '../_machines/machine.ts';
import { ADDRESSES, ADMIN, CLUSTER, CONTROLLERS, HOSTS, LOAD, NODES } from './_cluster.ts';
import { SERVERS, SERVICE, WORKERS, type NodeName } from './_cluster.ts';
import { Complaints } from './_complaints.ts';
import { approveServing, startWorker } from './_kubelet.ts';

const PLACES = NODES.map((node) => ({
  cluster: CLUSTER,
  node,
  addresses: [`${ADDRESSES[node]}/24`],
}));
/** Seconds that a pod has to end: API servers would wait for their watches, each time for a minute. */
const GRACE = 5;
const DAY = 86_400_000;

/** Three members of etcd, two API servers with their controllers, and a machine for the load. */
export class Topology {
  readonly fleet: Fleet;
  readonly plane: ControlPlane;
  readonly load: Machine;
  readonly #complaints = new Complaints();
  /** Nodes whose pods restart: a controller that starts without its API server would never know of a front proxy. */
  #restarting: readonly NodeName[] = [];
  /** Pods that had ended by themselves. */
  readonly restarts: string[] = [];
  #kubelet: NodeJS.Timeout | undefined;
  #now: Date;

  private constructor(fleet: Fleet, plane: ControlPlane, load: Machine, now: Date) {
    [this.fleet, this.plane, this.load, this.#now] = [fleet, plane, load, now];
  }

  /** The tree is from some months ago, so that later stages are not of the future. */
  static async create(fleet: Fleet): Promise<Topology> {
    const now = new Date(Date.now() - 80 * DAY);
    const declaration = path.join(import.meta.dirname, '_rotation.declaration.ts');
    fleet.write('clusters/main.ts', readFileSync(declaration, 'utf8'));
    await succeed(fleet, ['synth', '--now', now.toISOString()]);
    await fleet.commit(now);
    const plane = await ControlPlane.create(fleet, PLACES, HOSTS);
    const root = new NodeRoot(fleet, 'machine-load');
    mkdirSync(path.join(root.folder, 'etc/kubernetes'), { recursive: true }); // and no pods in it
    const load = await plane.add('load', root, [`${LOAD}/24`]);
    await load.succeed('ip', ['addr', 'add', `${SERVICE}/32`, 'dev', 'lo']);
    for (const node of SERVERS) {
      await plane.machine(node).succeed('ip', ['route', 'add', `${SERVICE}/32`, 'via', LOAD]);
    }
    return new Topology(fleet, plane, load, now);
  }

  async boot(): Promise<void> {
    await this.plane.startPods(['etcd']);
    const servers = SERVERS.map((node) => this.machine(node));
    for (const machine of servers) await machine.startPods('kube-apiserver');
    for (const machine of servers) await machine.startPods(...CONTROLLERS);
    this.#kubelet = setInterval(() => {
      this.#startEnded();
    }, 1000);
    const first = this.machine('cp-1');
    const breakGlass = await kubernetes.breakGlass(this.fleet, CLUSTER, first);
    await this.deliver(breakGlass);
    await kubernetes.allowed(first, ADMIN, ['*', '*', '--all-namespaces']);
    for (const [name, address] of Object.entries(WORKERS)) {
      await startWorker(this.fleet, this.plane, name, address);
    }
    for (const name of Object.keys(WORKERS)) {
      await this.ready(name);
      await approveServing(first, this.machine(name));
    }
  }

  machine(name: string): Machine {
    return this.plane.machine(name);
  }

  /** One stage of a keyset, two days after the one before, merged at once; returns what `rotate` has printed. */
  async rotate(keyset: string, ...options: readonly string[]): Promise<string> {
    this.#now = new Date(this.#now.getTime() + 2 * DAY);
    const now = this.#now.toISOString();
    const args = ['rotate', CLUSTER, keyset, ...options, '--now', now];
    const output = await succeed(this.fleet, args);
    await this.fleet.commit(this.#now);
    return output;
  }

  /** What the tree has for a node. */
  bundle(node: NodeName): Promise<readonly OpenFile[]> {
    return openBundle(this.fleet, { cluster: CLUSTER, node });
  }

  /** What Flux does: applies the manifests of the tree. */
  async deliver(client: kubernetes.Client = ADMIN): Promise<void> {
    const manifests = await kubernetes.manifests(this.fleet, CLUSTER, 'flux');
    await kubernetes.apply(this.machine('cp-1'), client, manifests);
  }

  /** The bundles of the tree, node by node: what a kubelet restarts is what has another manifest. Returns what has restarted. */
  async rollOut(): Promise<readonly string[]> {
    const restarted: string[] = [];
    for (const node of NODES) {
      const machine = this.machine(node);
      const changed = await this.#put(node);
      this.#restarting = [node];
      await Promise.all(changed.map((name) => machine.restartPod(name, GRACE)));
      this.#restarting = [];
      if (changed.includes('etcd')) await this.#healthy(machine);
      restarted.push(...changed.map((name) => `${node}/${name}`));
    }
    return restarted;
  }

  /** As above, on all nodes at once: until it has restarted everywhere, nobody answers. */
  async rollOutAtOnce(): Promise<void> {
    this.#restarting = NODES;
    const changed = await Promise.all(NODES.map((node) => this.#put(node)));
    for (const names of [['etcd'], ['kube-apiserver'], CONTROLLERS]) {
      const restarts = NODES.flatMap((node, index) =>
        (changed[index] ?? [])
          .filter((name) => names.includes(name))
          .map((name) => this.machine(node).restartPod(name, GRACE)),
      );
      await Promise.all(restarts);
    }
    this.#restarting = [];
  }

  /** The bundle of a node; returns the pods whose manifests it changes. */
  async #put(node: NodeName): Promise<readonly string[]> {
    const { root } = this.machine(node);
    const before = manifestsOf(this.machine(node));
    root.put(await this.bundle(node));
    const after = manifestsOf(this.machine(node));
    return podsOf(node).filter((name) => after.get(name) !== before.get(name));
  }

  /** Waits until a node is Ready, by a heartbeat of after now. */
  async ready(name: string): Promise<void> {
    const start = Date.now();
    const first = this.machine('cp-1');
    await kubernetes.eventually(`${name} Ready`, async () => {
      const { status } = await kubernetes.json(first, ADMIN, ['get', 'node', name]);
      const { conditions } = status as {
        readonly conditions: readonly { type: string; status: string; lastHeartbeatTime: string }[];
      };
      const ready = conditions.find(({ type }) => type === 'Ready');
      const isFresh = Date.parse(ready?.lastHeartbeatTime ?? '') >= start - 1000;
      return ready?.status === 'True' && isFresh ? true : undefined;
    });
  }

  /** Ends what is not a machine's own. */
  end(): void {
    clearInterval(this.#kubelet);
  }

  /** What a kubelet does when a container has ended: controllers do that when they lose their lease. */
  #startEnded(): void {
    for (const node of NODES) {
      const machine = this.machine(node);
      for (const name of podsOf(node)) {
        if (machine.isRunning(name) || this.#restarting.includes(node)) continue;
        machine.launchPod(name);
        this.restarts.push(`${node}/${name}`);
      }
    }
  }

  /** What processes of the control plane have said of certificates and tokens since it was asked last. */
  complaints(): readonly string[] {
    return [...NODES, ...Object.keys(WORKERS)].flatMap((node) => {
      const machine = this.machine(node);
      return podsOf(node).flatMap((pod) => this.#complaints.of(`${node}/${pod}`, machine.log(pod)));
    });
  }

  async #healthy(machine: Machine): Promise<void> {
    await kubernetes.eventually('a healthy etcd', async () => {
      const answers = await health(machine);
      return answers.length === 3 && answers.every(([, isHealthy]) => isHealthy) ? true : undefined;
    });
  }
}

function podsOf(node: string): readonly string[] {
  if (node in WORKERS) return ['kubelet'];
  return SERVERS.some((server) => server === node)
    ? ['etcd', 'kube-apiserver', ...CONTROLLERS]
    : ['etcd'];
}

function manifestsOf(machine: Machine): Map<string, string> {
  const files = machine.root.files().filter((file) => file.startsWith('manifests/'));
  return new Map(files.map((file) => [path.basename(file, '.yaml'), machine.root.read(file)]));
}

async function succeed(fleet: Fleet, args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await fleet.cli(args, 'custodian');
  if (status === 0) return stdout.toString();
  throw new Error(`${args.join(' ')}: status ${status}\n${stderr.toString()}`);
}

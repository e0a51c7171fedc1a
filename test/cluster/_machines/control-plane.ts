import path from 'node:path';
import type { NodePlace } from '../../_helpers/fleet-tree.ts';
import type { Fleet } from '../../_helpers/fleet.ts';
import { NodeRoot } from '../../_helpers/node-root.ts';
import { Machine } from './machine.ts';
import { Network } from './network.ts';

export interface MachinePlace extends NodePlace {
  /** With prefix lengths. */
  readonly addresses: readonly string[];
}

const MEMBERS = ['etcd'];
const CONTROLLERS = ['kube-controller-manager', 'kube-scheduler'];

/** Machines with the bundles of their nodes, each opened with the identity of its node alone. */
export class ControlPlane {
  readonly #machines: Machine[] = [];
  readonly #network: Network;
  readonly #hosts: readonly string[];

  private constructor(network: Network, hosts: readonly string[]) {
    [this.#network, this.#hosts] = [network, hosts];
  }

  /** Every machine knows `hosts`, lines of `/etc/hosts`. */
  static async create(
    fleet: Fleet,
    places: readonly MachinePlace[],
    hosts: readonly string[],
  ): Promise<ControlPlane> {
    const plane = new ControlPlane(await Network.create(path.dirname(fleet.root)), hosts);
    try {
      for (const place of places) {
        const { node: name, addresses } = place;
        const root = await NodeRoot.installed(fleet, place, `machine-${place.cluster}-${name}`);
        await plane.add(name, root, addresses);
      }
      return plane;
    } catch (error) {
      await plane.end();
      throw error;
    }
  }

  get machines(): readonly Machine[] {
    return this.#machines;
  }

  /** Joins one more machine to the network. */
  async add(name: string, root: NodeRoot, addresses: readonly string[]): Promise<Machine> {
    const [network, hosts] = [this.#network, this.#hosts];
    const machine = await Machine.create({ name, network, addresses, hosts, root });
    this.#machines.push(machine);
    return machine;
  }

  /** Starts all static pods: every etcd at once, as they need each other, then one API server after the other. */
  async boot(): Promise<void> {
    await this.startPods(MEMBERS);
    for (const machine of this.#machines) {
      if (machine.pods().has('kube-apiserver')) await machine.startPods('kube-apiserver');
    }
    await this.startPods(CONTROLLERS);
  }

  /** Starts pods on every machine that has them and does not run them. */
  async startPods(names: readonly string[]): Promise<void> {
    await Promise.all(
      this.#machines.map((machine) => {
        const pods = machine.pods();
        const missing = names.filter((name) => pods.has(name) && !machine.isRunning(name));
        return machine.startPods(...missing);
      }),
    );
  }

  machine(name: string): Machine {
    const found = this.#machines.find((machine) => machine.name === name);
    if (found === undefined) throw new Error(`no machine "${name}"`);
    return found;
  }

  /** The ends of all logs. */
  logs(): string {
    return this.#machines.map((machine) => machine.logs()).join('');
  }

  async end(): Promise<void> {
    for (const machine of this.#machines) await machine.end();
    await this.#network.end();
  }
}

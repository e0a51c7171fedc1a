import { succeed } from '../../_helpers/run-program.ts';
import { toolPath } from '../../_helpers/tools.ts';
import { Namespaces } from './namespaces.ts';

const ENVIRONMENT = { cwd: '/', env: { PATH: process.env['PATH'] ?? '' } };

/** A switch in a namespace of its own: machines are joined by it, and nothing leads out of it. */
export class Network {
  readonly #switch: Namespaces;
  #ports = 0;

  private constructor(namespaces: Namespaces) {
    this.#switch = namespaces;
  }

  /** However the test ends, `folder` is removed with the network: it holds private keys. */
  static async create(folder: string): Promise<Network> {
    const setup = 'ip link add br0 type bridge\nip link set br0 up';
    const farewell = 'rm -rf "$FOLDER"';
    return new Network(await Namespaces.create(setup, { FOLDER: folder }, farewell));
  }

  /** Gives `machine` an interface with `addresses`, each with its prefix length. */
  async join(machine: Namespaces, addresses: readonly string[]): Promise<void> {
    const port = `port${(this.#ports += 1)}`;
    const peer = ['peer', 'name', 'eth0', 'netns', String(machine.pid)];
    // in the switch's network alone: a process id of a machine is one of outside
    const net = ['--target', String(this.#switch.pid), '--net', '--'];
    const ip = ['ip', 'link', 'add', port, 'type', 'veth', ...peer];
    await succeed(toolPath('nsenter'), [...net, ...ip], ENVIRONMENT);
    await succeed(
      'nsenter',
      [...net, 'ip', 'link', 'set', port, 'master', 'br0', 'up'],
      ENVIRONMENT,
    );
    const commands = addresses.map((address) => [
      ...['addr', 'add', address, 'dev', 'eth0'],
      ...(address.includes(':') ? ['nodad'] : []),
    ]);
    for (const args of [...commands, ['link', 'set', 'eth0', 'up']]) {
      const { status, stderr } = await machine.run('ip', args, ENVIRONMENT);
      if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr.toString()}`);
    }
  }

  end(): Promise<void> {
    return this.#switch.end();
  }
}

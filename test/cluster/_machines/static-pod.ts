import { load } from 'js-yaml';
import { record, text } from '../../_helpers/fleet-tree.ts';

export interface Probe {
  readonly url: string;
  readonly timeoutSeconds: number;
}

export interface Mount {
  /** On the machine. */
  readonly source: string;
  /** In the pod. */
  readonly target: string;
  readonly isFile: boolean;
  readonly readOnly: boolean;
}

export interface StaticPod {
  readonly name: string;
  /** Program and arguments. */
  readonly command: readonly [string, ...string[]];
  readonly annotations: Readonly<Record<string, string>>;
  /** Until the first one passes, a pod has not started; then it is to be ready. */
  readonly probes: readonly Probe[];
  readonly mounts: readonly Mount[];
}

/** What a kubelet reads from a static pod's manifest with one container. */
export function parseStaticPod(manifest: string): StaticPod {
  const { apiVersion, kind, metadata, spec } = record(load(manifest));
  if (apiVersion !== 'v1' || kind !== 'Pod') throw new TypeError('not a Pod');
  const { containers, volumes } = record(spec);
  const [container, ...others] = containers as readonly unknown[];
  if (others.length > 0) throw new TypeError('more than one container');
  const { command, args, name, ...rest } = record(container);
  if (!Array.isArray(command) || command.length === 0 || args !== undefined) {
    throw new TypeError('not a command');
  }
  const { startupProbe, readinessProbe, livenessProbe } = rest;
  const ports = namedPorts(rest['ports']);
  return {
    name: text(name),
    command: command.map(text) as [string, ...string[]],
    annotations: (record(metadata)['annotations'] ?? {}) as Record<string, string>,
    probes: [startupProbe, readinessProbe, livenessProbe]
      .filter((probe) => probe !== undefined)
      .map((probe) => readProbe(record(probe), ports)),
    mounts: readMounts(volumes, rest['volumeMounts']),
  };
}

function readMounts(volumes: unknown = [], mounts: unknown = []): readonly Mount[] {
  const sources = new Map(
    (volumes as readonly unknown[]).map((volume) => {
      const { name, hostPath } = record(volume);
      return [text(name), record(hostPath)];
    }),
  );
  return (mounts as readonly unknown[]).map((mount) => {
    const { name, mountPath, readOnly = false } = record(mount);
    const source = sources.get(text(name));
    if (source === undefined) throw new TypeError(`no volume "${text(name)}"`);
    const type = text(source['type'] ?? '');
    return {
      source: text(source['path']),
      target: text(mountPath),
      isFile: type.startsWith('File'),
      readOnly: readOnly === true,
    };
  });
}

/**
 * A shell script that leaves of the machine's `/etc/kubernetes` and `/var/lib` only what a pod mounts, and then becomes the program
 * of its arguments. What is mounted from elsewhere stays as it is: it is not this machine's own.
 */
export function isolate({ name, mounts }: StaticPod): string {
  const own = mounts.filter(({ source }) => /^\/(?:etc|var\/lib)\/[\w./-]+$/u.test(source));
  const aside = own.map(({ source, isFile }, index) => {
    const place = `/run/pods/${name}/${index}`;
    const create = isFile ? `: >${place}` : `mkdir -p ${place} ${source}`;
    return `${create}\nmount --bind ${source} ${place}`;
  });
  const into = own.map(({ target, isFile, readOnly }, index) => {
    const create = isFile ? `mkdir -p "$(dirname ${target})"\n: >${target}` : `mkdir -p ${target}`;
    const remount = readOnly ? `\nmount -o remount,bind,ro ${target}` : '';
    return `${create}\nmount --bind /run/pods/${name}/${index} ${target}${remount}`;
  });
  const hide = ['/etc/kubernetes', '/var/lib'].map((folder) => `mount -t tmpfs tmpfs ${folder}`);
  const lines = ['set -e', `mkdir -p /run/pods/${name}`, ...aside, ...hide, ...into, 'exec "$@"'];
  return lines.join('\n');
}

function namedPorts(ports: unknown = []): ReadonlyMap<string, number> {
  return new Map(
    (ports as readonly unknown[]).map((port) => {
      const { name, containerPort } = record(port);
      return [text(name), Number(containerPort)];
    }),
  );
}

function readProbe(probe: Record<string, unknown>, ports: ReadonlyMap<string, number>): Probe {
  // without a host it is the pod's own address: that of the machine, loopback included
  const { host = '127.0.0.1', path, port, scheme = 'HTTP' } = record(probe['httpGet']);
  const number = typeof port === 'number' ? port : ports.get(text(port));
  if (number === undefined) throw new TypeError(`no port "${String(port)}"`);
  const name = text(host);
  const address = name.includes(':') ? `[${name}]` : name;
  const url = `${text(scheme).toLowerCase()}://${address}:${number}${text(path)}`;
  return { url, timeoutSeconds: Number(probe['timeoutSeconds'] ?? 1) };
}

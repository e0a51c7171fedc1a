import { posix } from 'node:path';
import type { JsonValue } from '../../model/desired.ts';
import type { PodObject } from '../../catalog/static-pods/pod.ts';

type Fields = Readonly<Record<string, JsonValue | undefined>>;

/** A folder or file of the node as a container sees it. */
interface Mount {
  readonly mountPath: string;
  readonly hostPath: string;
}

/**
 * The files, among those of the pod's own bundle, that its containers read: what arguments and environment name, a file or a folder,
 * and all that lies in a mount of which they name nothing. Sorted.
 */
export function readsOf(pod: PodObject, files: readonly string[]): string[] {
  const spec = fields(pod['spec']);
  const hostPaths = new Map(
    list(spec['volumes']).map((volume) => [
      text(fields(volume)['name']),
      text(fields(fields(volume)['hostPath'])['path']),
    ]),
  );
  const containers = [...list(spec['initContainers']), ...list(spec['containers'])].map(fields);
  const places = containers.flatMap((container) => {
    const mounts = mountsOf(container, hostPaths);
    const named = namedPaths(container).map((path) => ({ path, mount: mountOf(path, mounts) }));
    const used = new Set(named.map(({ mount }) => mount));
    return [
      ...mounts.filter((mount) => !used.has(mount)).map(({ hostPath }) => hostPath),
      ...named.flatMap(({ path, mount }) =>
        mount === undefined ? [] : [mount.hostPath + path.slice(mount.mountPath.length)],
      ),
    ];
  });
  const named = new Set(places.map((place) => place.slice(1)));
  const folders = [...named].map((place) => (place === '' ? '' : `${place}/`));
  return files
    .filter((file) => named.has(file) || folders.some((folder) => file.startsWith(folder)))
    .sort();
}

function mountsOf(container: Fields, hostPaths: ReadonlyMap<string, string>): Mount[] {
  return list(container['volumeMounts']).flatMap((item) => {
    const { name, mountPath, subPath } = fields(item);
    const volume = hostPaths.get(text(name)) ?? '';
    const below = text(subPath) === '' ? '' : `/${text(subPath)}`;
    return volume === ''
      ? []
      : [{ mountPath: plain(text(mountPath)), hostPath: plain(volume + below) }];
  });
}

/** The innermost mount that a path of the container lies in. */
function mountOf(path: string, mounts: readonly Mount[]): Mount | undefined {
  return mounts
    .filter(({ mountPath }) => isWithin(path, mountPath))
    .sort((a, b) => b.mountPath.length - a.mountPath.length)[0];
}

const SEPARATORS = [
  /[\s"'`=,:;()<>|&]+/u,
  /[\s"'`=,:;()<>|&@[\]{}]+/u, // `--flag=@/path`, `[/path]`; the first is for names that hold one of these
] as const;

/** Absolute paths anywhere in the arguments: `--flag=/path`, lists of them, `/cert,/key:name`, the words of a shell command. */
function namedPaths(container: Fields): string[] {
  const words = [
    ...list(container['command']),
    ...list(container['args']),
    ...list(container['env']).map((variable) => fields(variable)['value']),
  ];
  const parts = words
    .map(text)
    .filter((word) => word.includes('/'))
    .flatMap(pathsIn);
  return [...new Set(parts)];
}

/** Most words of static pods are those of every cluster. */
const known = new Map<string, readonly string[]>();
const MOST_KNOWN = 1000;

function pathsIn(word: string): readonly string[] {
  const before = known.get(word);
  if (before !== undefined) return before;
  const paths = SEPARATORS.flatMap((separator) => word.split(separator))
    .filter((part) => part.startsWith('/'))
    .map(plain);
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(word, paths);
  return paths;
}

/** Without dots, repeated and trailing slashes, the root being empty. */
const plain = (path: string): string =>
  path === '' ? '' : posix.normalize(path).replace(/\/$/u, '');

const isWithin = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(`${folder}/`);

const fields = (value: JsonValue | undefined): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};

const list = (value: JsonValue | undefined): readonly JsonValue[] =>
  Array.isArray(value) ? (value as readonly JsonValue[]) : [];

const text = (value: JsonValue | undefined): string => (typeof value === 'string' ? value : '');

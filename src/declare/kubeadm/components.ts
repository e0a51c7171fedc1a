import { isDnsLabel } from '../../catalog/names/dns.ts';
import type { ComponentName } from '../../catalog/static-pods/input.ts';
import { COMPONENTS } from '../../catalog/static-pods/pod.ts';
import type { Component, ExtraVolume, KubeadmClusterProps } from './props.ts';

/** The props that name each component. */
export const COMPONENT_PROPS = {
  etcd: 'etcdLocal',
  'kube-apiserver': 'apiServer',
  'kube-controller-manager': 'controllerManager',
  'kube-scheduler': 'scheduler',
} as const satisfies Record<ComponentName, keyof KubeadmClusterProps>;

const PATH_COMPONENT = String.raw`[a-z0-9]+(?:[._-]+[a-z0-9]+)*`;
const REPOSITORY = String.raw`(?:[A-Za-z0-9.-]+(?::\d{1,5})?/)?${PATH_COMPONENT}(?:/${PATH_COMPONENT})*`;
const IMAGE = new RegExp(`^${REPOSITORY}(?::\\w[\\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$`, 'u');
const IMAGE_REPOSITORY = new RegExp(`^(?:[A-Za-z0-9.-]+(?::\\d{1,5})?|${REPOSITORY})$`, 'u');

const PATH_TYPES = [
  '',
  'DirectoryOrCreate',
  'Directory',
  'FileOrCreate',
  'File',
  'Socket',
  'CharDevice',
  'BlockDevice',
];

/** What is wrong with the settings of the components, as far as their flags' own meaning is not needed to say so. */
export function componentProblems(props: KubeadmClusterProps): string[] {
  const { imageRepository } = props;
  return [
    ...(imageRepository === undefined || IMAGE_REPOSITORY.test(imageRepository)
      ? []
      : [`imageRepository ${JSON.stringify(imageRepository)} is not a registry with a path`]),
    ...Object.entries(COMPONENT_PROPS).flatMap(([name, prop]) => {
      const component = props[prop];
      const without = uselessBecause(props, name as ComponentName);
      if (component === undefined) return [];
      if (without !== undefined) return [`${prop} has no effect: ${without}`];
      return [
        ...argumentProblems(component, name as ComponentName),
        ...volumeProblems(component, name as ComponentName),
        ...imageProblems(component),
      ].map((problem) => `${prop}: ${problem}`);
    }),
  ];
}

function uselessBecause(
  { kubernetesVersion, etcd = 'stacked' }: KubeadmClusterProps,
  name: ComponentName,
): string | undefined {
  if (kubernetesVersion === undefined)
    return 'without a kubernetesVersion there are no static pods';
  return name === 'etcd' && etcd !== 'stacked' ? 'etcd is external' : undefined;
}

function imageProblems({ image }: Component): string[] {
  return image === undefined || IMAGE.test(image)
    ? []
    : [`image ${JSON.stringify(image)} is not an image reference`];
}

/** Flags whose values are this product's to decide, with the reason or what to use instead. */
const OWN_FLAGS: Readonly<Record<ComponentName, Readonly<Record<string, string>>>> = {
  etcd: {
    name: 'the member has the name of its node',
    'initial-advertise-peer-urls': 'it is what --initial-cluster says of the member',
    'initial-cluster': 'it is frozen when the node is first written',
    'initial-cluster-state': 'it is frozen when the node is first written',
    'client-crl-file': 'it is there from the first `cdk8s-pki revoke` on',
    'peer-crl-file': 'it is there from the first `cdk8s-pki revoke` on',
  },
  'kube-apiserver': {},
  'kube-controller-manager': {
    'cluster-signing-cert-file': 'it must hold one certificate, also during a rotation',
    'cluster-signing-duration': 'set clusterSigningDuration: rotations count on it',
  },
  'kube-scheduler': {},
};

function argumentProblems({ extraArgs = {} }: Component, component: ComponentName): string[] {
  return Object.entries(extraArgs).flatMap(([name, values]) => {
    const flag = `extraArgs ${JSON.stringify(name)}`;
    const known = name.replaceAll('_', '-'); // which is the same to Kubernetes
    const reason = new Map(Object.entries(OWN_FLAGS[component])).get(known);
    if (reason !== undefined) return [`${flag} cannot be given: ${reason}`];
    if (name.startsWith('-')) return [`${flag} is written with dashes; name the flag without them`];
    if (!/^[A-Za-z0-9][-A-Za-z0-9_.]*$/u.test(name)) return [`${flag} is not the name of a flag`];
    const list = [values].flat();
    if (list.length === 0) return [`${flag} is an empty list`];
    const untrusted = trustProblem(known, list, component);
    if (untrusted !== undefined) return [`${flag} ${untrusted}`];
    return list.every((value) => typeof value === 'string' && /^\P{Cc}*$/u.test(value))
      ? []
      : [`${flag} has a value that is not one line of text`];
  });
}

/** A rotation changes who is trusted in the files of the tree alone, so a component must go on reading them. */
function trustProblem(
  name: string,
  values: readonly string[],
  component: ComponentName,
): string | undefined {
  const rows = COMPONENTS.find((row) => row.name === component)?.flags ?? [];
  const { trusts, isRepeatable } = rows.find((row) => row.name === name) ?? {};
  if (trusts === undefined || (isRepeatable ? values : values.slice(-1)).includes(trusts))
    return undefined;
  const must = isRepeatable ? 'must name' : 'must be';
  return `${must} ${JSON.stringify(trusts)}: rotations change who is trusted there`;
}

function volumeProblems({ extraVolumes = [] }: Component, component: ComponentName): string[] {
  const own = COMPONENTS.find(({ name }) => name === component)?.volumes ?? [];
  const names = new Set<string>();
  const replaced = new Set(extraVolumes.map((volume) => volume.name));
  const paths = new Set<string>(
    own
      .filter((row) => !replaced.has(row.name))
      .map((row) => row.path)
      .filter((path) => typeof path === 'string'),
  );
  return extraVolumes.flatMap((volume) => {
    const { name, mountPath } = volume;
    const isTwice = names.has(name) || paths.has(mountPath);
    names.add(name);
    paths.add(mountPath);
    return [
      ...shapeProblems(volume),
      ...(isTwice ? ['has a name or a mountPath that another volume has'] : []),
      ...(own.some((row) => row.reserved && row.name === name)
        ? [`has the name of a volume that ${component} cannot do without`]
        : []),
    ].map((problem) => `extraVolumes ${JSON.stringify(name)} ${problem}`);
  });
}

function shapeProblems({ name, hostPath, mountPath, pathType = '' }: ExtraVolume): string[] {
  return [
    ...(isDnsLabel(name) ? [] : ['is not a DNS label']),
    ...Object.entries({ hostPath, mountPath })
      .filter(([, path]) => !isAbsolute(path))
      .map(([label]) => `has a ${label} that is not an absolute path without "." and ".."`),
    ...(mountPath.includes(':') ? ['has a mountPath with a colon'] : []),
    ...(PATH_TYPES.includes(pathType) ? [] : [`has pathType ${JSON.stringify(pathType)}`]),
  ];
}

const isAbsolute = (path: string): boolean =>
  path === '/' || /^(?:\/(?!\.{1,2}(?:\/|$))[^/\p{Cc}]+)+$/u.test(path);

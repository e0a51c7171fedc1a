import { extraArgument, type ComponentRow } from './input.ts';
import { KUBERNETES_DIR, PORTS, probeHost } from './places.ts';

const KUBECONFIG = `${KUBERNETES_DIR}/scheduler.conf`;

/** phases/controlplane/manifests.go: getSchedulerCommand */
export const KUBE_SCHEDULER: ComponentRow = {
  name: 'kube-scheduler',
  imageTag: ({ version }) => `v${version}`,
  requests: { cpu: '100m' },
  flags: [
    { name: 'bind-address', value: () => '127.0.0.1' },
    { name: 'leader-elect', value: () => 'true' },
    { name: 'kubeconfig', value: () => KUBECONFIG },
    { name: 'authentication-kubeconfig', value: () => KUBECONFIG },
    { name: 'authorization-kubeconfig', value: () => KUBECONFIG },
  ],
  volumes: [
    {
      name: 'kubeconfig',
      path: KUBECONFIG,
      type: 'FileOrCreate',
      readOnly: true,
      reserved: true,
    },
  ],
  probe: {
    host: (input) =>
      probeHost(extraArgument(input, 'kube-scheduler', 'bind-address') ?? '127.0.0.1'),
    port: () => PORTS.scheduler,
    scheme: () => 'HTTPS',
    liveness: '/livez',
    readiness: '/readyz',
    startup: '/livez',
  },
  annotations: () => ({}),
};

import test from 'ava';
import { NODE_FILES } from '../../../src/catalog/node-files.ts';
import { COMPONENTS } from '../../../src/catalog/static-pods/pod.ts';
import { invalid, newKubeadm } from '../../_helpers/declare.ts';
import { flag, flagsOf, nodeFiles, podOf } from '../../_helpers/static-pods.ts';

/** By which files of `/etc/kubernetes/pki` the components trust. */
const TRUST = {
  etcdLocal: {
    'trusted-ca-file': 'etcd/ca.crt',
    'peer-trusted-ca-file': 'etcd/ca.crt',
  },
  apiServer: {
    'client-ca-file': 'ca.crt',
    'etcd-cafile': 'etcd/ca.crt',
    'requestheader-client-ca-file': 'front-proxy-ca.crt',
    'service-account-key-file': 'sa.pub',
  },
  controllerManager: {
    'client-ca-file': 'ca.crt',
    'requestheader-client-ca-file': 'front-proxy-ca.crt',
    'root-ca-file': 'ca.crt',
  },
} as const;

/** Every trust flag with values that follow from its file. */
const trusting = (values: (file: string) => string | string[]) =>
  Object.fromEntries(
    Object.entries(TRUST).map(([prop, flags]) => [
      prop,
      {
        extraArgs: Object.fromEntries(
          Object.entries(flags).map(([name, file]) => [
            name,
            values(`/etc/kubernetes/pki/${file}`),
          ]),
        ),
      },
    ]),
  );

const trustMessages = Object.entries(TRUST).flatMap(([prop, flags]) =>
  Object.entries(flags).map(([name, file]): [string, RegExp] => [
    'prod',
    new RegExp(
      `${prop}: extraArgs "${name}" must (?:be|name) "/etc/kubernetes/pki/${file}": rotations`,
      'u',
    ),
  ]),
);

test(
  'a trust flag that no longer names the file of the tree',
  invalid,
  (app) => {
    newKubeadm(app, { kubernetesVersion: '1.34.4', ...trusting(() => '/etc/own.crt') });
    return app;
  },
  ...trustMessages,
);

test(
  'a trust flag, in a control plane of kubeadm',
  invalid,
  (app) => {
    newKubeadm(app, {
      kubernetesVersion: '1.34.4',
      controlPlane: 'kubeadm',
      ...trusting(() => '/etc/kubernetes/pki/cluster-signing-ca.crt'),
    });
    return app;
  },
  ...trustMessages,
);

test(
  'a trust flag whose last value is another, or that is written with underscores',
  invalid,
  (app) => {
    newKubeadm(app, {
      kubernetesVersion: '1.34.4',
      apiServer: {
        extraArgs: {
          'client-ca-file': ['/etc/kubernetes/pki/ca.crt', '/etc/own.crt'],
          service_account_key_file: '/etc/own.pub',
        },
      },
      controllerManager: { extraArgs: { cluster_signing_cert_file: '/x' } },
    });
    return app;
  },
  ['prod', /apiServer: extraArgs "client-ca-file" must be/],
  ['prod', /apiServer: extraArgs "service_account_key_file" must name/],
  ['prod', /controllerManager: extraArgs "cluster_signing_cert_file" cannot be given/],
);

test('trust flags: one flag may say what it says, and that of public keys more besides', (t) => {
  for (const [prop, flags] of Object.entries(TRUST)) {
    const component = { etcdLocal: 'etcd', apiServer: 'kube-apiserver' }[prop];
    const pod = component ?? 'kube-controller-manager';
    for (const [name, file] of Object.entries(flags))
      t.deepEqual(
        flag(
          trusting((path) => ['/first', path]),
          pod,
          name,
        ),
        ['/first', `/etc/kubernetes/pki/${file}`],
      );
  }
  const keys = ['/etc/kubernetes/pki/sa.pub', '/etc/kubernetes/pki/former.pub'];
  const apiServer = { extraArgs: { 'service-account-key-file': keys } };
  t.deepEqual(flag({ apiServer }, 'kube-apiserver', 'service-account-key-file'), keys);
});

test('trust flags: every flag of a bundle, or of public keys, is one that cannot be taken away', (t) => {
  const files = NODE_FILES.filter(({ part }) => part === 'trustBundle' || part === 'publicKeys');
  const paths = new Set(files.map(({ path }) => `/etc/kubernetes/${path}`));
  const found = COMPONENTS.map(({ name }) => [
    name,
    flagsOf(podOf(nodeFiles(), name))
      .filter((text) => paths.has(text.replace(/^.*=/u, '')))
      .map((text) => text.replace(/^--|=.*$/gu, '')),
  ]);
  t.deepEqual(found, [
    ['etcd', Object.keys(TRUST.etcdLocal).sort()],
    ['kube-apiserver', Object.keys(TRUST.apiServer).sort()],
    ['kube-controller-manager', Object.keys(TRUST.controllerManager).sort()],
    ['kube-scheduler', []],
  ]);
});

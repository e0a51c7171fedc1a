import test from 'ava';
import { AUTHORITIES } from '../../../src/catalog/authorities.ts';
import { CERTIFICATES } from '../../../src/catalog/certificates.ts';
import { KUBECONFIGS } from '../../../src/catalog/kubeconfigs.ts';
import { NODE_FILES } from '../../../src/catalog/node-files.ts';
import { SAN_RULES } from '../../../src/catalog/sans.ts';

// kubeadm 1.34: cmd/kubeadm/app/phases/certs/certlist.go, phases/kubeconfig/kubeconfig.go.

test('authorities: kubeadm’s names, common names and files', (t) => {
  t.deepEqual(
    AUTHORITIES.map(({ name, commonName, baseFile }) => [name, commonName, baseFile]),
    [
      ['ca', 'kubernetes', 'ca'],
      ['etcd-ca', 'etcd-ca', 'etcd/ca'],
      ['front-proxy-ca', 'front-proxy-ca', 'front-proxy-ca'],
    ],
  );
});

test('certificates: kubeadm’s files, subjects, profiles and issuers', (t) => {
  const node = { from: 'nodeName' };
  t.deepEqual(
    CERTIFICATES.map((row) => [
      row.name,
      row.baseFile,
      row.commonName,
      row.organizations.join(),
      row.profile,
      row.issuer,
    ]),
    [
      ['apiserver', 'apiserver', 'kube-apiserver', '', 'server', 'ca'],
      [
        'apiserver-kubelet-client',
        'apiserver-kubelet-client',
        'kube-apiserver-kubelet-client',
        'kubeadm:cluster-admins',
        'client',
        'ca',
      ],
      [
        'front-proxy-client',
        'front-proxy-client',
        'front-proxy-client',
        '',
        'client',
        'front-proxy-ca',
      ],
      ['etcd-server', 'etcd/server', node, '', 'peer', 'etcd-ca'],
      ['etcd-peer', 'etcd/peer', node, '', 'peer', 'etcd-ca'],
      [
        'etcd-healthcheck-client',
        'etcd/healthcheck-client',
        'kube-etcd-healthcheck-client',
        '',
        'client',
        'etcd-ca',
      ],
      [
        'apiserver-etcd-client',
        'apiserver-etcd-client',
        'kube-apiserver-etcd-client',
        '',
        'client',
        'etcd-ca',
      ],
    ],
  );
});

test('certificates: servers and peers have alternative names, clients none', (t) => {
  for (const { name, profile, sans } of CERTIFICATES)
    t.is(sans === null, profile === 'client', name);
});

test('kubeconfigs: kubeadm’s users, groups and servers', (t) => {
  t.deepEqual(
    KUBECONFIGS.map(({ name, user, groups, server }) => [name, user, groups.join(), server]),
    [
      ['admin.conf', 'kubernetes-admin', 'kubeadm:cluster-admins', 'controlPlane'],
      ['controller-manager.conf', 'system:kube-controller-manager', '', 'local'],
      ['scheduler.conf', 'system:kube-scheduler', '', 'local'],
      [
        'kubelet.conf',
        { prefix: 'system:node:', from: 'nodeName' },
        'system:nodes',
        { localSince: 33 },
      ],
    ],
  );
});

test('node files: kubeadm’s paths, each with its mode', (t) => {
  const octal = (mode: number): string => mode.toString(8);
  t.deepEqual(Object.fromEntries(NODE_FILES.map(({ path, mode }) => [path, octal(mode)])), {
    'pki/ca.crt': '644',
    'pki/ca.key': '600',
    'pki/cluster-signing-ca.crt': '644',
    'pki/etcd/ca.crt': '644',
    'pki/etcd/ca.key': '600',
    'pki/front-proxy-ca.crt': '644',
    'pki/front-proxy-ca.key': '600',
    'pki/sa.pub': '600',
    'pki/sa.key': '600',
    'pki/apiserver.crt': '644',
    'pki/apiserver.key': '600',
    'pki/apiserver-kubelet-client.crt': '644',
    'pki/apiserver-kubelet-client.key': '600',
    'pki/front-proxy-client.crt': '644',
    'pki/front-proxy-client.key': '600',
    'pki/etcd/server.crt': '644',
    'pki/etcd/server.key': '600',
    'pki/etcd/peer.crt': '644',
    'pki/etcd/peer.key': '600',
    'pki/etcd/healthcheck-client.crt': '644',
    'pki/etcd/healthcheck-client.key': '600',
    'pki/apiserver-etcd-client.crt': '644',
    'pki/apiserver-etcd-client.key': '600',
    'admin.conf': '600',
    'controller-manager.conf': '600',
    'scheduler.conf': '600',
    'kubelet.conf': '600',
  });
});

test('node files: private keys and kubeconfigs are secret, nothing else', (t) => {
  const secret = NODE_FILES.filter((row) => row.secret).map(({ path }) => path);
  t.true(secret.every((path) => /\.(?:key|conf)$/u.test(path)));
  t.is(secret.length, NODE_FILES.filter(({ path }) => /\.(?:key|conf)$/u.test(path)).length);
});

test('SAN rules: what kubeadm puts into the certificates of a node', (t) => {
  const source = {
    nodeName: 'cp-1',
    advertiseAddress: '10.0.0.11',
    addresses: ['fd00::11'],
    dnsDomain: 'cluster.local',
    serviceAddress: '10.96.0.1',
    controlPlaneHost: 'api.example.com',
    apiServerCertSans: ['api.internal'],
    etcdServerCertSans: ['etcd.internal'],
    etcdPeerCertSans: ['peer.internal'],
  };
  const etcd = ['cp-1', 'localhost', '10.0.0.11', '127.0.0.1', '::1', 'fd00::11'];
  t.deepEqual(SAN_RULES.apiserver(source), [
    'cp-1',
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
    '10.96.0.1',
    '10.0.0.11',
    'fd00::11',
    'api.example.com',
    'api.internal',
  ]);
  t.deepEqual(SAN_RULES.etcdServer(source), [...etcd, 'etcd.internal']);
  t.deepEqual(SAN_RULES.etcdPeer(source), [...etcd, 'peer.internal']);
});

import test from 'ava';
import { load } from 'js-yaml';
import type { DesiredCluster } from '../../../src/model/desired.ts';
import type { Material } from '../../../src/model/made/material.ts';
import type { CredentialPath } from '../../../src/model/names.ts';
import { etcdStarts } from '../../../src/plan/etcd-starts.ts';
import { renderUnit } from '../../../src/render/unit.ts';
import { describe, newApp, newKubeadm } from '../../_helpers/declare.ts';
import type { Pod } from '../../_helpers/static-pods.ts';

/** Which pods read each credential. A kubeconfig holds the trust bundle of `ca`. */
const READERS: Readonly<Record<string, readonly string[]>> = {
  ca: ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'],
  'etcd-ca': ['etcd', 'kube-apiserver'],
  'front-proxy-ca': ['kube-apiserver', 'kube-controller-manager'],
  'service-account-key': ['kube-apiserver', 'kube-controller-manager'],
  'cp-1/apiserver': ['kube-apiserver'],
  'cp-1/apiserver-kubelet-client': ['kube-apiserver'],
  'cp-1/apiserver-etcd-client': ['kube-apiserver'],
  'cp-1/front-proxy-client': ['kube-apiserver'],
  'cp-1/etcd-server': ['etcd'],
  'cp-1/etcd-peer': ['etcd'],
  'cp-1/etcd-healthcheck-client': [],
  'cp-1/controller-manager.conf': ['kube-controller-manager'],
  'cp-1/scheduler.conf': ['kube-scheduler'],
  'cp-1/admin.conf': [],
  'cp-1/kubelet.conf': [],
};

function material(cluster: DesiredCluster, changed: string | undefined): Material {
  const known = new Map<
    CredentialPath,
    Material extends ReadonlyMap<unknown, infer V> ? V : never
  >();
  const version = (path: string): string => `${path} ${path === changed ? 2 : 1}`;
  for (const { path } of cluster.authorities) {
    const text = version(path);
    known.set(path, {
      kind: 'CertificateAuthority',
      spki: text,
      certificate: text,
      trustBundle: `all of ${text}`,
      chains: new Map(),
    });
  }
  for (const { path } of cluster.serviceAccountKeys)
    known.set(path, { kind: 'ServiceAccountKey', spki: version(path), publicKeys: version(path) });
  for (const { path, kind, issuer, kubeconfig } of cluster.leaves) {
    const config = kubeconfig && { ...kubeconfig, authority: issuer };
    known.set(path, { kind, spki: version(path), certificate: version(path), kubeconfig: config });
  }
  return known;
}

/** The hash of each file that carries one, by component. */
function hashes(cluster: DesiredCluster, changed?: string): Map<string, string | undefined> {
  const unit = { clusters: [cluster], imports: [], exports: [], users: [] };
  const etcd = new Map([['prod', etcdStarts(cluster.bundles, new Map())]]);
  const values = { material: material(cluster, changed), privateKeys: 'projection' as const };
  const files = renderUnit('deploy', unit, values, { inventory: new Map(), etcd });
  return new Map(
    files.flatMap((file) => {
      const name = /\/(?:manifests|patches)\/([-a-z]+)(?:\+strategic)?\.yaml$/u.exec(
        file.path,
      )?.[1];
      if (name === undefined || !file.path.includes('/nodes/') || file.format !== 'plain')
        return [];
      return [[name, (load(file.content) as Pod).metadata.annotations?.['cdk8s-pki/files']]];
    }),
  );
}

for (const controlPlane of ['static-pods', 'kubeadm'] as const) {
  const app = newApp();
  newKubeadm(app, { kubernetesVersion: '1.34.4', controlPlane });
  const cluster = describe(app);
  const before = hashes(cluster);

  test(`${controlPlane}: every pod carries a hash`, (t) => {
    t.is(before.size, 4);
    t.is(new Set(before.values()).size, 4);
    for (const hash of before.values()) t.regex(hash ?? '', /^sha256:[0-9a-f]{64}$/u);
  });

  test(`${controlPlane}: changing one credential changes exactly the hashes of the pods that read it`, (t) => {
    const paths: readonly CredentialPath[] = [
      ...cluster.authorities,
      ...cluster.serviceAccountKeys,
      ...cluster.leaves,
    ].map(({ path }) => path);
    t.deepEqual(
      paths.map((path) => path.slice('prod/'.length)).sort(),
      Object.keys(READERS).sort(),
    );
    for (const path of paths) {
      const after = hashes(cluster, path);
      const changed = [...after.keys()].filter((name) => after.get(name) !== before.get(name));
      t.deepEqual(changed, READERS[path.slice('prod/'.length)], path);
    }
  });
}

import test from 'ava';
import { execa } from 'execa';
import { SIGNING_FLAGS, SIGNS_WITH_ONE } from '../../../src/catalog/rotation/domains/signing.ts';
import { foreignManagers } from '../../../src/catalog/rotation/foreign-managers.ts';
import { stepsBefore } from '../../../src/catalog/rotation/rollout.ts';
import { managerLines } from '../../../src/commands/rotate/warnings.ts';
import { usersIn } from '../../../src/declare/fleet/users.ts';
import { CertificateAuthority, type KubeadmClusterProps } from '../../../src/index.ts';
import type { CredentialPath } from '../../../src/model/names.ts';
import { SHARED } from '../../../src/model/store/layout.ts';
import { describe, newApp, newKubeadm } from '../../_helpers/declare.ts';
import { nodeFiles } from '../../_helpers/static-pods.ts';

const path = (text: string): CredentialPath => text as CredentialPath;

function foreign(keyset: string, props: Partial<KubeadmClusterProps>): string[] {
  const app = newApp();
  newKubeadm(app, { workerNodes: [{ name: 'w-1' }], ...props });
  return foreignManagers([describe(app)], path(keyset), []);
}

test('foreignManagers: a cluster with the key of the CA, and no manifest that names the file of one certificate', (t) => {
  const kubernetesVersion = '1.34.4';
  t.deepEqual(foreign('prod/ca', {}), ['prod']);
  t.deepEqual(foreign('prod/etcd-ca', {}), []);
  t.deepEqual(foreign('prod/front-proxy-ca', {}), []);
  t.deepEqual(foreign('prod/ca', { kubernetesVersion }), []);
  t.deepEqual(foreign('prod/ca', { kubernetesVersion, controlPlane: 'kubeadm' }), []);
});

test('foreignManagers: of clusters that share the CA', (t) => {
  const users = (props: Partial<KubeadmClusterProps>) => {
    const app = newApp();
    const ca = new CertificateAuthority(app, 'root');
    newKubeadm(app, { ca, workerNodes: [{ name: 'w-1' }], ...props });
    return usersIn(describe(app), SHARED);
  };
  t.deepEqual(foreignManagers([], path(`${SHARED}/root`), users({})), ['prod']);
  const own = users({ kubernetesVersion: '1.34.4' });
  t.is(own.length, 1);
  t.deepEqual(foreignManagers([], path(`${SHARED}/root`), own), []);
});

test('managerLines: said before the bundle has two certificates, with the flags', (t) => {
  const [line = '', ...others] = managerLines({ foreignManagers: ['prod'], standing: 'steady' });
  t.deepEqual(others, []);
  for (const flag of SIGNING_FLAGS) t.true(line.includes(flag), flag);
  t.regex(line, /^the tree has no manifest of kube-controller-manager for "prod"/u);
  t.deepEqual(managerLines({ foreignManagers: ['prod'], standing: 'accepted' }), []);
  t.deepEqual(managerLines({ foreignManagers: [], standing: 'steady' }), []);
});

test('RUNBOOKS: what kube-controller-manager signs with is seen before the bundle has two certificates', async (t) => {
  t.true(stepsBefore('ca', 'accept').includes(SIGNS_WITH_ONE));
  const manifest = nodeFiles().get('etc/kubernetes/manifests/kube-controller-manager.yaml');
  const script = SIGNS_WITH_ONE.commands.join('\n').replace(/\S+\.yaml$/u, '-');
  const { stdout } = await execa('bash', ['-c', script], { input: manifest?.content ?? '' });
  t.deepEqual(stdout.split('\n'), SIGNING_FLAGS);
});

import { readFileSync } from 'node:fs';
import {
  App,
  Certificate,
  CertificateAuthority,
  Cluster,
  KubeadmCluster,
  NodeBundle,
} from 'cdk8s-pki';

const recipients = JSON.parse(readFileSync('recipients.json', 'utf8')) as Record<string, string>;
const only = (name: string): string[] => [recipients[name] ?? ''];

const app = new App({ recipients: only('custodian'), deliveryRecipients: only('flux') });

const members = { 'etcd-1': '10.20.0.11', 'etcd-2': '10.20.0.12', 'etcd-3': '10.20.0.13' };
const initialCluster = Object.entries(members)
  .map(([name, address]) => `${name}=https://${address}:2380`)
  .join(',');

/** An etcd of its own, from nothing but authorities, certificates and bundles. */
const etcd = new Cluster(app, 'etcd-eu-1');
const authority = new CertificateAuthority(etcd, 'etcd-ca');

for (const [name, address] of Object.entries(members)) {
  const files: Record<string, { content: string; secret?: boolean; mode?: number }> = {};
  const bundle = new NodeBundle(etcd, name, { recipients: only(name), files });
  const pki = 'etc/kubernetes/pki/etcd';
  const names = { dnsNames: [name, 'localhost'], ipAddresses: [address, '127.0.0.1'] };
  const add = (id: string, certificate: Certificate): void => {
    files[`${pki}/${id}.crt`] = { content: certificate.certificate.pem };
    files[`${pki}/${id}.key`] = { content: certificate.privateKey.pem, secret: true, mode: 0o600 };
  };
  for (const id of ['server', 'peer']) {
    add(id, new Certificate(bundle, id, { issuer: authority, profile: 'peer', ...names }));
  }
  const id = 'healthcheck-client';
  add(id, new Certificate(bundle, id, { issuer: authority, profile: 'client' }));
  files[`${pki}/ca.crt`] = { content: authority.trustBundle.pem };
  files['etc/kubernetes/manifests/etcd.yaml'] = { content: manifest(name, address), mode: 0o600 };
}

/** A control plane that has no etcd. */
const kube = new KubeadmCluster(app, 'apps-eu-1', {
  kubernetesVersion: '1.34.4',
  controlPlaneEndpoint: 'api.apps-eu-1.example.com:6443',
  controlPlaneNodes: [
    { name: 'node-1', advertiseAddress: '10.20.0.21', recipients: only('node-1') },
  ],
  etcd: {
    endpoints: Object.values(members).map((address) => `https://${address}:2379`),
    authority,
  },
});

/** Of the authority of the front proxy, but not of its name. */
new Certificate(kube, 'impostor', { issuer: kube.frontProxyCa, profile: 'client' });

export default app;

/** A static pod as for `kubeadm init phase etcd local`. */
function manifest(name: string, address: string): string {
  const pki = '/etc/kubernetes/pki/etcd';
  const probe = (path: string): object => ({
    httpGet: { host: '127.0.0.1', port: 2381, path, scheme: 'HTTP' },
    timeoutSeconds: 15,
  });
  const hostPath = (id: string, path: string): object => ({ name: id, hostPath: { path } });
  return JSON.stringify(
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'etcd', namespace: 'kube-system', labels: { component: 'etcd' } },
      spec: {
        hostNetwork: true,
        containers: [
          {
            name: 'etcd',
            image: 'registry.k8s.io/etcd:3.6.5-0',
            command: [
              'etcd',
              `--name=${name}`,
              '--data-dir=/var/lib/etcd',
              `--listen-client-urls=https://127.0.0.1:2379,https://${address}:2379`,
              `--advertise-client-urls=https://${address}:2379`,
              `--listen-peer-urls=https://${address}:2380`,
              `--initial-advertise-peer-urls=https://${address}:2380`,
              `--initial-cluster=${initialCluster}`,
              '--initial-cluster-state=new',
              '--listen-metrics-urls=http://127.0.0.1:2381',
              `--cert-file=${pki}/server.crt`,
              `--key-file=${pki}/server.key`,
              `--trusted-ca-file=${pki}/ca.crt`,
              '--client-cert-auth=true',
              `--peer-cert-file=${pki}/peer.crt`,
              `--peer-key-file=${pki}/peer.key`,
              `--peer-trusted-ca-file=${pki}/ca.crt`,
              '--peer-client-cert-auth=true',
            ],
            startupProbe: probe('/readyz'),
            readinessProbe: probe('/readyz'),
            livenessProbe: probe('/livez'),
            volumeMounts: [
              { name: 'data', mountPath: '/var/lib/etcd' },
              { name: 'pki', mountPath: pki },
            ],
          },
        ],
        volumes: [hostPath('data', '/var/lib/etcd'), hostPath('pki', pki)],
      },
    },
    undefined,
    2,
  );
}

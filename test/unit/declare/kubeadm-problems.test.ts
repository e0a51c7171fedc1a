import test from 'ava';
import { CertificateAuthority, KubeadmCluster } from '../../../src/index.ts';
import { invalid, newKubeadm } from '../../_helpers/declare.ts';

test(
  'what is wrong with a KubeadmCluster, once for the cluster',
  invalid,
  (app) => {
    new KubeadmCluster(app, 'prod', {
      kubernetesVersion: '1.28.3',
      controlPlaneEndpoint: 'api:port',
      controlPlaneNodes: [
        { name: 'cp-1', advertiseAddress: '10.0.0.1', addresses: ['x_y'] },
        { name: 'cp-1', advertiseAddress: '10.0.0.2' },
        { name: 'cp-3', advertiseAddress: '10.0.0.1' },
        { name: 'CP', advertiseAddress: '10.0.0.4' },
        { name: 'cp-5', advertiseAddress: '::1' },
        { name: `cp-${'x'.repeat(50)}`, advertiseAddress: '10.0.0.6' },
      ],
      serviceSubnets: ['10.96.0.0/12', '10.97.0.0/16'],
      dnsDomain: 'cluster.local.',
      apiServerCertSans: ['*'],
      etcdServerCertSans: ['a b'],
      etcdPeerCertSans: ['1.2.3'],
    });
    return app;
  },
  ...[
    /kubernetesVersion "1.28.3" is not one of 1.31 to 1.34/,
    /controlPlaneEndpoint "api:port" is not host\[:port\]/,
    /dnsDomain "cluster.local." ends with a dot/,
    /two networks of one family/,
    /apiServerCertSans "\*" may have a wildcard/,
    /etcdServerCertSans "a b" is not a DNS name/,
    /etcdPeerCertSans "1.2.3" is not a DNS name/,
    /node "cp-1": addresses "x_y" has an underscore/,
    /node "CP" is not a node name/,
    /node "cp-5": advertiseAddress "::1" is not an address of a node: loopback/,
    /longer than 52 characters/,
    /node "cp-1" is declared twice/,
    /nodes "cp-1" and "cp-3" have the same advertiseAddress/,
  ].map((message): [string, RegExp] => ['prod', message]),
);

for (const kubernetesVersion of ['latest', '1', '2.0', '1.34.x', '1.034'])
  test(
    `version ${kubernetesVersion}`,
    invalid,
    (app) => {
      newKubeadm(app, { kubernetesVersion });
      return app;
    },
    ['prod', /is not like "1.34.4"/],
  );

test(
  'no control-plane node, an external etcd without endpoints',
  invalid,
  (app) => {
    const authority = new CertificateAuthority(app, 'etcd');
    newKubeadm(app, { controlPlaneNodes: [], etcd: { endpoints: [], authority } });
    return app;
  },
  ['prod', /etcd names no endpoints/],
  ['prod', /names no node/],
);

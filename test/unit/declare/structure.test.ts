import test from 'ava';
import { Chart } from 'cdk8s';
import { Construct } from 'constructs';
import {
  App,
  CertificateAuthority,
  Cluster,
  NodeBundle,
  ServiceAccountKey,
} from '../../../src/index.ts';
import {
  clientOf,
  forged,
  invalid,
  newApp,
  newCluster,
  newKubeadm,
  problemsOf,
} from '../../_helpers/declare.ts';

test('a sound declaration has none', (t) => {
  const app = newApp();
  const prod = newKubeadm(app);
  clientOf(prod, prod.ca);
  t.deepEqual(problemsOf(app), []);
});

test(
  'a nested name that meets a plain one',
  invalid,
  (app) => {
    const prod = newCluster(app);
    const ca = new CertificateAuthority(prod, 'ca');
    clientOf(prod, ca, 'ingress-tls');
    clientOf(new Construct(prod, 'ingress'), ca, 'tls');
    return app;
  },
  ['prod/ingress/tls', /credential "ingress-tls" is also that of \[prod\/ingress-tls\]/],
);

test(
  'a node with the name of a keyset',
  invalid,
  (app) => {
    newKubeadm(app, { controlPlaneNodes: [{ name: 'etcd-ca', advertiseAddress: '10.0.0.1' }] });
    return app;
  },
  ['prod/nodes/etcd-ca', /folder of the store "etcd-ca" is also that of \[prod\/etcd-ca\]/],
);

test(
  'an id that is a path',
  invalid,
  (app) => {
    new CertificateAuthority(newCluster(app), 'a/b');
    return app;
  },
  ['prod/a--b', /is a path/],
);

test(
  'an upper-case name',
  invalid,
  (app) => {
    new CertificateAuthority(newCluster(app), 'CA');
    return app;
  },
  ['prod/CA', /"CA" is not a credential name/],
);

test(
  'a reserved child chart',
  invalid,
  (app) => {
    new Chart(newCluster(app), 'pki');
    return app;
  },
  ['prod/pki', /"pki" is reserved/],
);

test(
  'a cluster that is no DNS label',
  invalid,
  (app) => {
    new Cluster(app, 'Prod_1');
    return app;
  },
  ['Prod_1', /is not a DNS label/],
);

test(
  'a plain chart in the place of another folder',
  invalid,
  (app) => {
    new Chart(app, 'a-b');
    new Chart(new Construct(app, 'a'), 'b');
    return app;
  },
  ['a/b', /folder of the tree "a-b" is also that of \[a-b\]/],
);

test(
  'a cluster inside a cluster',
  invalid,
  (app) => {
    new Cluster(forged<App>(newCluster(app)), 'inner');
    return app;
  },
  ['prod/inner', /belongs directly under the App/],
);

test(
  'a credential in a plain chart',
  invalid,
  (app) => {
    new CertificateAuthority(new Chart(app, 'mgmt'), 'ca');
    return app;
  },
  ['mgmt/ca', /a CertificateAuthority belongs into a Cluster/],
);

test(
  'a leaf under the App',
  invalid,
  (app) => {
    clientOf(app, new CertificateAuthority(app, 'shared'));
    return app;
  },
  ['web', /a Certificate belongs into a Cluster; only keysets are shared/],
);

test(
  'a keyset of a node',
  invalid,
  (app) => {
    const prod = newKubeadm(app);
    new ServiceAccountKey(prod.certificate('apiserver'), 'key');
    return app;
  },
  ['prod/nodes/cp-1/apiserver/key', /a ServiceAccountKey cannot belong to a node/],
);

test(
  'a bundle inside a bundle',
  invalid,
  (app) => {
    const prod = newCluster(app);
    new NodeBundle(new NodeBundle(prod, 'outer', { files: {} }), 'inner', { files: {} });
    return app;
  },
  ['prod/outer/inner', /a NodeBundle cannot belong to a node/],
);

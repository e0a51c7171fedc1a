import test from 'ava';
import { CertificateAuthority, Kubeconfig, ServiceAccountKey } from '../../../src/index.ts';
import {
  clientOf,
  forged,
  invalid,
  newApp,
  newCluster,
  newKubeadm,
} from '../../_helpers/declare.ts';

test(
  'an issuer that is none',
  invalid,
  (app) => {
    const prod = newCluster(app);
    new CertificateAuthority(prod, 'ca');
    clientOf(prod, forged<CertificateAuthority>(new ServiceAccountKey(prod, 'key')));
    return app;
  },
  ['prod/web', /issuer is not a CertificateAuthority; authorities declared here: ca/],
);

test(
  'an issuer of another App',
  invalid,
  (app) => {
    clientOf(newCluster(app), new CertificateAuthority(newApp(), 'root'));
    return app;
  },
  ['prod/web', /issuer "_shared\/root" is declared in another App/],
);

test(
  'a shared authority below one of a cluster',
  invalid,
  (app) => {
    const issuer = new CertificateAuthority(newCluster(app), 'ca');
    new CertificateAuthority(app, 'sub', { issuer });
    return app;
  },
  ['sub', /a shared authority needs a shared issuer/],
);

test(
  'an authority below pathLength 0',
  invalid,
  (app) => {
    const root = new CertificateAuthority(app, 'root', { pathLength: 1 });
    const middle = new CertificateAuthority(app, 'middle', { issuer: root });
    new CertificateAuthority(app, 'low', { issuer: middle });
    return app;
  },
  ['low', /issuer "_shared\/root" has pathLength 1 and cannot stand above it/],
);

test(
  'issuers in a loop',
  invalid,
  (app) => {
    const prod = newCluster(app);
    const props: { issuer?: CertificateAuthority } = {};
    const first = new CertificateAuthority(prod, 'first', props);
    const MARK = Symbol.for('cdk8s-pki.construct');
    const second = new CertificateAuthority(prod, 'second', { issuer: first });
    const mark = Object.getOwnPropertyDescriptor(first, MARK)?.value as object;
    Object.defineProperty(first, MARK, { value: { ...mark, issuer: second } });
    return app;
  },
  ['prod/first', /loop/],
  ['prod/second', /loop/],
);

test(
  'two authorities of one subject',
  invalid,
  (app) => {
    const prod = newKubeadm(app);
    new CertificateAuthority(prod, 'other', { subject: { commonName: 'kubernetes' } });
    return app;
  },
  ['prod/other', /subject is the same as that of authority "prod\/ca"/],
);

test(
  'a kubeconfig outside a KubeadmCluster',
  invalid,
  (app) => {
    new Kubeconfig(newCluster(app), 'me', { user: 'me' });
    return app;
  },
  ['prod/me', /a Kubeconfig belongs into a KubeadmCluster/],
);

test(
  'one authority as ca and frontProxyCa',
  invalid,
  (app) => {
    const shared = new CertificateAuthority(app, 'root');
    newKubeadm(app, { ca: shared, frontProxyCa: shared });
    return app;
  },
  ['prod', /every client certificate could pass for the front proxy/],
);

test(
  'a service-account key of another App',
  invalid,
  (app) => {
    newKubeadm(app, { serviceAccountKey: new ServiceAccountKey(newApp(), 'sa') });
    return app;
  },
  ['prod', /keyset "sa" is declared in another App/],
  ['prod/nodes/cp-1', /"_shared\/sa", which is not declared/],
  ['prod/nodes/cp-1', /"_shared\/sa", which is not declared/],
);

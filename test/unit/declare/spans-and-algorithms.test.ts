import test from 'ava';
import {
  Certificate,
  CertificateAuthority,
  Cluster,
  Duration,
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

test(
  'renewBefore that is not shorter than the validity',
  invalid,
  (app) => {
    const prod = newCluster(app);
    new Certificate(prod, 'web', {
      issuer: new CertificateAuthority(prod, 'ca'),
      profile: 'client',
      validity: Duration.days(30),
    });
    return app;
  },
  ['prod/web', /renewBefore of 90 days is not shorter than the validity of 30 days/],
);

test(
  'renewBefore and jitter that leave less than a third, once for a cluster',
  invalid,
  (app) => {
    newKubeadm(app, { certificateValidity: Duration.days(100), renewBefore: Duration.days(61) });
    return app;
  },
  [
    'prod',
    /renewBefore of 61 days and jitter of 7 days leave less than a third of the validity of 100 days/,
  ],
);

test('exactly a third left is enough', (t) => {
  const app = newApp();
  newKubeadm(app, { certificateValidity: Duration.days(99), renewBefore: Duration.days(59) });
  t.deepEqual(problemsOf(app), []);
});

test(
  'a leaf that its issuer does not outlive',
  invalid,
  (app) => {
    const prod = newCluster(app);
    const ca = new CertificateAuthority(prod, 'ca', {
      validity: Duration.days(398),
      renewBefore: Duration.days(99),
    });
    clientOf(prod, ca);
    return app;
  },
  ['prod', /validity of 365 days is too long for issuer "prod\/ca" \(398 days\)/],
);

test(
  'an authority that outlives its issuer',
  invalid,
  (app) => {
    const issuer = new CertificateAuthority(app, 'root', { validity: Duration.days(3000) });
    new CertificateAuthority(app, 'sub', { issuer });
    return app;
  },
  ['sub', /validity of 3650 days is longer than that of issuer "_shared\/root" \(3000 days\)/],
);

test(
  'an authority that leaves its issuer no time',
  invalid,
  (app) => {
    const issuer = new CertificateAuthority(app, 'root', { validity: Duration.days(500) });
    new CertificateAuthority(app, 'sub', { issuer, validity: Duration.days(480) });
    return app;
  },
  ['sub', /needs 480 days of life .* too long for issuer "_shared\/root" \(500 days\)/],
);

test(
  'an authority of a year that signs nothing says which default it is too short for',
  invalid,
  (app) => {
    new CertificateAuthority(app, 'root', { validity: Duration.days(365) });
    return app;
  },
  [
    'root',
    /validity of 365 days is too short: nothing is declared that it signs, so certificateValidity \(365 days\) counts, .* a renewBefore of its own/,
  ],
);

test('an authority of a year is long enough for leaves of 90 days, in whatever cluster', (t) => {
  const app = newApp();
  const issuer = new CertificateAuthority(app, 'root', { validity: Duration.days(365) });
  const validity = Duration.days(90);
  const renewBefore = Duration.days(30);
  new Certificate(newCluster(app), 'web', { issuer, profile: 'client', validity, renewBefore });
  new CertificateAuthority(app, 'idle', { validity, renewBefore });
  t.deepEqual(problemsOf(app), []);
});

test(
  'spans below their least value',
  invalid,
  (app) => {
    new Cluster(app, 'prod', { renewBefore: Duration.seconds(0) });
    return app;
  },
  ['prod', /renewBefore is not a span of 1 seconds or more/],
);

test(
  'Ed25519 for service-account keys',
  invalid,
  (app) => {
    new ServiceAccountKey(newCluster(app), 'key', { keyAlgorithm: 'Ed25519' });
    return app;
  },
  ['prod/key', /Ed25519 cannot be used for service-account keys: .*RS256, ES256/],
);

test(
  'Ed25519 for a KubeadmCluster',
  invalid,
  (app) => {
    newKubeadm(app, { keyAlgorithm: 'Ed25519' });
    return app;
  },
  ['prod/service-account-key', /service-account/],
  ['prod', /keyAlgorithm Ed25519 cannot be used for a KubeadmCluster: kubeadm/],
);

test(
  'Ed25519 for a shared ca of a KubeadmCluster',
  invalid,
  (app) => {
    newKubeadm(app, { ca: new CertificateAuthority(app, 'root', { keyAlgorithm: 'Ed25519' }) });
    return app;
  },
  ['prod', /Ed25519 of authority "_shared\/root"/],
);

test('Ed25519 for a shared ca that takes it from the App', (t) => {
  const app = newApp({ defaults: { keyAlgorithm: 'Ed25519' } });
  newKubeadm(app, { ca: new CertificateAuthority(app, 'root'), keyAlgorithm: 'ECDSA-P384' });
  t.deepEqual(problemsOf(app), [
    '[prod] Ed25519 of authority "_shared/root" cannot be used for a KubeadmCluster: kubeadm and the kubeconfig loader read RSA and ECDSA private keys only',
  ]);
});

test('Ed25519 for a leaf of the user’s own is fine', (t) => {
  const app = newApp();
  const prod = newKubeadm(app);
  new Certificate(prod, 'web', { issuer: prod.ca, profile: 'client', keyAlgorithm: 'Ed25519' });
  t.deepEqual(problemsOf(app), []);
});

test(
  'an unknown algorithm and an unknown profile',
  invalid,
  (app) => {
    const prod = newCluster(app);
    const issuer = new CertificateAuthority(prod, 'ca', { keyAlgorithm: forged('RSA-1024') });
    new Certificate(prod, 'web', { issuer, profile: forged('tls'), dnsNames: ['a.b'] });
    return app;
  },
  ['prod/ca', /key algorithm "RSA-1024" is not one of/],
  ['prod/web', /profile "tls" is not one of/],
);

const yearOf = (clusterSigningDuration: number, automatic: boolean): string[] => {
  const app = newApp();
  newKubeadm(app, {
    caCertificateValidity: Duration.days(365),
    certificateValidity: Duration.days(90),
    renewBefore: Duration.days(40),
    rotation: { automatic },
    clusterSigningDuration: Duration.days(clusterSigningDuration),
  });
  return problemsOf(app);
};

test('rotation.automatic of an authority that ends before what it signs outside of the tree', (t) => {
  const [problem, ...more] = yearOf(332, true);
  t.deepEqual(more, []);
  t.is(
    problem,
    '[prod/ca] validity of 365 days is too short for rotation.automatic: what it signs outside of the tree lives up to 332 days (clusterSigningDuration), which it must outlive by three soaks and 30 days: declare a shorter one, or a longer validity',
  );
  t.deepEqual(yearOf(331, true), []);
  t.deepEqual(yearOf(332, false), [], 'people may wait, or lock out');
});

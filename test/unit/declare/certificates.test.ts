import test from 'ava';
import { Certificate, CertificateAuthority, Kubeconfig } from '../../../src/index.ts';
import { clientOf, invalid, newCluster, newKubeadm } from '../../_helpers/declare.ts';

test(
  'names that are none, each of them',
  invalid,
  (app) => {
    const prod = newCluster(app);
    new Certificate(prod, 'web', {
      issuer: new CertificateAuthority(prod, 'ca'),
      profile: 'server',
      dnsNames: ['a_b', 'fine.example'],
      ipAddresses: ['10.0.0'],
      uris: ['x'],
      subject: { country: 'Germany', commonName: 'x'.repeat(65) },
    });
    return app;
  },
  ['prod/web', /"a_b" has an underscore/],
  ['prod/web', /"10.0.0" is not an IP address/],
  ['prod/web', /"x" is not an absolute URI/],
  ['prod/web', /longer than 64/],
  ['prod/web', /country "Germany"/],
);

test(
  'a default common name of more than 64 characters',
  invalid,
  (app) => {
    const prod = newCluster(app);
    clientOf(prod, new CertificateAuthority(prod, 'ca'), 'x'.repeat(65));
    return app;
  },
  [`prod/${'x'.repeat(65)}`, /longer than the 64 characters of a common name/],
);

for (const profile of ['server', 'peer'] as const)
  test(
    `profile ${profile} without a name`,
    invalid,
    (app) => {
      const prod = newCluster(app);
      new Certificate(prod, 'web', { issuer: new CertificateAuthority(prod, 'ca'), profile });
      return app;
    },
    ['prod/web', /needs at least one DNS name, IP address or URI/],
  );

test(
  'system:masters, in a certificate and in a kubeconfig',
  invalid,
  (app) => {
    const prod = newKubeadm(app);
    new Certificate(prod, 'a', {
      issuer: prod.ca,
      profile: 'client',
      subject: { commonName: 'a', organizations: ['system:masters'] },
    });
    new Kubeconfig(prod, 'b', { user: 'b', groups: ['system:masters'] });
    return app;
  },
  ['prod/a', /system:masters.*--break-glass/],
  ['prod/b', /system:masters.*--break-glass/],
);

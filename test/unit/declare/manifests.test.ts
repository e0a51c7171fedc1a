import test from 'ava';
import { ApiObject, Chart } from 'cdk8s';
import { TlsSecret } from '../../../src/index.ts';
import { forged, invalid, newCluster } from '../../_helpers/declare.ts';

test(
  'the same object twice in one chart',
  invalid,
  (app) => {
    const prod = newCluster(app);
    for (const id of ['a', 'b'])
      new ApiObject(prod, id, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' } });
    new ApiObject(new Chart(prod, 'child'), 'c', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'x' },
    });
    return app;
  },
  ['prod/b', /is the same ConfigMap as \[prod\/a\]/],
);

test(
  'objects that would share a file',
  invalid,
  (app) => {
    const prod = newCluster(app);
    const role = (id: string, name: string): ApiObject =>
      new ApiObject(prod, id, {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name },
      });
    role('a', 'x:y');
    role('b', 'x-y');
    return app;
  },
  ['prod/b', /would be written to the file of \[prod\/a\], manifests\/ClusterRole.x-y/],
);

test(
  'an object that cannot be rendered',
  invalid,
  (app) => {
    new ApiObject(newCluster(app), 'a', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      data: { date: new Date() },
    });
    return app;
  },
  ['prod/a', /cannot be rendered/],
);

test(
  'what a TlsSecret is given',
  invalid,
  (app) => {
    const prod = newCluster(app);
    new TlsSecret(prod, 'a', { certificate: forged(prod), namespace: 'x' });
    return app;
  },
  ['prod/a', /certificate is not a Certificate/],
);

test(
  'what the user’s own validation says',
  invalid,
  (app) => {
    newCluster(app).node.addValidation({ validate: () => ['is not liked'] });
    return app;
  },
  ['prod', /is not liked/],
);

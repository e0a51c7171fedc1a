import test from 'ava';
import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import { Kubeconfig, NodeBundle } from '../../../src/index.ts';
import { clientOf, configMap, invalid, newKubeadm } from '../../_helpers/declare.ts';

const secret = (scope: Construct, id: string, props: Record<string, unknown>): ApiObject =>
  new ApiObject(scope, id, { apiVersion: 'v1', kind: 'Secret', ...props });

test(
  'private material outside a Secret, wherever it stands',
  invalid,
  (app) => {
    const prod = newKubeadm(app);
    const web = clientOf(prod, prod.ca);
    configMap(prod, 'value', { key: `x ${web.privateKey.pem}` });
    configMap(prod, 'map-key', { [web.privateKey.base64]: 'x' });
    secret(prod, 'secret-key', {
      data: { [web.privateKey.base64]: web.privateKey.base64 },
    });
    secret(prod, 'annotation', {
      metadata: { annotations: { key: web.privateKey.pem } },
      stringData: { key: web.privateKey.pem },
    });
    return app;
  },
  ['prod/value', /privateKey of "prod\/web", which may stand only in data or stringData/],
  ['prod/map-key', /privateKey/],
  ['prod/secret-key', /privateKey/],
  ['prod/annotation', /privateKey/],
);

test(
  'a kubeconfig’s content is private',
  invalid,
  (app) => {
    const prod = newKubeadm(app);
    configMap(prod, 'value', { key: new Kubeconfig(prod, 'me', { user: 'me' }).content.pem });
    return app;
  },
  ['prod/value', /content of "prod\/me"/],
);

test(
  'a Secret of another API group is no Secret',
  invalid,
  (app) => {
    const prod = newKubeadm(app);
    const { privateKey } = clientOf(prod, prod.ca);
    new ApiObject(prod, 'other', {
      apiVersion: 'example.com/v1',
      kind: 'Secret',
      stringData: { a: privateKey.pem },
    });
    return app;
  },
  ['prod/other', /may stand only/],
);

test(
  'a reference that user code encoded, or cut',
  invalid,
  (app) => {
    const prod = newKubeadm(app);
    const { pem } = prod.ca.trustBundle;
    configMap(prod, 'encoded', { key: Buffer.from(`a${pem}`).toString('base64') });
    configMap(prod, 'cut', { key: pem.slice(0, -4) });
    return app;
  },
  ['prod/encoded', /cut or encoded/],
  ['prod/cut', /cut or encoded/],
);

test(
  'an unknown credential, and a part that there is not',
  invalid,
  (app) => {
    const prod = newKubeadm(app);
    const { pem } = prod.ca.trustBundle;
    configMap(prod, 'unknown', { key: pem.replace('prod/ca', 'prod/gone') });
    configMap(prod, 'elsewhere', { key: pem.replace('prod/ca', 'gone/ca') });
    configMap(prod, 'part', { key: pem.replace('trustBundle', 'publicKeys') });
    return app;
  },
  ['prod/unknown', /"prod\/gone", which is not declared/],
  ['prod/elsewhere', /"gone\/ca", which is not declared/],
  ['prod/part', /publicKeys of "prod\/ca", which has none/],
);

test(
  'a Secret of literals only',
  invalid,
  (app) => {
    const prod = newKubeadm(app);
    secret(prod, 'literal', { stringData: { password: 'x' } });
    secret(prod, 'literal-data', { data: { password: 'eA==' } });
    secret(prod, 'empty', {});
    return app;
  },
  ['prod/literal', /ERR_LITERAL_SECRET/],
  ['prod/literal-data', /ERR_LITERAL_SECRET/],
);

test(
  'data that is not one .base64 reference',
  invalid,
  (app) => {
    const prod = newKubeadm(app);
    const { certificate, privateKey } = clientOf(prod, prod.ca);
    secret(prod, 'pem', { data: { a: privateKey.pem } });
    secret(prod, 'two', { data: { a: `${certificate.base64}${privateKey.base64}` } });
    secret(prod, 'text', { data: { a: `x${privateKey.base64}` } });
    secret(prod, 'literal-beside', { data: { a: privateKey.base64, b: 'eA==' } });
    return app;
  },
  ['prod/pem', /not one .base64 reference/],
  ['prod/two', /not one/],
  ['prod/text', /not one/],
);

test(
  'files of a bundle',
  invalid,
  (app) => {
    const prod = newKubeadm(app);
    const { privateKey } = clientOf(prod, prod.ca);
    new NodeBundle(prod, 'n-1', {
      files: {
        'etc/key': { content: privateKey.pem },
        'etc/literal': { content: 'x', secret: true },
        '../up': { content: 'x' },
        'etc/mode': { content: 'x', mode: 0o1777 },
        'etc/b': { content: 'x' },
        'etc/B': { content: 'x' },
        'bundle.yaml': { content: 'x' },
      },
    });
    return app;
  },
  ['prod/n-1', /file "..\/up" is not a relative path/],
  ['prod/n-1', /mode outside/],
  ['prod/n-1', /file "etc\/key" refers to privateKey/],
  ['prod/n-1', /ERR_LITERAL_SECRET: file "etc\/literal"/],
  ['prod/n-1', /file "etc\/B" is there twice/],
  ['prod/n-1', /file "bundle.yaml" is there twice, or belongs to the tool/],
);

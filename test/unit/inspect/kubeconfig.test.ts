import test from 'ava';
import { PkiError } from '../../../src/errors.ts';
import { findClientCertificate } from '../../../src/inspect/kubeconfig.ts';

const PEM = '-----BEGIN CERTIFICATE-----\n';
const DATA = Buffer.from(PEM).toString('base64');

const config = (user: string, current = 'mine'): string => `apiVersion: v1
kind: Config
current-context: ${current}
contexts:
- name: other
  context: {cluster: c, user: nobody}
- name: mine
  context: {cluster: c, user: me}
users:
- name: nobody
  user: {token: t}
- name: me
  user: ${user}
`;

const find = (text: string) => findClientCertificate('admin.conf', text);

test("findClientCertificate: embedded data of the current context's user", (t) => {
  t.deepEqual(find(config(`{client-certificate-data: ${DATA}}`)), { pem: PEM });
});

test('findClientCertificate: data goes before a file, as for client-go', (t) => {
  const user = `{client-certificate: pki/me.crt, client-certificate-data: ${DATA}}`;
  t.deepEqual(find(config(user)), { pem: PEM });
  t.deepEqual(find(config('{client-certificate: pki/me.crt, client-certificate-data: ""}')), {
    file: 'pki/me.crt',
  });
});

test('findClientCertificate: a user with a token has none', (t) => {
  t.deepEqual(find(config('{token: t}')), { other: true });
});

test('findClientCertificate: JSON is YAML', (t) => {
  const json = JSON.stringify({
    kind: 'Config',
    'current-context': 'c',
    contexts: [{ name: 'c', context: { user: 'u' } }],
    users: [{ name: 'u', user: { 'client-certificate': 'x' } }],
  });
  t.deepEqual(find(json), { file: 'x' });
});

const BROKEN: readonly (readonly [string, string, string])[] = [
  ['no YAML', 'a: [', 'the file is not YAML'],
  ['something else', 'kind: Secret\n', 'the file is not a kubeconfig'],
  ['a list', '- kind: Config\n', 'the file is not a kubeconfig'],
  ['nothing', '', 'the file is not YAML'],
  ['an unknown context', config('{}', 'gone'), 'the kubeconfig lacks its current context'],
  [
    'a context without a user',
    config('{}').replace('user: me}', 'user: gone}'),
    'the kubeconfig lacks the user of its context',
  ],
  [
    'data that is not base64',
    config('{client-certificate-data: "*"}'),
    'client-certificate-data is not base64',
  ],
];

for (const [name, text, message] of BROKEN) {
  test(`findClientCertificate: refuses ${name}`, (t) => {
    const error = t.throws(() => find(text), { instanceOf: PkiError });
    t.is(error.code, 'ERR_READ');
    t.is(error.message, `"admin.conf": ${message}`);
  });
}

test('findClientCertificate: never quotes what it reads', (t) => {
  const error = t.throws(() => find('kind: Config\nsecret: "PRIVATE\n'), { instanceOf: PkiError });
  t.false(JSON.stringify([error.message, error.details, error.cause]).includes('PRIVATE'));
});

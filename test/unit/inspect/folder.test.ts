import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { PkiError } from '../../../src/errors.ts';
import { inspectFolder } from '../../../src/inspect/folder.ts';
import { buildCertificate } from '../../../src/x509/build/certificate.ts';
import { leafSpec, rootCa, sharedKey } from '../x509/fixtures.ts';

const ca = await rootCa();
const second = await rootCa('ECDSA-P256', { serialNumber: new Uint8Array(16).fill(0x11) });
const key = await sharedKey('ECDSA-P256', 'leaf');
const CA = ca.certificate.pem;
const SECOND = second.certificate.pem;
const LEAF = buildCertificate(leafSpec(), key, ca).pem;

function kubeconfig(user: Readonly<Record<string, string>>): string {
  return JSON.stringify({
    kind: 'Config',
    'current-context': 'c',
    contexts: [{ name: 'c', context: { user: 'u' } }],
    users: [{ name: 'u', user }],
  });
}

const EMBEDDED = kubeconfig({ 'client-certificate-data': Buffer.from(LEAF).toString('base64') });

/** What kubeadm makes, without any etcd. */
const NODE: Readonly<Record<string, string>> = {
  'pki/ca.crt': CA,
  'pki/ca.key': '',
  'pki/apiserver.crt': LEAF,
  'admin.conf': EMBEDDED,
};

/** A folder `etc/kubernetes` of these files, in a file system of its own. */
function folderOf(t: ExecutionContext, files: Readonly<Record<string, string>> = NODE): string {
  const root = mkdtempSync(path.join(tmpdir(), 'cdk8s-pki-inspect-'));
  t.teardown(() => {
    rmSync(root, { recursive: true });
  });
  const folder = path.join(root, 'etc/kubernetes');
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  return folder;
}

const present = (folder: string) =>
  inspectFolder(folder).certificates.filter(({ certificate }) => certificate !== null);

const names = (folder: string): string[] => present(folder).map(({ name }) => name);

function problems(folder: string): string[] {
  return inspectFolder(folder).problems.map(({ file, error }) => {
    if (!(error instanceof PkiError)) throw error;
    return `${path.relative(folder, file)} ${error.code} ${error.message.replaceAll(folder, '')}`;
  });
}

test('inspectFolder: names, kinds and authorities as kubeadm has them; what it expects is missing', (t) => {
  const { certificates, problems: none } = inspectFolder(folderOf(t));
  t.deepEqual(none, []);
  t.deepEqual(
    certificates
      .filter(({ certificate }) => certificate !== null)
      .map(({ name, kind, authority }) => [name, kind, authority]),
    [
      ['ca', 'authority', 'ca'],
      ['apiserver', 'certificate', 'ca'],
      ['admin.conf', 'kubeconfig', 'ca'],
    ],
  );
  t.deepEqual(
    certificates
      .filter(({ certificate }) => certificate === null)
      .map(({ name }) => name)
      .sort(),
    [
      'apiserver-etcd-client',
      'apiserver-kubelet-client',
      'controller-manager.conf',
      'etcd-ca',
      'etcd-healthcheck-client',
      'etcd-peer',
      'etcd-server',
      'front-proxy-ca',
      'front-proxy-client',
      'scheduler.conf',
      'super-admin.conf',
    ],
  );
});

test('inspectFolder: an authority without its key is managed elsewhere, and so is what it issues', (t) => {
  const folder = folderOf(t);
  const managed = (): string[] =>
    inspectFolder(folder)
      .certificates.filter(({ externallyManaged }) => externallyManaged)
      .map(({ name }) => name);
  t.deepEqual(managed(), []);
  rmSync(path.join(folder, 'pki/ca.key'));
  t.deepEqual(managed(), ['ca', 'apiserver', 'admin.conf']);
});

test('inspectFolder: every certificate of a bundle is an authority', (t) => {
  const folder = folderOf(t, { ...NODE, 'pki/ca.crt': `# two\n${CA}${SECOND}` });
  const found = present(folder).filter(({ name }) => name === 'ca');
  t.deepEqual(
    found.map(({ certificate }) => certificate?.pem),
    [CA, SECOND],
  );
});

test('inspectFolder: of a chain the first certificate counts', (t) => {
  const folder = folderOf(t, { ...NODE, 'pki/apiserver.crt': LEAF + CA });
  const found = present(folder).filter(({ name }) => name === 'apiserver');
  t.deepEqual(
    found.map(({ certificate }) => certificate?.pem),
    [LEAF],
  );
});

test('inspectFolder: a certificate in a file, relative to the kubeconfig, or in the file system of the folder', (t) => {
  const relative = folderOf(t, {
    ...NODE,
    'admin.conf': kubeconfig({ 'client-certificate': 'pki/apiserver.crt' }),
  });
  t.is(
    present(relative).find(({ name }) => name === 'admin.conf')?.file,
    path.join(relative, 'pki/apiserver.crt'),
  );
  const absolute = folderOf(t, {
    ...NODE,
    '../../var/lib/kubelet/pki/kubelet-client-current.pem': LEAF,
    'kubelet.conf': kubeconfig({
      'client-certificate': '/var/lib/kubelet/pki/kubelet-client-current.pem',
    }),
  });
  t.is(
    present(absolute).find(({ name }) => name === 'kubelet.conf')?.file,
    path.join(absolute, '../../var/lib/kubelet/pki/kubelet-client-current.pem'),
  );
});

test('inspectFolder: a certificate that kubelet.conf names and that is not there is missing', (t) => {
  const folder = folderOf(t, {
    ...NODE,
    'kubelet.conf': kubeconfig({ 'client-certificate': '/var/lib/kubelet/gone.pem' }),
  });
  const found = inspectFolder(folder).certificates.find(({ name }) => name === 'kubelet.conf');
  t.is(found?.certificate, null);
  t.deepEqual(problems(folder), []);
});

test('inspectFolder: a kubeconfig without a client certificate is no row, and neither is kubelet.conf where there is none', (t) => {
  const folder = folderOf(t, { ...NODE, 'admin.conf': kubeconfig({ token: 't' }) });
  const all = inspectFolder(folder).certificates.map(({ name }) => name);
  t.false(all.includes('admin.conf'));
  t.false(all.includes('kubelet.conf'));
  t.deepEqual(problems(folder), []);
});

test("inspectFolder: the user's own certificates and kubeconfigs, with the authority that signed them", (t) => {
  const folder = folderOf(t, {
    ...NODE,
    'pki/webhook.crt': LEAF,
    'pki/etcd/extra.crt': LEAF,
    'pki/other-ca.crt': SECOND,
    'pki/cluster-signing-ca.crt': CA,
    'deployer.conf': EMBEDDED,
    'kubelet-flags.conf': 'KUBELET_EXTRA_ARGS=--v=2\n',
    'pki/notes.txt': 'x',
  });
  t.deepEqual(
    present(folder)
      .slice(3)
      .map(({ name, kind, authority }) => [name, kind, authority]),
    [
      ['other-ca', 'authority', 'other-ca'],
      ['webhook', 'certificate', 'ca'],
      ['etcd/extra', 'certificate', 'ca'],
      ['deployer.conf', 'kubeconfig', 'ca'],
    ],
  );
  t.deepEqual(problems(folder), []);
});

const HOSTILE: readonly (readonly [string, string, string])[] = [
  ['an empty file', '', 'ERR_CERTIFICATE no PEM block "CERTIFICATE"'],
  ['no PEM', 'hello\n', 'ERR_CERTIFICATE no PEM block "CERTIFICATE"'],
  ['a truncated block', LEAF.slice(0, 300), 'ERR_CERTIFICATE PEM block "CERTIFICATE" is truncated'],
  [
    'conflict markers',
    LEAF.replace('\n', '\n<<<<<<< ours\n'),
    'ERR_CERTIFICATE PEM block "CERTIFICATE" is not base64',
  ],
];

for (const [name, content, problem] of HOSTILE) {
  test(`inspectFolder: ${name} is a problem and hides nothing else`, (t) => {
    const folder = folderOf(t, { ...NODE, 'pki/apiserver.crt': content });
    t.deepEqual(problems(folder), [`pki/apiserver.crt ${problem}`]);
    t.deepEqual(names(folder), ['ca', 'admin.conf']);
  });
}

test('inspectFolder: a kubeconfig that is none is a problem', (t) => {
  const folder = folderOf(t, { ...NODE, 'admin.conf': '\u0000' });
  t.deepEqual(problems(folder), ['admin.conf ERR_READ "/admin.conf": the file is not YAML']);
  t.deepEqual(names(folder), ['ca', 'apiserver']);
});

test('inspectFolder: folders, devices, loops and large files in place of files', (t) => {
  const folder = folderOf(t, { 'pki/ca.crt': CA });
  mkdirSync(path.join(folder, 'admin.conf'));
  symlinkSync('/dev/zero', path.join(folder, 'pki/apiserver.crt'));
  symlinkSync('front-proxy-ca.crt', path.join(folder, 'pki/front-proxy-ca.crt'));
  writeFileSync(path.join(folder, 'scheduler.conf'), '');
  truncateSync(path.join(folder, 'scheduler.conf'), 5 * 1024 * 1024);
  t.deepEqual(problems(folder), [
    'pki/front-proxy-ca.crt ERR_READ cannot read "/pki/front-proxy-ca.crt": ELOOP',
    'pki/apiserver.crt ERR_READ "/pki/apiserver.crt" is not a file',
    'admin.conf ERR_READ "/admin.conf" is not a file',
    'scheduler.conf ERR_READ "/scheduler.conf" has more than 4194304 octets',
  ]);
  t.deepEqual(names(folder), ['ca']);
});

test('inspectFolder: where there is nothing, everything is missing', (t) => {
  const folder = folderOf(t, { pki: 'a file in its place' });
  t.deepEqual(names(folder), []);
  t.deepEqual(problems(folder), []);
});

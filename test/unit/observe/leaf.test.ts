import test from 'ava';
import { treePath, type CredentialPath } from '../../../src/model/names.ts';
import type { ObservedLeaf, UnreadableLeaf } from '../../../src/model/observed.ts';
import { observeCluster } from '../../../src/observe/cluster.ts';
import { PkiError } from '../../../src/errors.ts';
import { TREE } from '../../_helpers/desired.ts';
import type { MemoryTree } from '../../_helpers/repository.ts';
import { entryFile, identity, store } from '../../_helpers/store.ts';

const WEB = 'prod/web' as CredentialPath;
const FILE = 'deploy/prod/pki/web.sops.yaml';
const API = 'prod/cp-1/api' as CredentialPath;
const API_FILE = 'deploy/prod/pki/cp-1/api.sops.yaml';

const observed = (tree: MemoryTree, path = WEB): ObservedLeaf | UnreadableLeaf | undefined =>
  observeCluster(tree, TREE, 'prod', () => undefined).leaves.get(path);

test('observeLeaf: reads what synth wrote', (t) => {
  const web = observed(store());
  if (web === undefined || 'unreadable' in web) return t.fail('it cannot be read');
  const { kind, file, reason, policy, signedByIssuer, spki, recipients, certificate } = web;
  t.deepEqual(
    { kind, file: file, reason, policy, signedByIssuer, recipients },
    {
      kind: 'Certificate',
      file: FILE,
      reason: 'Missing',
      policy: { validity: 31_536_000, renewBefore: 7_776_000, jitter: 604_800 },
      signedByIssuer: true,
      recipients: [identity.recipient],
    },
  );
  t.is(spki, certificate.spki);
});

test('observeLeaf: one of a node is found under the node', (t) => {
  t.is(observed(store(), API)?.file as string, API_FILE);
});

test('observeLeaf: what is not there is not in the store', (t) => {
  t.is(observed(store().remove(FILE)), undefined);
});

type Damage = (text: string) => string | Uint8Array;
const certificate = /certificate: \|\n(?: .*\n)+/u;

/** Whatever is wrong with a leaf, it can be made anew: it is unreadable, and says why. */
const rows: readonly (readonly [string, Damage, string | RegExp])[] = [
  ['empty', () => '', 'the file is empty'],
  ['truncated', (text) => text.slice(0, text.length / 3), /./u],
  [
    'with conflict markers',
    (text) => `<<<<<<< ours\n${text}`,
    'the file holds merge-conflict markers',
  ],
  ['not UTF-8', () => Uint8Array.from([0xff, 0xfe, 0x61]), 'the file is not UTF-8 text'],
  ['not YAML', () => '{', 'the file is not YAML'],
  ['a list', () => '[]', 'the file is not a YAML mapping'],
  ['JSON of something else', () => '{"a": 1}', 'field "apiVersion" is missing'],
  [
    'of a future apiVersion',
    (text) => text.replace('cdk8s-pki/v1', 'cdk8s-pki/v2'),
    'apiVersion "cdk8s-pki/v2" is not "cdk8s-pki/v1"',
  ],
  [
    'of another cluster',
    (text) => text.replace('cluster: prod', 'cluster: test'),
    'it is of "test/web", not of "prod/web"',
  ],
  [
    'of another name',
    (text) => text.replace('name: web', 'name: api'),
    'it is of "prod/api", not of "prod/web"',
  ],
  [
    'of a node',
    (text) => text.replace('name: web', 'name: web\nnode: cp-1'),
    'it is of another node than "none"',
  ],
  [
    'of another kind',
    (text) => text.replace('kind: Certificate', 'kind: Keyset'),
    'field "kind" is "Keyset", not one of Certificate, Kubeconfig',
  ],
  [
    'without a certificate',
    (text) => text.replace(certificate, ''),
    'field "certificate" is missing',
  ],
  [
    'with a certificate that is none',
    (text) => text.replace(certificate, 'certificate: hello\n'),
    'no PEM block "CERTIFICATE"',
  ],
  [
    'with two certificates',
    (text) => text.replace(/certificate: \|\n((?: .*\n)+)/u, 'certificate: |\n$1$1'),
    '2 certificates where one is expected',
  ],
  [
    'with a plain private key',
    (text) => text.replace(/privateKey: .*/u, 'privateKey: hello'),
    'its private key is not encrypted by SOPS',
  ],
  ['without a sops block', (text) => text.replace(/^sops:[^]*/mu, ''), /sops/u],
  [
    'with an issuer that is none',
    (text) => text.replace(/issuer: .*/u, 'issuer: ca'),
    'field "issuer" is not a keyset and an id',
  ],
  [
    'with an issuer that is a path',
    (text) => text.replace(/issuer: .*/u, 'issuer: a/b/c/d'),
    'field "issuer" is not a keyset and an id',
  ],
  [
    'with a date that is none',
    (text) => text.replace(/issuedAt: .*/u, 'issuedAt: yesterday'),
    'field "issuedAt" is not an RFC 3339 instant in UTC',
  ],
  [
    'of a day that no calendar has',
    (text) => text.replace(/issuedAt: .*/u, 'issuedAt: "2026-02-30T00:00:00Z"'),
    'field "issuedAt" is not an RFC 3339 instant in UTC',
  ],
  [
    'with a validity that is none',
    (text) => text.replace(/validity: .*/u, 'validity: 1y'),
    'field "validity" is not a duration',
  ],
  [
    'with an SPKI that is a list',
    (text) => text.replace(/spki: .*/u, 'spki: []'),
    'field "spki" is not a text',
  ],
];

for (const [damage, apply, reason] of rows) {
  test(`observeLeaf: a document ${damage} is unreadable, and nothing else is`, (t) => {
    const tree = store().write(FILE, apply(store().text(FILE)));
    const leaf = observed(tree);
    if (leaf === undefined || !('unreadable' in leaf)) return t.fail('it was read');
    t.is(leaf.file, treePath(FILE));
    if (typeof reason === 'string') t.true(leaf.unreadable.endsWith(reason), leaf.unreadable);
    else t.regex(leaf.unreadable, reason);
    t.false(leaf.unreadable.includes('PRIVATE'), 'no key material in a message');
    t.deepEqual(observed(tree, API), observed(store(), API));
  });
}

for (const [what, apply] of [
  ['CRLF line ends', (text: string) => text.replaceAll('\n', '\r\n')],
  ['a byte order mark', (text: string) => `\uFEFF${text}`],
  ['no final line feed', (text: string) => text.trimEnd()],
] as const) {
  test(`observeLeaf: a document with ${what} says the same`, (t) => {
    t.deepEqual(observed(store().write(FILE, apply(store().text(FILE)))), observed(store()));
  });
}

test('observeLeaf: a document of a node under another node is unreadable', (t) => {
  const tree = store().write('deploy/prod/pki/cp-2/api.sops.yaml', store().text(API_FILE));
  const leaf = observed(tree, 'prod/cp-2/api' as CredentialPath);
  t.true(
    leaf !== undefined &&
      'unreadable' in leaf &&
      leaf.unreadable.endsWith('it is of another node than "cp-2"'),
  );
});

test('observeLeaf: a certificate that its issuer’s entry did not sign is seen', (t) => {
  const tree = store();
  const other = certificate.exec(tree.text('deploy/test/pki/web.sops.yaml'))?.[0] ?? '';
  const leaf = observed(tree.edit(FILE, certificate, other));
  t.true(leaf !== undefined && 'signedByIssuer' in leaf && !leaf.signedByIssuer);
});

test('observeLeaf: an issuer that is not there did not sign it', (t) => {
  const leaf = observed(store().edit(FILE, /issuer: .*/u, 'issuer: ca/0123456789abcdef'));
  t.true(leaf !== undefined && 'signedByIssuer' in leaf && !leaf.signedByIssuer);
});

test('observeLeaf: an issuer of another cluster is looked up there', (t) => {
  const asked: string[] = [];
  const tree = store().edit(FILE, /issuer: .*/u, 'issuer: _shared/ca/0123456789abcdef');
  const cluster = observeCluster(tree, TREE, 'prod', (path) => {
    asked.push(path);
    return undefined;
  });
  t.deepEqual(asked, ['_shared/ca']);
  const leaf = cluster.leaves.get(WEB);
  t.deepEqual(leaf !== undefined && 'issuer' in leaf && leaf.issuer, {
    keyset: '_shared/ca' as CredentialPath,
    id: '0123456789abcdef',
  });
});

test('observeCluster: a folder in place of a document is an error that names it', (t) => {
  const tree = store().remove(FILE).write(`${FILE}/x`, 'x');
  const error = t.throws<PkiError>(() => observed(tree), { instanceOf: PkiError });
  t.deepEqual(
    { code: error.code, message: error.message },
    { code: 'ERR_STORE', message: `"${FILE}": it is a folder, not a document` },
  );
});

test('observeCluster: a cluster without a store is empty', (t) => {
  const { keysets, leaves } = observeCluster(store(), TREE, 'none', () => undefined);
  t.is(keysets.size + leaves.size, 0);
});

test('observeCluster: other files in a store are nobody’s', (t) => {
  const tree = store()
    .write('deploy/prod/pki/README.md', 'hello')
    .write('deploy/prod/pki/web.sops.yaml.orig', 'hello');
  const { leaves, keysets } = observeCluster(tree, TREE, 'prod', () => undefined);
  t.deepEqual([...leaves.keys()].sort(), ['prod/admin', 'prod/cp-1/api', 'prod/web'] as never);
  t.deepEqual([...keysets.keys()].sort(), ['prod/ca', 'prod/sa'] as never);
});

test('observeCluster: a damaged keyset stops everything, however many leaves are fine', (t) => {
  const tree = store().write(entryFile(), '');
  t.is(t.throws<PkiError>(() => observed(tree), { instanceOf: PkiError }).code, 'ERR_STORE');
});

import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import test from 'ava';
import { parse } from 'yaml';
import { PkiError, type ErrorCode } from '../../../src/errors.ts';
import type { CredentialPath } from '../../../src/model/names.ts';
import { observe, refused } from './_keyset.ts';
import { formatPublicKey } from '../../../src/x509/build/key.ts';
import { spkiHash } from '../../../src/x509/read/key.ts';
import { authority, cluster, unit } from '../../_helpers/desired.ts';
import { MemoryTree, synth } from '../../_helpers/repository.ts';
import {
  entryFile,
  identity,
  KEYSET,
  keysetFile,
  privateKeyOf,
  store,
  type Listed,
} from '../../_helpers/store.ts';

const ENTRY = entryFile();
const SA = 'prod/sa' as CredentialPath;
const SA_ENTRY = entryFile('prod/sa');
const SA_KEYSET = 'deploy/prod/pki/sa/keyset.yaml';

test('observeKeyset: reads what synth wrote', (t) => {
  const keyset = observe(store());
  t.is(keyset?.kind, 'CertificateAuthority');
  t.is(keyset?.revision, 1);
  t.deepEqual(
    keyset?.entries.map(({ state, file }) => [state, file as string]),
    [['issuing', ENTRY]],
  );
  t.is(observe(store(), SA)?.kind, 'ServiceAccountKey');
});

test('observeKeyset: a keyset that is not there is undefined', (t) => {
  t.is(observe(store(), 'prod/other' as CredentialPath), undefined);
});

const LATIN1 = Uint8Array.from([0x61, 0x3a, 0x20, 0xe9, 0x0a]);
const CONFLICT = '<<<<<<< HEAD\nrevision: 1\n=======\nrevision: 2\n>>>>>>> other\n';

// [what is wrong, how, code, message] for keyset.yaml and for an entry
type Damage = (text: string) => string | Uint8Array;
const everyDocument: readonly (readonly [string, Damage, RegExp])[] = [
  ['empty', () => '', /: the file is empty$/u],
  ['a comment only', () => '# nothing\n', /: the file is not YAML$/u],
  ['truncated', (text) => text.slice(0, text.length / 3), /: /u],
  ['with conflict markers', (text) => CONFLICT + text, /: the file holds merge-conflict markers$/u],
  [
    'with conflict markers and CRLF',
    (text) => (CONFLICT + text).replaceAll('\n', '\r\n'),
    /: the file holds merge-conflict markers$/u,
  ],
  ['not UTF-8', () => LATIN1, /: the file is not UTF-8 text$/u],
  ['binary', () => Uint8Array.from([0, 1, 2, 255]), /: the file is not UTF-8 text$/u],
  ['not YAML', () => 'a: [\n', /: the file is not YAML$/u],
  ['a list', () => '- a\n', /: the file is not a YAML mapping$/u],
  ['a text', () => 'hello\n', /: the file is not a YAML mapping$/u],
  ['with a key twice', (text) => `${text}kind: Keyset\n`, /: the file is not YAML$/u],
  ['two documents', (text) => `${text}---\n${text}`, /: the file is not YAML$/u],
  [
    'of a future apiVersion',
    (text) => text.replace('cdk8s-pki/v1', 'cdk8s-pki/v2'),
    /: apiVersion "cdk8s-pki\/v2" is not "cdk8s-pki\/v1"$/u,
  ],
  [
    'of no apiVersion',
    (text) => text.replace(/^apiVersion:.*\n/mu, ''),
    /: field "apiVersion" is missing$/u,
  ],
  [
    'of another cluster',
    (text) => text.replace(/^cluster: .*$/mu, 'cluster: test'),
    /: it is of "test\/ca", not of "prod\/ca"$/u,
  ],
  [
    'of another name',
    (text) => text.replace(/^name: .*$/mu, 'name: etcd-ca'),
    /: it is of "prod\/etcd-ca", not of "prod\/ca"$/u,
  ],
  [
    'of another kind',
    (text) => text.replace(/^kind: .*$/mu, 'kind: Certificate'),
    /: field "kind" is "Certificate", not one of /u,
  ],
  [
    'with a list for a name',
    (text) => text.replace(/^name: .*$/mu, 'name: [ca]'),
    /: field "name" is not a text$/u,
  ],
];

for (const [what, file] of [
  ['keyset.yaml', KEYSET],
  ['an entry', ENTRY],
] as const) {
  for (const [damage, apply, message] of everyDocument) {
    test(`observeKeyset: ${what} ${damage} is ERR_STORE and names the file`, (t) => {
      const tree = store().write(file, apply(store().text(file)));
      refused(t, tree, 'ERR_STORE', message);
      t.true(t.throws(() => observe(tree)).message.startsWith(`"${file}": `));
    });
  }

  for (const [what2, apply] of [
    ['CRLF line ends', (text: string) => text.replaceAll('\n', '\r\n')],
    ['a byte order mark', (text: string) => `\uFEFF${text}`],
    ['a comment', (text: string) => `# a comment\n${text}`],
  ] as const) {
    test(`observeKeyset: ${what} with ${what2} says the same`, (t) => {
      const tree = store().write(file, apply(store().text(file)));
      t.deepEqual(observe(tree), observe(store()));
    });
  }
}

const keysetRows: readonly (readonly [string, string | RegExp, string, ErrorCode, RegExp])[] = [
  [
    'a revision of 0',
    'revision: 1',
    'revision: 0',
    'ERR_STORE',
    /"revision" is not a positive whole number$/u,
  ],
  [
    'a revision of -1',
    'revision: 1',
    'revision: -1',
    'ERR_STORE',
    /"revision" is not a positive whole number$/u,
  ],
  [
    'a revision of 1e3',
    'revision: 1',
    'revision: 1e3',
    'ERR_STORE',
    /"revision" is not a positive whole number$/u,
  ],
  [
    'another revision',
    'revision: 1',
    'revision: 2',
    'ERR_KEYSET_SIGNATURE',
    /is not signed by the key that was issuing$/u,
  ],
  [
    'entries that are a text',
    /entries:\n(?: .*\n)+/u,
    'entries: none\n',
    'ERR_STORE',
    /"entries" is not a list of mappings$/u,
  ],
  [
    'entries that are texts',
    /entries:\n(?: .*\n)+/u,
    'entries: [a]\n',
    'ERR_STORE',
    /"entries" is not a list of mappings$/u,
  ],
  [
    'no entries',
    /entries:\n(?: .*\n)+/u,
    'entries: []\n',
    'ERR_KEYSET_STATE',
    /^keyset "prod\/ca" has the states none$/u,
  ],
  [
    'an unknown state',
    'state: issuing',
    'state: retired',
    'ERR_STORE',
    /"state" is "retired", not one of issuing, incoming, outgoing$/u,
  ],
  [
    'its only entry incoming',
    'state: issuing',
    'state: incoming',
    'ERR_KEYSET_STATE',
    /^keyset "prod\/ca" has the states incoming$/u,
  ],
  [
    'its only entry outgoing',
    'state: issuing',
    'state: outgoing',
    'ERR_KEYSET_STATE',
    /^keyset "prod\/ca" has the states outgoing$/u,
  ],
  [
    'another SPKI',
    /spki: [0-9a-f]/u,
    'spki: z',
    'ERR_STORE',
    /its key is not the one that ".*keyset\.yaml" lists$/u,
  ],
  [
    'an id that is a path',
    /id: .*/u,
    'id: ../../../../etc/passwd',
    'ERR_KEYSET_STATE',
    /does not list/u,
  ],
  ['no signature', /signature: .*\n/u, '', 'ERR_STORE', /field "signature" is missing$/u],
  [
    'an empty signature',
    /signature: .*\n/u,
    'signature: ""\n',
    'ERR_STORE',
    /field "signature" is not a text$/u,
  ],
  [
    'a signature that is not base64',
    /signature: .*\n/u,
    'signature: "*"\n',
    'ERR_KEYSET_SIGNATURE',
    /is not signed/u,
  ],
];

for (const [what, from, to, code, message] of keysetRows) {
  test(`observeKeyset: keyset.yaml with ${what} is ${code}`, (t) => {
    refused(t, store().edit(KEYSET, from, to), code, message);
  });
}

test('observeKeyset: an id that is a path is never read, even where the listing agrees', (t) => {
  const tree = store();
  const text = tree.text(KEYSET).replace(/id: .*/u, 'id: x/../../y');
  tree.write(KEYSET, text).remove(ENTRY);
  refused(t, tree, 'ERR_STORE', /an entry has an id that is not 16 hex digits$/u);
});

const certificateBlock = /certificate: \|\n(?: .*\n)+/u;
const entryRows: readonly (readonly [string, string | RegExp, string, RegExp])[] = [
  ['no certificate', certificateBlock, '', /field "certificate" is missing$/u],
  [
    'a certificate that is none',
    certificateBlock,
    'certificate: hello\n',
    /: no PEM block "CERTIFICATE"$/u,
  ],
  [
    'a plain private key',
    /privateKey: .*/u,
    'privateKey: hello',
    /: its private key is not encrypted by SOPS$/u,
  ],
  ['no private key', /privateKey: .*\n/u, '', /: its private key is not encrypted by SOPS$/u],
  [
    'no recipients',
    /\n {4}age:\n(?: {8}.*\n)+/u,
    '\n    age: []\n',
    /: its "sops" block is not complete$/u,
  ],
  ['no date', /issuedAt: .*\n/u, '', /field "issuedAt" is missing$/u],
  [
    'a date that is none',
    /issuedAt: .*\n/u,
    'issuedAt: "2026-13-40T00:00:00Z"\n',
    /field "issuedAt" is not an RFC 3339 instant in UTC$/u,
  ],
  [
    'a validity that is none',
    /validity: .*\n/u,
    'validity: 10 years\n',
    /field "validity" is not a duration$/u,
  ],
  [
    'the kind of a service-account key',
    'kind: CertificateAuthority',
    'kind: ServiceAccountKey',
    /field "publicKey" is missing$/u,
  ],
];

for (const [what, from, to, message] of entryRows) {
  test(`observeKeyset: an entry with ${what} is ERR_STORE`, (t) => {
    refused(t, store().edit(ENTRY, from, to), 'ERR_STORE', message);
    t.true(t.throws(() => observe(store().edit(ENTRY, from, to))).message.includes(ENTRY));
  });
}

test('observeKeyset: a service-account key with a damaged public key is ERR_STORE', (t) => {
  const tree = store().edit(SA_ENTRY, /publicKey: \|\n(?: .*\n)+/u, 'publicKey: hello\n');
  refused(t, tree, 'ERR_STORE', `"${SA_ENTRY}": no PEM block with a public key`, SA);
});

test('observeKeyset: a leaf’s certificate in place of a CA’s is ERR_STORE', (t) => {
  const tree = store();
  const block = certificateBlock.exec(tree.text('deploy/prod/pki/web.sops.yaml'))?.[0] ?? '';
  refused(
    t,
    tree.edit(ENTRY, certificateBlock, block),
    'ERR_STORE',
    `"${ENTRY}": its certificate is not a CA certificate`,
  );
});

test('observeKeyset: another CA’s certificate in an entry is ERR_STORE', (t) => {
  const tree = store();
  const block = certificateBlock.exec(tree.text(entryFile('test/ca')))?.[0] ?? '';
  refused(
    t,
    tree.edit(ENTRY, certificateBlock, block),
    'ERR_STORE',
    `"${ENTRY}": its key is not the one that "${KEYSET}" lists`,
  );
});

test('observeKeyset: a listed entry that is gone is ERR_AUTHORITY_MISSING with the way back', (t) => {
  const tree = store().remove(ENTRY);
  refused(t, tree, 'ERR_AUTHORITY_MISSING', `"${ENTRY}" of keyset "prod/ca" is missing`);
  t.deepEqual(t.throws<PkiError>(() => observe(tree)).hints, [
    `restore it from git: git checkout HEAD -- '${ENTRY}'`,
    `if it was committed like this: git checkout "$(git rev-list -1 HEAD -- '${ENTRY}')^" -- '${ENTRY}'`,
  ]);
});

for (const pathLength of [null, 0, 1, 300]) {
  test(`observeKeyset: reads a path length of ${String(pathLength)} out of the certificate`, async (t) => {
    const tree = new MemoryTree();
    const authorities = [authority('prod/ca', { pathLength })];
    await synth(tree, {
      units: [unit(cluster('prod', { authorities, recipients: [identity.recipient] }))],
    });
    t.is(observe(tree)?.entries[0]?.pathLength, pathLength);
  });
}

test('observeKeyset: a file that keyset.yaml does not list is ERR_KEYSET_STATE', (t) => {
  const stray = 'deploy/prod/pki/ca/0123456789abcdef.sops.yaml';
  const tree = store().write(stray, store().text(ENTRY));
  refused(t, tree, 'ERR_KEYSET_STATE', `keyset "prod/ca" does not list "${stray}"`);
});

test('observeKeyset: a folder in a keyset’s folder is ERR_KEYSET_STATE', (t) => {
  const tree = store().write('deploy/prod/pki/ca/old/x.sops.yaml', 'x');
  refused(t, tree, 'ERR_KEYSET_STATE', 'keyset "prod/ca" does not list "deploy/prod/pki/ca/old/"');
});

// Who signed it

interface Made {
  readonly key: KeyObject;
  readonly listed: Listed;
}

const [first] = (parse(store().text(SA_KEYSET)) as { readonly entries: readonly Listed[] }).entries;
const own: Made = { key: await privateKeyOf(SA_ENTRY), listed: first as Listed };

/** A service-account key of anybody's, put into the store beside the first one. */
function added(tree: MemoryTree, state: Listed['state']): Made {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = spkiHash(privateKey);
  const id = spki.slice(0, 16);
  const publicKey = formatPublicKey(privateKey).replaceAll(/^/gmu, '    ').trimEnd();
  const text = tree
    .text(SA_ENTRY)
    .replace(/publicKey: \|\n(?: .*\n)+/u, () => `publicKey: |\n${publicKey}\n`);
  tree.write(`deploy/prod/pki/sa/${id}.sops.yaml`, text);
  return { key: privateKey, listed: { id, state, spki } };
}

const inState = (made: Made, state: Listed['state']): Listed => ({ ...made.listed, state });

function signedKeyset(
  states: readonly [own: Listed['state'], other: Listed['state']],
  signers: (own: KeyObject, other: KeyObject) => readonly [KeyObject, KeyObject?],
): MemoryTree {
  const tree = store();
  const other = added(tree, states[1]);
  const entries = [inState(own, states[0]), other.listed];
  return tree.write(SA_KEYSET, keysetFile(SA, 2, entries, ...signers(own.key, other.key)));
}

test('signature: an incoming entry that the issuing key signed for is trusted', (t) => {
  const keyset = observe(
    signedKeyset(['issuing', 'incoming'], (mine) => [mine]),
    SA,
  );
  t.deepEqual(
    keyset?.entries.map(({ id, state }) => [id === own.listed.id, state]),
    [
      [true, 'issuing'],
      [false, 'incoming'],
    ],
  );
});

test('signature: a switch that both keys signed is trusted, and the issuing entry comes first', (t) => {
  const keyset = observe(
    signedKeyset(['outgoing', 'issuing'], (mine, other) => [mine, other]),
    SA,
  );
  t.deepEqual(
    keyset?.entries.map(({ id, state }) => [id === own.listed.id, state]),
    [
      [false, 'issuing'],
      [true, 'outgoing'],
    ],
  );
});

const UNSIGNED = `"${SA_KEYSET}": this revision is not signed by the key that was issuing`;

for (const [title, states, signers] of [
  ['incoming entry that signs for itself', ['issuing', 'incoming'], (_, other) => [other]],
  ['issuing entry that signs for itself', ['outgoing', 'issuing'], (_, other) => [other, other]],
  ['outgoing entry that signs for itself', ['issuing', 'outgoing'], (_, other) => [other, other]],
  ['issuing entry that never signed', ['outgoing', 'issuing'], (mine) => [mine, mine]],
] as const satisfies readonly (readonly [
  string,
  readonly [Listed['state'], Listed['state']],
  (own: KeyObject, other: KeyObject) => readonly [KeyObject, KeyObject?],
])[]) {
  test(`signature: an added ${title} is ERR_KEYSET_SIGNATURE`, (t) => {
    refused(t, signedKeyset(states, signers), 'ERR_KEYSET_SIGNATURE', UNSIGNED, SA);
  });
}

test('signature: a switch without the new key’s signature is ERR_STORE', (t) => {
  const tree = signedKeyset(['outgoing', 'issuing'], (mine) => [mine]);
  refused(t, tree, 'ERR_STORE', /field "countersignature" is missing$/u, SA);
});

for (const [states, text] of [
  [['issuing', 'issuing'], 'issuing, issuing'],
  [['incoming', 'outgoing'], 'incoming, outgoing'],
] as const) {
  test(`states: ${text} is ERR_KEYSET_STATE, whoever signed`, (t) => {
    const tree = signedKeyset(states, (mine, other) => [mine, other]);
    refused(t, tree, 'ERR_KEYSET_STATE', `keyset "prod/sa" has the states ${text}`, SA);
  });
}

test('states: three entries are ERR_KEYSET_STATE, even signed', (t) => {
  const tree = store();
  const entries = [own.listed, added(tree, 'incoming').listed, added(tree, 'outgoing').listed];
  tree.write(SA_KEYSET, keysetFile(SA, 2, entries, own.key, own.key));
  refused(t, tree, 'ERR_KEYSET_STATE', /has the states issuing, incoming, outgoing$/u, SA);
});

test('states: an entry listed twice is ERR_KEYSET_STATE', (t) => {
  const entries = [own.listed, inState(own, 'incoming')];
  const tree = store().write(SA_KEYSET, keysetFile(SA, 2, entries, own.key));
  refused(t, tree, 'ERR_KEYSET_STATE', /has the states issuing, incoming$/u, SA);
});

test('signature: a keyset copied from another cluster, names edited, is ERR_KEYSET_SIGNATURE', (t) => {
  const tree = store();
  const folder = 'deploy/prod/pki/sa/';
  for (const path of tree.paths(/^deploy\/prod\/pki\/sa\//u)) tree.remove(path);
  for (const path of tree.paths(/^deploy\/test\/pki\/sa\//u)) {
    const name = path.slice(path.lastIndexOf('/') + 1);
    tree.write(folder + name, tree.text(path).replace('cluster: test', 'cluster: prod'));
  }
  refused(t, tree, 'ERR_KEYSET_SIGNATURE', UNSIGNED, SA);
});

test('signature: entries of different kinds are ERR_STORE, even signed', async (t) => {
  const tree = store();
  const [ca] = (parse(tree.text(KEYSET)) as { readonly entries: readonly Listed[] }).entries;
  t.truthy(ca);
  const { id, spki } = ca as Listed;
  tree.write(
    `deploy/prod/pki/sa/${id}.sops.yaml`,
    tree.text(ENTRY).replace('name: ca', 'name: sa'),
  );
  const entries: Listed[] = [own.listed, { id, spki, state: 'incoming' }];
  tree.write(SA_KEYSET, keysetFile(SA, 2, entries, await privateKeyOf(SA_ENTRY)));
  refused(t, tree, 'ERR_STORE', `"${SA_KEYSET}": its entries are of different kinds`, SA);
});

import { createPublicKey, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import test from 'ava';
import type { DesiredLeaf } from '../../../src/model/desired.ts';
import type { CredentialPath } from '../../../src/model/names.ts';
import type { StatementEntry } from '../../../src/model/store/keyset.ts';
import type { CertificateSpec } from '../../../src/model/x509.ts';
import { FLAGS, type FlagCode } from '../../../src/review/flags.ts';
import { buildCertificate } from '../../../src/x509/build/certificate.ts';
import { readCertificate } from '../../../src/x509/read/certificate.ts';
import { readPublicKey, spkiHash } from '../../../src/x509/read/key.ts';
import { publicKeyPem } from '../../../src/x509/read/fields.ts';
import { after, DAY, NOW, unit } from '../../_helpers/desired.ts';
import { MemoryTree, newIdentity, synth } from '../../_helpers/repository.ts';
import { DUE, flagged, kubeadmLike, reviewTrees } from '../../_helpers/review.ts';
import { identity, keysetFile, privateKeyOf } from '../../_helpers/store.ts';

const stranger = await newIdentity();
const recipients = [identity.recipient];
const units = (over?: (leaf: DesiredLeaf) => Partial<DesiredLeaf>, to = recipients) => [
  unit(kubeadmLike('prod', to, over)),
  unit(kubeadmLike('other', recipients)),
];
const NODE_KEY = 'deploy/prod/nodes/cp-1/etc/kubernetes/pki/apiserver.key';
const KUBECONFIG = 'deploy/prod/kubeconfigs/deployer.conf';
const CIPHERTEXT = 'ENC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAA,type:str]';
const isWeb = ({ path }: DesiredLeaf): boolean => path === 'prod/web';

const made = new MemoryTree();
await synth(made, { units: units() });
const renewed = made.clone();
await synth(renewed, { units: units(), identity, chain: 'renew', now: DUE });

const WEB = 'deploy/prod/pki/web.sops.yaml';
const KEYSET = 'deploy/prod/pki/ca/keyset.yaml';
const CA = 'prod/ca' as CredentialPath;
const [CA_FILE = ''] = made.paths(/^deploy\/prod\/pki\/ca\/.*\.sops\.yaml$/u);
const caKey = await privateKeyOf(CA_FILE, made);
const PEM = /^ *-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----$/mu;
const certificateIn = (tree: MemoryTree, file: string) =>
  readCertificate((PEM.exec(tree.text(file))?.[0] ?? '').replaceAll(/^ +/gmu, ''));
const keyIn = (tree: MemoryTree, file: string): KeyObject =>
  readPublicKey(publicKeyPem(certificateIn(tree, file)));

/** What `synth` makes of another declaration, from `tree`. */
async function declared(
  tree: MemoryTree,
  over: (leaf: DesiredLeaf) => Partial<DesiredLeaf>,
): Promise<MemoryTree> {
  const head = tree.clone();
  await synth(head, { units: units(over), identity, now: DUE });
  return head;
}

const declaring =
  (over: Partial<DesiredLeaf>) =>
  (tree: MemoryTree): Promise<MemoryTree> =>
    declared(tree, (item) => (isWeb(item) ? over : {}));

/** Puts a certificate into web's document that the cluster's CA did sign. */
function forged(tree: MemoryTree, key: KeyObject, over: Partial<CertificateSpec> = {}): MemoryTree {
  const spec: CertificateSpec = {
    profile: 'server',
    subject: { commonName: 'web' },
    dnsNames: ['web.example.com'],
    ipAddresses: [],
    uris: [],
    pathLength: null,
    notBefore: after(DUE, -300),
    notAfter: after(DUE, 365 * DAY),
    serialNumber: Buffer.concat([Buffer.from([0x11]), randomBytes(15)]),
    ...over,
  };
  const issuer = { certificate: certificateIn(tree, CA_FILE), privateKey: caKey };
  const pem = buildCertificate(spec, key, issuer).pem.trimEnd().replaceAll(/^/gmu, '    ');
  const text = tree.text(WEB).replace(PEM, pem);
  return tree.clone().write(WEB, text.replace(/^spki: .*$/mu, `spki: ${spkiHash(key)}`));
}

const newKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;

/** A tree with the same clusters, and nothing else in common. */
async function strange(): Promise<MemoryTree> {
  const tree = new MemoryTree();
  await synth(tree, { units: units() });
  return tree;
}

function withFilesOf(tree: MemoryTree, other: MemoryTree, pattern: RegExp): MemoryTree {
  const head = tree.clone();
  for (const file of tree.paths(pattern)) head.remove(file);
  for (const file of other.paths(pattern)) head.write(file, other.files.get(file) ?? '');
  return head;
}

const revision = (
  tree: MemoryTree,
  number: number,
  more: readonly StatementEntry[] = [],
): MemoryTree => {
  const { spki } = certificateIn(tree, CA_FILE);
  const listed = { id: spki.slice(0, 16), state: 'issuing' as const, spki };
  return tree.clone().write(KEYSET, keysetFile(CA, number, [listed, ...more], caKey));
};

const OTHER = { id: 'ab'.repeat(8), spki: 'ab'.repeat(32) };

const binding = (role: string): string => `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: extra}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: ${role}}
subjects: [{kind: User, name: mallory}]
`;

const RECORD = 'deploy/prod/pki/ca/revocations.yaml';

/** A tree in which the certificate that `web` has in `of` is revoked. */
async function revoking(of: MemoryTree, now = DUE): Promise<MemoryTree> {
  const certificate = certificateIn(of, WEB);
  const { serialNumber, notAfter } = certificate;
  const credential = 'prod/web' as CredentialPath;
  const reason = 'keyCompromise' as const;
  const entry = { serialNumber, credential, revokedAt: now, reason, notAfter, certificate };
  const tree = of.clone();
  await synth(tree, { units: units(), identity, now, revocations: new Map([[CA, [entry]]]) });
  return tree;
}

const revoked = await revoking(made);
const revokedTwice = await revoking(revoked, after(DUE, DAY));

interface Row {
  readonly title: string;
  readonly code: FlagCode;
  readonly base?: MemoryTree;
  readonly head: (tree: MemoryTree) => MemoryTree | Promise<MemoryTree>;
  /** What is flagged; nothing for a case that only looks like it. */
  readonly flags: readonly string[];
}

const EXTRA = 'deploy/prod/manifests/ClusterRoleBinding.extra.yaml';
const WEB_SECRET = 'deploy/prod/manifests/Secret.default.web.sops.yaml';
const CA_CRT = 'deploy/prod/nodes/cp-1/etc/kubernetes/pki/ca.crt';

const remembering = (life: string): MemoryTree =>
  made.clone().edit(KEYSET, /(spki: .*\n)/u, `$1    outsideLife: ${life}\n`);

const ROWS: Row[] = [
  {
    title: 'a name that was added',
    code: 'SanAdded',
    head: declaring({ dnsNames: ['web.example.com', 'evil.example.com'] }),
    flags: ['prod/web'],
  },
  {
    title: 'a name that was taken away',
    code: 'SanAdded',
    base: await declared(made, (item) => (isWeb(item) ? { dnsNames: ['a.test', 'b.test'] } : {})),
    head: declaring({ dnsNames: ['a.test'] }),
    flags: [],
  },
  {
    title: 'another subject',
    code: 'SubjectChanged',
    head: declaring({ subject: { commonName: 'other' } }),
    flags: ['prod/web'],
  },
  {
    title: 'a usage that was added',
    code: 'UsageAdded',
    head: declaring({ profile: 'peer' }),
    flags: ['prod/web'],
  },
  {
    title: 'a weaker key',
    code: 'WeakerAlgorithm',
    head: declaring({ keyAlgorithm: 'RSA-2048' }),
    flags: ['prod/web'],
  },
  {
    title: 'a stronger key',
    code: 'WeakerAlgorithm',
    head: declaring({ keyAlgorithm: 'ECDSA-P384' }),
    flags: [],
  },
  {
    title: 'a longer life',
    code: 'LongerLife',
    head: declaring({ validity: 800 * DAY, subject: { commonName: 'web2' } }),
    flags: ['prod/web'],
  },
  {
    title: 'a member of system:masters',
    code: 'PrivilegedIdentity',
    head: declaring({
      profile: 'client',
      subject: { commonName: 'web', organizations: ['system:masters'] },
    }),
    flags: ['prod/web'],
  },
  {
    title: 'a member of a group that a manifest binds to cluster-admin',
    code: 'PrivilegedIdentity',
    head: declaring({
      profile: 'client',
      subject: { commonName: 'web', organizations: ['kubeadm:cluster-admins'] },
    }),
    flags: ['prod/web'],
  },
  {
    title: 'a member of another group',
    code: 'PrivilegedIdentity',
    head: declaring({
      profile: 'client',
      subject: { commonName: 'web', organizations: ['deployers'] },
    }),
    flags: [],
  },
  {
    title: 'a binding to cluster-admin',
    code: 'ClusterAdminBinding',
    head: (tree) => tree.clone().write(EXTRA, binding('cluster-admin')),
    flags: [EXTRA],
  },
  {
    title: 'a binding to a role that allows all',
    code: 'ClusterAdminBinding',
    head: (tree) =>
      tree
        .clone()
        .write(
          EXTRA,
          `${binding('anything')}---\n{kind: ClusterRole, metadata: {name: anything}, rules: [{apiGroups: ['*'], resources: ['*'], verbs: ['*']}]}\n`,
        ),
    flags: [EXTRA],
  },
  {
    title: 'a binding to view',
    code: 'ClusterAdminBinding',
    head: (tree) => tree.clone().write(EXTRA, binding('view')),
    flags: [],
  },
  {
    title: 'a CA certificate in place of a leaf',
    code: 'CaTrue',
    head: (tree) => forged(tree, newKey(), { profile: 'ca' }),
    flags: ['prod/web'],
  },
  {
    title: 'a new certificate for the old key',
    code: 'KeyReused',
    head: (tree) => forged(tree, keyIn(tree, WEB)),
    flags: ['prod/web'],
  },
  {
    title: 'a new certificate for the key of another credential',
    code: 'KeyReused',
    head: (tree) => forged(tree, keyIn(tree, 'deploy/prod/pki/deployer.sops.yaml')),
    flags: ['prod/web'],
  },
  {
    title: 'a new certificate for the key of the CA',
    code: 'KeyReused',
    head: (tree) => forged(tree, createPublicKey(caKey)),
    flags: ['prod/web'],
  },
  {
    title: 'a new certificate for a new key',
    code: 'KeyReused',
    head: (tree) => forged(tree, newKey()),
    flags: [],
  },
  {
    title: 'a document that was put back',
    code: 'OlderCertificate',
    base: renewed,
    head: (tree) => tree.clone().write(WEB, made.text(WEB)),
    flags: ['prod/web'],
  },
  {
    title: 'an end before that of the old one',
    code: 'OlderCertificate',
    head: (tree) => forged(tree, newKey(), { notAfter: after(NOW, 364 * DAY) }),
    flags: ['prod/web'],
  },
  {
    title: 'a new cluster',
    code: 'NewAuthority',
    base: new MemoryTree(),
    head: async () => withFilesOf(new MemoryTree(), await strange(), /^deploy\/(prod|auth)/u),
    flags: ['prod/ca', 'prod/service-account-key'],
  },
  {
    title: 'a keyset that was replaced',
    code: 'NewAuthority',
    head: async (tree) => withFilesOf(tree, await strange(), /^deploy\/prod\/pki\/ca\//u),
    flags: ['prod/ca'],
  },
  {
    title: 'a keyset that was replaced',
    code: 'KeysetNotSigned',
    head: async (tree) => withFilesOf(tree, await strange(), /^deploy\/prod\/pki\/ca\//u),
    flags: ['prod/ca'],
  },
  {
    title: 'an edited keyset',
    code: 'KeysetNotSigned',
    head: (tree) => tree.clone().edit(KEYSET, /^revision: 1$/mu, 'revision: 2'),
    flags: ['prod/ca'],
  },
  {
    title: 'the next revision, signed by the key that issues',
    code: 'KeysetNotSigned',
    head: (tree) => revision(tree, 2),
    flags: [],
  },
  {
    title: 'an earlier revision',
    code: 'KeysetRevisionLower',
    base: revision(made, 2),
    head: (tree) => tree.clone().write(KEYSET, made.text(KEYSET)),
    flags: ['prod/ca'],
  },
  {
    title: 'a later revision',
    code: 'KeysetRevisionLower',
    head: (tree) => revision(tree, 2),
    flags: [],
  },
  {
    title: 'a shorter life of what was signed outside',
    code: 'OutsideLifeLower',
    base: remembering('8760h'),
    head: () => remembering('1h'),
    flags: ['prod/ca'],
  },
  {
    title: 'a longer one',
    code: 'OutsideLifeLower',
    base: remembering('8760h'),
    head: () => remembering('9000h'),
    flags: [],
  },
  {
    title: 'an entry that comes and goes out at once',
    code: 'StagesSkipped',
    head: (tree) => revision(tree, 3, [{ ...OTHER, state: 'outgoing' }]),
    flags: ['prod/ca'],
  },
  {
    title: 'an entry that comes in',
    code: 'StagesSkipped',
    head: (tree) => revision(tree, 2, [{ ...OTHER, state: 'incoming' }]),
    flags: [],
  },
  {
    title: 'a keyset that is gone',
    code: 'AuthorityRemoved',
    head: (tree) => withFilesOf(tree, new MemoryTree(), /^deploy\/prod\/pki\/ca\//u),
    flags: ['prod/ca'],
  },
  {
    title: 'a line that the ledger lost',
    code: 'LedgerLineRemoved',
    head: (tree) => tree.clone().edit('deploy/authorities.yaml', /^- \{cluster: prod, .*\n/mu, ''),
    flags: ['deploy/authorities.yaml'],
  },
  {
    title: "a certificate in a node's files that no store has",
    code: 'ForeignCertificate',
    head: async (tree) => tree.clone().write(CA_CRT, (await strange()).text(CA_CRT)),
    flags: [CA_CRT],
  },
  {
    title: 'a certificate in a Secret that no store has',
    code: 'ForeignCertificate',
    head: async (tree) => tree.clone().write(WEB_SECRET, (await strange()).text(WEB_SECRET)),
    flags: [WEB_SECRET, WEB_SECRET], // the CA and the leaf
  },
  {
    title: "another cluster's CA in a trust bundle",
    code: 'ForeignCertificate',
    head: (tree) => tree.clone().write(CA_CRT, tree.text(CA_CRT.replace('/prod/', '/other/'))),
    flags: [CA_CRT],
  },
  {
    title: 'a recipient of the store',
    code: 'RecipientAdded',
    head: async (tree) => {
      const head = tree.clone();
      const both = [...recipients, stranger.recipient];
      await synth(head, { units: units(undefined, both), identity, now: DUE });
      return head;
    },
    flags: ['.sops.yaml', CA_FILE],
  },
  {
    title: 'a recipient of a new file alone',
    code: 'RecipientAdded',
    head: (tree) =>
      tree
        .clone()
        .write(
          WEB_SECRET.replace('web', 'new'),
          tree.text(WEB_SECRET).replaceAll(identity.recipient, stranger.recipient),
        ),
    flags: [WEB_SECRET.replace('web', 'new')],
  },
  {
    title: 'a workflow',
    code: 'WorkflowChanged',
    head: (tree) => tree.clone().write('.github/workflows/verify.yml', 'on: pull_request_target'),
    flags: ['.github/workflows/verify.yml'],
  },
  {
    title: 'a lock file',
    code: 'DependencyChanged',
    head: (tree) => tree.clone().write('package-lock.json', '{}'),
    flags: ['package-lock.json'],
  },
  {
    title: "another node's key in the place of a key",
    code: 'EncryptedAnew',
    head: (tree) => tree.clone().write(NODE_KEY, tree.text(NODE_KEY.replace('cp-1', 'cp-2'))),
    flags: [NODE_KEY],
  },
  {
    title: 'another key in a kubeconfig, written in another form',
    code: 'EncryptedAnew',
    head: (tree) =>
      tree
        .clone()
        .edit(KUBECONFIG, /client-key-data: ENC.*$/mu, `client-key-data: "${CIPHERTEXT}"`),
    flags: [KUBECONFIG],
  },
  {
    title: 'another key in a document of the store',
    code: 'EncryptedAnew',
    head: (tree) => tree.clone().edit(WEB, /^privateKey: ENC.*$/mu, `privateKey: ${CIPHERTEXT}`),
    flags: [WEB],
  },
  {
    title: 'when a certificate was issued, which says when it is due',
    code: 'StoreEdited',
    head: (tree) => tree.clone().edit(WEB, /^issuedAt: .*$/mu, 'issuedAt: "2020-01-01T00:00:00Z"'),
    flags: ['prod/web'],
  },
  {
    title: 'a field that nobody wrote',
    code: 'StoreEdited',
    head: (tree) => tree.clone().edit(CA_FILE, /^reason: /mu, 'note: mine\nreason: '),
    flags: ['prod/ca'],
  },
  {
    title: 'another key beside another reason, which are no encryption anew',
    code: 'StoreEdited',
    head: (tree) =>
      tree
        .clone()
        .edit(WEB, /^privateKey: ENC.*$/mu, `privateKey: ${CIPHERTEXT}`)
        .edit(WEB, /^reason: .*$/mu, 'reason: Requested'),
    flags: ['prod/web'],
  },
  {
    title: 'who could open it before, forgotten',
    code: 'StoreEdited',
    base: made.clone().edit(WEB, /^reason: /mu, 'formerRecipients: age1a,age1b\nreason: '),
    head: (tree) =>
      tree
        .clone()
        .edit(WEB, /^formerRecipients: .*$/mu, 'formerRecipients: age1b')
        .edit(WEB, /^privateKey: ENC.*$/mu, `privateKey: ${CIPHERTEXT}`),
    flags: ['prod/web'],
  },
  {
    title: 'who could open it before, remembered when it is encrypted again',
    code: 'StoreEdited',
    base: made.clone().edit(WEB, /^reason: /mu, 'formerRecipients: age1a\nreason: '),
    head: (tree) =>
      tree
        .clone()
        .edit(WEB, /^formerRecipients: .*$/mu, 'formerRecipients: age1b,age1a')
        .edit(WEB, /^privateKey: ENC.*$/mu, `privateKey: ${CIPHERTEXT}`),
    flags: [],
  },
  {
    title: 'the keysets of two clusters, exchanged',
    code: 'DocumentMoved',
    head: (tree) => {
      const head = tree.clone();
      for (const [one, two] of [
        ['prod', 'other'],
        ['other', 'prod'],
      ]) {
        const folder = new RegExp(`^deploy/${one}/pki/ca/`, 'u');
        for (const file of tree.paths(folder)) head.remove(file);
        for (const file of tree.paths(new RegExp(`^deploy/${two}/pki/ca/`, 'u')))
          head.write(file.replace(`/${two}/`, `/${one}/`), tree.text(file));
      }
      return head;
    },
    flags: ['other/ca', 'other/ca', 'prod/ca', 'prod/ca'],
  },
  {
    title: 'the document of another node',
    code: 'DocumentMoved',
    head: (tree) => {
      const file = 'deploy/prod/pki/cp-1/apiserver.sops.yaml';
      return tree.clone().write(file, tree.text(file.replace('cp-1', 'cp-2')));
    },
    flags: ['prod/cp-1/apiserver'],
  },
  {
    title: 'a document that is renewed',
    code: 'DocumentMoved',
    head: () => renewed,
    flags: [],
  },
  {
    title: 'a document that is renewed',
    code: 'StoreEdited',
    head: () => renewed,
    flags: [],
  },
  {
    title: 'a keyset that is the same, in other words',
    code: 'StoreEdited',
    head: (tree) => tree.clone().edit(KEYSET, /^revision: 1$/mu, 'revision: 1 # looked at'),
    flags: ['prod/ca'],
  },
  {
    title: 'a keyset of a later revision',
    code: 'StoreEdited',
    head: (tree) => revision(tree, 2),
    flags: [],
  },
  {
    title: 'a keyset that remembers a longer life',
    code: 'StoreEdited',
    base: remembering('8760h'),
    head: () => remembering('9000h'),
    flags: [],
  },
  {
    title: 'another key beside what sops does not read',
    code: 'EncryptedAnew',
    head: (tree) =>
      tree
        .clone()
        .write(NODE_KEY, tree.text(NODE_KEY.replace('cp-1', 'cp-2')).replace('{', '{"x": "y",')),
    flags: [NODE_KEY],
  },
  {
    title: 'another key in a kubeconfig, below a certificate in a comment',
    code: 'EncryptedAnew',
    head: (tree) =>
      tree
        .clone()
        .edit(
          KUBECONFIG,
          /client-key-data: ENC.*$/mu,
          `client-key-data: "${CIPHERTEXT}" # -----BEGIN CERTIFICATE-----${'A'.repeat(64)}-----END CERTIFICATE-----`,
        ),
    flags: [KUBECONFIG],
  },
  {
    title: 'what another recipient can open',
    code: 'EncryptedAnew',
    head: async (tree) => {
      const head = tree.clone();
      const both = [...recipients, stranger.recipient];
      await synth(head, { units: units(undefined, both), identity, now: DUE });
      return head;
    },
    flags: [],
  },
  {
    title: 'a leaf that cannot be read',
    code: 'Damaged',
    head: (tree) => tree.clone().write(WEB, 'certificate: [<<<<'),
    flags: ['prod/web'],
  },
  {
    title: 'a leaf that could not be read before',
    code: 'Damaged',
    base: made.clone().write(WEB, Buffer.from([0xff, 0x00])),
    head: () => made.clone(),
    flags: ['prod/web'],
  },
  {
    title: 'a keyset that cannot be read',
    code: 'Damaged',
    head: (tree) => tree.clone().write(KEYSET, '{'),
    flags: ['prod/ca'],
  },
  {
    title: "a certificate beside another's key",
    code: 'Damaged',
    head: (tree) => tree.clone().edit(WEB, /^spki: .*$/mu, `spki: ${'0'.repeat(64)}`),
    flags: ['prod/web'],
  },
];

const REVOCATIONS: readonly Row[] = [
  { title: 'a certificate', code: 'Revoked', head: () => revoked, flags: ['prod/ca'] },
  {
    title: 'another one, beside one that was',
    code: 'Revoked',
    base: revoked,
    head: () => revokedTwice,
    flags: ['prod/ca'],
  },
  { title: 'what was already', code: 'Revoked', base: revoked, head: () => revoked, flags: [] },
  {
    title: 'a record that is gone',
    code: 'RevocationLost',
    base: revoked,
    head: (tree) => tree.clone().remove(RECORD),
    flags: ['prod/ca'],
  },
  {
    title: 'an older record',
    code: 'RevocationLost',
    base: revokedTwice,
    head: (tree) => tree.clone().write(RECORD, revoked.text(RECORD)),
    flags: ['prod/ca'],
  },
  {
    title: 'a later record',
    code: 'RevocationLost',
    base: revoked,
    head: () => revokedTwice,
    flags: [],
  },
  {
    title: 'a record that cannot be read',
    code: 'Damaged',
    base: revoked,
    head: (tree) => tree.clone().write(RECORD, '{'),
    flags: ['prod/ca'],
  },
];
ROWS.push(...REVOCATIONS);

/** `made` with the cluster CA's certificate signed again. */
const reissued = made.clone();
await synth(reissued, {
  units: units(),
  identity,
  now: DUE,
  rotation: { request: { keyset: CA, verb: 'reissue', acceptLockout: false }, merged: new Map() },
});

/** The CA's document with a certificate that its own key signed, of another profile. */
function widened(tree: MemoryTree, over: Partial<CertificateSpec>): MemoryTree {
  const { notBefore, subject } = certificateIn(tree, CA_FILE);
  const spec: CertificateSpec = {
    profile: 'ca',
    subject,
    dnsNames: [],
    ipAddresses: [],
    uris: [],
    pathLength: null,
    notBefore,
    notAfter: after(DUE, 3650 * DAY),
    serialNumber: Buffer.alloc(16, 0x41),
    ...over,
  };
  const pem = buildCertificate(spec, caKey, null).pem.trimEnd().replaceAll(/^/gmu, '    ');
  return tree.clone().edit(CA_FILE, PEM, pem);
}

ROWS.push(
  {
    title: 'a CA with a later certificate for the same key',
    code: 'AuthorityReissued',
    head: () => reissued,
    flags: ['prod/ca'],
  },
  {
    title: 'a CA with another name for the same key',
    code: 'AuthorityChanged',
    head: (tree) => widened(tree, { subject: { commonName: 'other' } }),
    flags: ['prod/ca'],
  },
  {
    title: 'a CA with another path length for the same key',
    code: 'AuthorityChanged',
    head: (tree) => widened(tree, { pathLength: 3 }),
    flags: ['prod/ca'],
  },
  {
    title: 'a CA with further names for the same key',
    code: 'AuthorityChanged',
    head: (tree) => widened(tree, { dnsNames: ['evil.example.com'] }),
    flags: ['prod/ca'],
  },
  { title: 'a CA that was reissued', code: 'AuthorityChanged', head: () => reissued, flags: [] },
  {
    title: 'a CA with the certificate that it had before',
    code: 'OlderCertificate',
    base: reissued,
    head: () => made,
    flags: ['prod/ca'],
  },
);

test('a reissue: the day on which the certificate before ends is the deadline, and what copies hold works until then', (t) => {
  const before = certificateIn(made, CA_FILE).notAfter;
  const { deadline, clusters } = reviewTrees(made, reissued);
  t.deepEqual(deadline?.notAfter, before);
  t.deepEqual(deadline?.credentials, [CA]);
  const [prod] = clusters;
  t.like(prod?.keysets[0], { credential: CA, change: 'reissued', oldNotAfter: before });
  t.deepEqual(prod?.certificates, []);
  t.deepEqual(
    prod?.copies.map(({ credentials, until }) => [credentials, until]),
    [[[CA], before]],
  );
});

const SOPS = '.sops.yaml';
const FIRST_RULE = /^creation_rules:\n/mu;
const ruled = (rule: string) => (tree: MemoryTree) =>
  tree.clone().edit(SOPS, FIRST_RULE, `creation_rules:\n${rule}`);
const everything = ruled(`  - path_regex: .*\n    age: ${identity.recipient}\n`)(made);
/** All but what is looked for is as before. */
const BYPASSES: readonly (readonly [title: string, head: Row['head']])[] = [
  [
    'a rule with a tag',
    ruled(`  - path_regex: .*\n    age: ${stranger.recipient}\n    x: !foo bar\n`),
  ],
  ['a rule of recipients that are known', () => everything],
  ['a second document', (tree) => tree.clone().write(SOPS, `${tree.text(SOPS)}---\na: 1\n`)],
  [
    'an alias of what it is in',
    (tree) => tree.clone().write(SOPS, `x: &a [*a]\n${tree.text(SOPS)}`),
  ],
  [
    'a second list of rules, with a key that YAML takes for the same',
    (tree) => tree.clone().write(SOPS, `"creation_rules": []\n${tree.text(SOPS)}`),
  ],
  [
    'generated lines that are moved below another key',
    (tree) => tree.clone().edit(SOPS, FIRST_RULE, 'creation_rules: []\nother:\n'),
  ],
];
const OWN_RULE = `  - path_regex: ^apps/\n    unencrypted_regex: .*\n    age: ${identity.recipient}\n`;
const withOwnRule = (tree: MemoryTree): MemoryTree =>
  tree.clone().write(SOPS, `${tree.text(SOPS)}${OWN_RULE}`);
ROWS.push(
  ...BYPASSES.map(([title, head]): Row => ({ title, code: 'RulesBypassed', head, flags: [SOPS] })),
  {
    title: 'a rule that was there',
    code: 'RulesBypassed',
    base: everything,
    head: () => everything.clone().edit(SOPS, /$/u, '# x\n'),
    flags: [],
  },
  { title: "a rule of a user's, after ours", code: 'RulesBypassed', head: withOwnRule, flags: [] },
  {
    title: "a rule of a user's, after ours",
    code: 'WorkflowChanged',
    head: withOwnRule,
    flags: [SOPS],
  },
  {
    title: 'a user whose keys have names',
    code: 'RulesBypassed',
    head: (tree) =>
      tree
        .clone()
        .write(SOPS, `keys:\n  - &me ${identity.recipient}\n${tree.text(SOPS)}  - age: *me\n`),
    flags: [],
  },
);

const LEDGER = 'deploy/authorities.yaml';
const SPKI_LINE = `id: "${'a'.repeat(16)}", spki: "${'a'.repeat(64)}"`;
const REMOVED = 'removed: "2026-01-01T00:00:00Z"';
const listed =
  (...lines: readonly string[]) =>
  (tree: MemoryTree): MemoryTree =>
    tree
      .clone()
      .write(LEDGER, `${tree.text(LEDGER)}${lines.map((line) => `- {${line}}\n`).join('')}`);
const LEDGER_LINES: readonly (readonly [title: string, lines: readonly string[], flags: number])[] =
  [
    ['an authority of a cluster that is not there', [`cluster: evil, keyset: ca, ${SPKI_LINE}`], 1],
    ['an authority that its cluster has not', [`cluster: prod, keyset: new-ca, ${SPKI_LINE}`], 1],
    ['the removal of a cluster that never was', [`cluster: evil, ${REMOVED}`], 1],
    ['what is no line of a ledger', ['cluster: prod'], 1],
    ['a further entry of a keyset', [`cluster: prod, keyset: ca, ${SPKI_LINE}`], 0],
    ['the removal of a cluster that was', [`cluster: prod, ${REMOVED}`], 0],
    [
      'one that came and went',
      [`cluster: x, keyset: ca, ${SPKI_LINE}`, `cluster: x, ${REMOVED}`],
      0,
    ],
  ];
ROWS.push(
  ...LEDGER_LINES.map(([title, lines, count]): Row => {
    const flags = Array.from({ length: count }, () => LEDGER);
    return { title, code: 'LedgerLineUnknown', head: listed(...lines), flags };
  }),
);

const planted =
  (file: string, content = 'kind: Pod\n') =>
  (tree: MemoryTree) =>
    tree.clone().write(file, content);
const UNKNOWN = [
  'deploy/prod/nodes/cp-1/etc/kubernetes/manifests/evil.yaml',
  'deploy/prod/nodes/cp-1/README.md',
  'deploy/prod/manifests/kustomization.yaml',
  'deploy/prod/kubeconfigs/evil.conf',
  'deploy/prod/charts/README.md',
  'deploy/prod/ROTATION.md',
  'deploy/prod/kustomization.yaml',
  'deploy/prod/pki/ca/deep/evil.sops.yaml',
  'deploy/prod/pki/kustomization.yaml',
  'deploy/prod/pki/revocations.yaml',
  'deploy/prod/pki/x/revocations.yaml',
  'deploy/evil/pki/ca/revocations.yaml',
  'deploy/evil.yaml',
  'deploy/evil/manifests/pod.yaml',
  'deploy/.sops.yaml',
  'deploy/prod/pki/.sops.yaml',
  'deploy/prod/.gitattributes',
];
ROWS.push(
  ...UNKNOWN.map((file): Row => ({
    title: file,
    code: 'UnknownFile',
    head: planted(file),
    flags: [file],
  })),
  {
    title: 'a file that was there, edited',
    code: 'UnknownFile',
    base: planted('deploy/prod/kustomization.yaml')(made),
    head: planted('deploy/prod/kustomization.yaml', 'kind: Kustomization\n'),
    flags: ['deploy/prod/kustomization.yaml'],
  },
  {
    title: 'a record of what a keyset revoked',
    code: 'UnknownFile',
    head: planted('deploy/prod/pki/ca/revocations.yaml'),
    flags: [],
  },
  {
    title: 'one that goes',
    code: 'UnknownFile',
    base: planted('deploy/prod/kustomization.yaml')(made),
    head: (tree) => tree.clone().remove('deploy/prod/kustomization.yaml'),
    flags: [],
  },
  {
    title: 'all of a new cluster',
    code: 'UnknownFile',
    base: new MemoryTree(),
    head: () => made,
    flags: [],
  },
  ...['deploy/README.md', 'deploy/prod/notes.txt', 'deploy/prod/pki/README.md'].flatMap(
    (file): Row[] => [
      { title: `${file}, which is words`, code: 'UnknownFile', head: planted(file), flags: [] },
      { title: file, code: 'UserFile', head: planted(file), flags: [file] },
    ],
  ),
);

for (const { title, code, base = made, head, flags } of ROWS) {
  test(`${code}: ${title} ${flags.length > 0 ? 'is flagged' : 'is not'}`, async (t) => {
    t.deepEqual(flagged(reviewTrees(base, await head(base)), code), flags);
  });
}

test('flags: each has a planted case', (t) => {
  const timed: FlagCode[] = ['StageEarly', 'LockoutAccepted']; // stages.test.ts
  const planted = new Set(timed);
  for (const { code } of ROWS.filter(({ flags }) => flags.length > 0)) planted.add(code);
  t.deepEqual([...planted].sort(), Object.keys(FLAGS).sort());
});

test('flags: a renewal of everything has none', (t) => {
  const { flags, totals } = reviewTrees(made, renewed);
  t.deepEqual(flags, []);
  t.is(totals.renewed, 12);
});

test('flags: a cluster that is removed: its keysets are flagged, and all that goes is counted', (t) => {
  const head = withFilesOf(made, new MemoryTree(), /^deploy\/prod\//u);
  const result = reviewTrees(made, head);
  const { clusters, totals } = result;
  t.deepEqual(flagged(result, 'AuthorityRemoved'), ['prod/ca', 'prod/service-account-key']);
  t.deepEqual(
    clusters.map(({ name, change }) => [name, change]),
    [['prod', 'removed']],
  );
  t.is(totals.removed, 6);
});

test('flags: the worst come first', async (t) => {
  const head = (await declaring({ dnsNames: ['evil.example.com'] })(made)).edit(
    KEYSET,
    /^revision: 1$/mu,
    'revision: 2',
  );
  const codes = reviewTrees(made, head).flags.map(({ code }) => code);
  t.deepEqual(codes, ['KeysetNotSigned', 'SanAdded', 'Damaged']);
});

import test from 'ava';
import { parse, stringify } from 'yaml';
import { PkiError } from '../../../src/errors.ts';
import type { CredentialPath, TreePath } from '../../../src/model/names.ts';
import type { RotationRequest } from '../../../src/model/store/rotation.ts';
import type { CrlSpec } from '../../../src/model/x509.ts';
import {
  guardRevocations,
  observeRevocations,
  parseRevocations,
} from '../../../src/observe/revocations.ts';
import { revocationFlags } from '../../../src/review/compare/revocations.ts';
import { buildCrl } from '../../../src/x509/build/crl/crl.ts';
import type { Issuer } from '../../../src/x509/build/issuer.ts';
import { readCertificate } from '../../../src/x509/read/certificate.ts';
import { isCrlOf, readCrl } from '../../../src/x509/read/crl/crl.ts';
import { decodeBlocks, formatPem } from '../../../src/x509/read/pem.ts';
import { after, authority, cluster, DAY, leaf, NOW, TREE, unit } from '../../_helpers/desired.ts';
import { MemoryTree, synth } from '../../_helpers/repository.ts';
import { identity, privateKeyOf } from '../../_helpers/store.ts';
import { rootCa } from '../x509/fixtures.ts';
import { observe, refused } from './_keyset.ts';

const PROD = cluster('prod', {
  recipients: [identity.recipient],
  authorities: [authority('prod/ca')],
  leaves: [leaf('prod/web'), leaf('prod/api')],
});
const CA = 'prod/ca' as CredentialPath;
const KEYSET = 'deploy/prod/pki/ca/keyset.yaml';
const RECORD = 'deploy/prod/pki/ca/revocations.yaml';
const common = { units: [unit(PROD)], identity };

async function rotate(before: MemoryTree, verb: RotationRequest['verb'], days: number) {
  const tree = before.clone();
  const content = Buffer.from(tree.text(KEYSET));
  const since = after(NOW, (days - 10) * DAY);
  const merged = new Map([[CA, { since, commit: 'c'.repeat(40), content }]]);
  const request = { keyset: CA, verb, acceptLockout: false };
  await synth(tree, { ...common, now: after(NOW, days * DAY), rotation: { request, merged } });
  return tree;
}

async function revoke(before: MemoryTree, name: string, days: number): Promise<MemoryTree> {
  const tree = before.clone();
  const document: unknown = parse(tree.text(`deploy/prod/pki/${name}.sops.yaml`));
  const certificate = readCertificate((document as { certificate: string }).certificate);
  const { serialNumber, notAfter } = certificate;
  const now = after(NOW, days * DAY);
  const credential = `prod/${name}` as CredentialPath;
  const entry = {
    serialNumber,
    credential,
    revokedAt: now,
    reason: 'superseded',
    notAfter,
    certificate,
  } as const;
  await synth(tree, { ...common, now, revocations: new Map([[CA, [entry]]]) });
  return tree;
}

const start = new MemoryTree();
await synth(start, common);
const revoked = await revoke(start, 'web', 1);
const accepted = await rotate(revoked, 'advance', 20);
const issued = await rotate(accepted, 'advance', 40);
const aborted = await rotate(issued, 'abort', 50);
const retired = await rotate(aborted, 'advance', 70);

/** The number of the record, and the states of the entries that signed its CRLs. */
function signersOf(tree: MemoryTree): unknown {
  const keyset = observe(tree);
  const crl = keyset?.revocations?.crl;
  const stateOf = (issuer?: string) => keyset?.entries.find(({ id }) => id === issuer)?.state;
  return crl && [crl.number, stateOf(crl.issuer), stateOf(crl.outgoing?.issuer)];
}

test('from issue to retire, aborted or not, the record has a CRL of the outgoing entry as well', async (t) => {
  t.deepEqual(signersOf(revoked), [1, 'issuing', undefined]);
  t.deepEqual(signersOf(accepted), [1, 'issuing', undefined], 'an incoming entry signs nothing');
  t.is(accepted.text(RECORD), revoked.text(RECORD));
  t.deepEqual(signersOf(issued), [2, 'issuing', 'outgoing']);
  t.deepEqual(signersOf(aborted), [3, 'issuing', 'outgoing']);
  t.is(observe(aborted)?.entries[0]?.id, observe(accepted)?.entries[0]?.id);
  t.deepEqual(signersOf(retired), [4, 'issuing', undefined]);
  t.notRegex(retired.text(RECORD), /outgoing/u);
  t.deepEqual(signersOf(await revoke(issued, 'api', 41)), [3, 'issuing', 'outgoing']);
  const renewed = issued.clone();
  await synth(renewed, { ...common, now: after(NOW, 300 * DAY), chain: 'renew' });
  t.deepEqual(signersOf(renewed), [3, 'issuing', 'outgoing']);
  for (const [tree, days] of [
    [revoked, 1],
    [accepted, 20],
    [issued, 40],
    [aborted, 50],
    [retired, 70],
  ] as const) {
    const now = after(NOW, days * DAY);
    const { actions, files } = await synth(tree.clone(), { ...common, now }, 'plan');
    t.deepEqual({ actions, files }, { actions: [], files: [] }, String(days));
  }
});

interface Document extends Record<string, unknown> {
  issuer: string;
  crl: string;
  outgoingIssuer?: string;
  outgoingCrl?: string;
}

function edited(change: (document: Document) => void): MemoryTree {
  const tree = issued.clone();
  const document = parse(tree.text(RECORD)) as Document;
  change(document);
  return tree.write(RECORD, stringify(document));
}

/** As the outgoing entry would sign it. */
async function signedByOutgoing(change: Partial<CrlSpec>): Promise<string> {
  const entry = observe(issued)?.entries.find(({ state }) => state === 'outgoing');
  const record = observe(issued)?.revocations;
  if (!entry?.certificate || !record?.crl) throw new TypeError('no record');
  const { certificate, file } = entry;
  const signer: Issuer = { certificate, privateKey: await privateKeyOf(file, issued) };
  const { number, thisUpdate, nextUpdate } = record.crl;
  const pem = buildCrl(
    { number, thisUpdate, nextUpdate, revoked: record.entries, ...change },
    signer,
  );
  if (!isCrlOf(readCrl(pem), certificate)) throw new TypeError('not signed');
  return pem;
}

const DIFFERENT: readonly (readonly [string, Partial<CrlSpec>])[] = [
  ['another number', { number: 3 }],
  ['an earlier nextUpdate', { nextUpdate: after(NOW, 50 * DAY) }],
  ['another thisUpdate', { thisUpdate: after(NOW, DAY) }],
  ['no entries', { revoked: [] }],
  ['another entry', { revoked: [{ serialNumber: '0A', revokedAt: NOW, reason: 'superseded' }] }],
];

for (const [what, change] of DIFFERENT)
  test(`observeRevocations: ${what} in the CRL of the outgoing entry is refused, which signed that`, async (t) => {
    const outgoingCrl = await signedByOutgoing(change);
    const tree = edited((it) => (it.outgoingCrl = outgoingCrl));
    refused(t, tree, 'ERR_CRL', /: its CRL of the outgoing entry does not say what the other one/u);
  });

test('observeRevocations: a CRL of the outgoing entry that says the same is taken', async (t) => {
  const outgoingCrl = await signedByOutgoing({});
  t.truthy(observe(edited((it) => (it.outgoingCrl = outgoingCrl)))?.revocations?.crl?.outgoing);
});

const UNSIGNED = /: its CRL of the outgoing entry is not signed by the one that it names$/u;

test('observeRevocations: a forged second CRL is refused, and one of another entry', async (t) => {
  const record = observe(issued)?.revocations;
  if (!record?.crl) throw new TypeError('no record');
  const { number, thisUpdate, nextUpdate } = record.crl;
  const forger = await rootCa('ECDSA-P256');
  const forged = buildCrl({ number, thisUpdate, nextUpdate, revoked: record.entries }, forger);
  const refuse = (message: RegExp, change: (document: Document) => void): void => {
    refused(t, edited(change), 'ERR_CRL', message);
  };
  refuse(UNSIGNED, (it) => (it.outgoingCrl = forged));
  refuse(UNSIGNED, (it) => (it.outgoingCrl = it.crl));
  refuse(/: its two CRLs are of one entry/u, (it) => {
    it.outgoingCrl = it.crl;
    it.outgoingIssuer = it.issuer;
  });
  refuse(/: CRL is not one that this program writes/u, (it) => (it.outgoingCrl = 'hello'));
});

const NOBODYS = edited((it) => (it.outgoingIssuer = 'f'.repeat(16)));

test('observeRevocations: a second CRL of an entry that has left is read, and signed again without it', async (t) => {
  const retiring = await rotate(issued, 'advance', 60);
  const entries = observe(retiring)?.entries ?? [];
  t.is(entries.length, 1);
  t.is(observeRevocations(issued, TREE, CA, entries)?.crl?.number, 2);
  const reverted = retiring.clone().write(RECORD, issued.text(RECORD));
  for (const tree of [reverted, NOBODYS]) {
    const now = after(NOW, 60 * DAY);
    const { actions } = await synth(tree.clone(), { units: common.units, now }, 'plan');
    t.deepEqual(
      actions.map(({ action, reason }) => [action, reason]),
      [['revoke', 'IssuerRetired']],
    );
  }
});

test('observeRevocations: half of a second CRL is refused', (t) => {
  const without = (name: 'outgoingCrl' | 'outgoingIssuer'): MemoryTree =>
    edited((it) => Reflect.deleteProperty(it, name));
  refused(t, without('outgoingCrl'), 'ERR_STORE', /field "outgoingCrl" is missing$/u);
  refused(t, without('outgoingIssuer'), 'ERR_STORE', /field "outgoingIssuer" is missing$/u);
});

/** As versions wrote it that signed one CRL only. */
const OLDER = edited((it) => {
  delete it.outgoingCrl;
  delete it.outgoingIssuer;
});

test('a record of an older version is read, and the second CRL signed at once', async (t) => {
  t.deepEqual(signersOf(OLDER), [2, 'issuing', undefined]);
  const now = after(NOW, 41 * DAY);
  const { actions } = await synth(OLDER.clone(), { units: common.units, now }, 'plan');
  t.deepEqual(
    actions.map(({ action, reason, needsIdentity }) => [action, reason, needsIdentity]),
    [['revoke', 'IssuerRetired', true]],
  );
  const tree = OLDER.clone();
  await synth(tree, { ...common, now });
  t.deepEqual(signersOf(tree), [3, 'issuing', 'outgoing']);
});

test('guardRevocations: a record that lost the second CRL is refused, and one that was signed since is not', async (t) => {
  const guard = (tree: MemoryTree): void => {
    const keyset = observe(tree);
    if (keyset === undefined) throw new TypeError('no keyset');
    guardRevocations(TREE, keyset, Buffer.from(issued.text(RECORD)));
  };
  const error = t.throws<PkiError>(
    () => {
      guard(OLDER);
    },
    { code: 'ERR_CRL', message: /: it lost the CRL of the outgoing entry "[0-9a-f]{16}"$/u },
  );
  t.is(error.hints[0], `restore it from git: git checkout HEAD -- '${RECORD}'`);
  t.regex(error.hints[1] ?? '', /^in a merge of two branches .* revoke again/u);
  const later = await rotate(issued, 'advance', 60);
  t.notThrows(() => {
    guard(later);
  });
});

test('revocationFlags: a record that lost the second CRL is critical, one that a stage took it from is not', (t) => {
  const listing = (tree: MemoryTree) =>
    parseRevocations(RECORD as TreePath, Buffer.from(tree.text(RECORD)), CA);
  const flags = (before: MemoryTree, is: MemoryTree): unknown =>
    revocationFlags(TREE, CA, listing(before), listing(is)).map(({ code, severity }) => [
      code,
      severity,
    ]);
  t.deepEqual(flags(issued, OLDER), [['RevocationLost', 'critical']]);
  t.deepEqual(flags(issued, NOBODYS), [['RevocationLost', 'critical']]);
  t.deepEqual(flags(OLDER, issued), []);
  t.deepEqual(flags(aborted, retired), []);
});

test('observeKeyset: says of an entry that it may sign no CRLs, as adopted ones of kubeadm', (t) => {
  const [{ file, certificate } = {}] = observe(start)?.entries ?? [];
  t.is(observe(start)?.entries[0]?.lacksCrlSign, undefined);
  const [octets = Buffer.alloc(0)] = decodeBlocks(certificate?.pem ?? '', 'CERTIFICATE');
  Buffer.from('030202a4', 'hex').copy(octets, octets.indexOf(Buffer.from('03020186', 'hex')));
  const pem = formatPem('CERTIFICATE', octets).replaceAll(/^/gmu, '    ').trimEnd();
  const block = /certificate: \|\n(?: .*\n)+/u;
  const adopted = start.clone().edit(file ?? '', block, `certificate: |\n${pem}\n`);
  t.true(observe(adopted)?.entries[0]?.lacksCrlSign);
});

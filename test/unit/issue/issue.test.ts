import test from 'ava';
import { PkiError } from '../../../src/errors.ts';
import { applied } from '../../../src/issue/applied.ts';
import { issue, type IssuePorts } from '../../../src/issue/issue.ts';
import type { IssuedEntry, IssuedUnit } from '../../../src/model/made/issued.ts';
import type { Signer } from '../../../src/issue/signer.ts';
import type { DesiredAuthority } from '../../../src/model/desired.ts';
import { keysetStatement } from '../../../src/model/store/keyset.ts';
import type { CredentialPath, KeyAlgorithm } from '../../../src/model/names.ts';
import { generateKey, generateLeafKey } from '../../../src/x509/build/key.ts';
import { isIssuedBy } from '../../../src/x509/read/issued.ts';
import {
  readPrivateKey,
  readPublicKey,
  spkiHash,
  verifySignature,
} from '../../../src/x509/read/key.ts';
import {
  after,
  ALICE,
  authority,
  BOB,
  cluster,
  DAY,
  kubeconfig,
  leaf,
  NOW,
  observedCluster,
  serviceAccountKey,
  TREE,
  unit,
} from '../../_helpers/desired.ts';

const CA = authority('prod/ca');
const SUB = authority('prod/sub-ca', { issuer: CA.path });
const SA = serviceAccountKey('prod/sa');
const WEB = leaf('prod/web', { ipAddresses: ['10.0.0.1'] });
const API = leaf('prod/cp-1/api', { issuer: SUB.path, keyAlgorithm: 'ECDSA-P384' });
const ANN = kubeconfig('prod/ann');

function ports(
  over: Partial<IssuePorts> = {},
): IssuePorts & { readonly asked: KeyAlgorithm[]; readonly drawn: number[] } {
  const asked: KeyAlgorithm[] = [];
  const drawn: number[] = [];
  return {
    asked,
    drawn,
    now: NOW,
    randomBytes: (size) => {
      drawn.push(size);
      return new Uint8Array(size).fill(drawn.length);
    },
    generateKey: (algorithm) => {
      asked.push(algorithm);
      return generateKey(algorithm);
    },
    generateLeafKey: (algorithm) => {
      asked.push(algorithm);
      return generateLeafKey(algorithm);
    },
    ...over,
  };
}

/** Keysets with the fields of their new entry. */
function flat({ keysets, leaves }: IssuedUnit): {
  readonly keysets: readonly (IssuedUnit['keysets'][number] & IssuedEntry)[];
  readonly leaves: IssuedUnit['leaves'];
} {
  const entries = keysets.flatMap((keyset) =>
    keyset.entry === null ? [] : [{ ...keyset, ...keyset.entry }],
  );
  return { keysets: entries, leaves };
}

const ORDER = {
  create: [CA, SUB, SA],
  issue: [WEB, API, ANN].map((desired) => ({ desired, reason: 'Missing' })),
};

test('issue: makes what is ordered, each under its issuer', async (t) => {
  const { keysets, leaves } = flat(await issue(ORDER, new Map(), ports()));
  const [ca, sub, sa] = keysets;
  t.deepEqual(
    keysets.map(({ desired }) => desired.path),
    [CA.path, SUB.path, SA.path],
  );
  t.true(ca?.certificate && sub?.certificate && isIssuedBy(sub.certificate, ca.certificate));
  t.is(ca?.issuer, null);
  t.deepEqual(sub?.issuer, { keyset: CA.path, id: ca?.id });
  t.is(sa?.certificate, null);
  for (const { desired, certificate, issuer } of leaves) {
    const by = keysets.find(({ desired: { path } }) => path === desired.issuer);
    t.deepEqual(issuer, { keyset: desired.issuer, id: by?.id });
    t.true(by?.certificate && isIssuedBy(certificate, by.certificate));
    t.deepEqual(certificate.subject.commonName, desired.subject.commonName);
    t.deepEqual(
      [...certificate.dnsNames, ...certificate.ipAddresses],
      [...desired.dnsNames, ...desired.ipAddresses],
    );
    t.is(certificate.keyAlgorithm, desired.keyAlgorithm);
  }
});

test('issue: every credential has a key of its own, that of its certificate', async (t) => {
  const { keysets, leaves } = flat(await issue(ORDER, new Map(), ports()));
  const all = [...keysets, ...leaves];
  const hashes = all.map(({ privateKey }) => spkiHash(readPrivateKey(privateKey)));
  t.is(new Set(hashes).size, all.length);
  t.deepEqual(hashes, [
    ...keysets.map(({ spki }) => spki),
    ...leaves.map(({ certificate }) => certificate.spki),
  ]);
  t.is(new Set(all.flatMap(({ certificate }) => certificate?.serialNumber ?? [])).size, 5);
});

test('issue: clock, randomness and keys come from the ports alone', async (t) => {
  const at = ports();
  const { leaves, keysets } = flat(await issue(ORDER, new Map(), at));
  t.deepEqual(at.asked, [
    'ECDSA-P256',
    'ECDSA-P256',
    'ECDSA-P256',
    'ECDSA-P256',
    'ECDSA-P384',
    'ECDSA-P256',
  ]);
  t.is(at.drawn.length, 5, 'a serial number each');
  for (const { issuedAt } of [...leaves, ...keysets]) t.is(issuedAt, NOW);
  t.deepEqual(leaves[0]?.certificate.notAfter, after(NOW, WEB.validity));
  t.is(keysets[0]?.certificate?.serialNumber, `41${'01'.repeat(15)}`);
});

test('issue: a new keyset is signed by its own key, for its own path and revision', async (t) => {
  const { keysets } = flat(await issue(ORDER, new Map(), ports()));
  for (const { desired, id, spki, publicKey, signature } of keysets) {
    const key = readPublicKey(publicKey);
    const verifies = (path: CredentialPath, revision: number): boolean =>
      verifySignature(
        key,
        keysetStatement(path, revision, [{ id, state: 'issuing', spki }]),
        Buffer.from(signature, 'base64'),
      );
    t.true(verifies(desired.path, 1));
    t.false(verifies(desired.path, 2));
    t.false(verifies('test/ca' as CredentialPath, 1));
    t.is(id, spki.slice(0, 16));
  }
});

test('issue: an existing authority signs with the key that is at hand', async (t) => {
  const { keysets } = flat(await issue({ create: [CA], issue: [] }, new Map(), ports()));
  const [ca] = keysets;
  if (!ca?.certificate) return t.fail();
  const signer: Signer = {
    id: ca.id,
    certificate: ca.certificate,
    privateKey: readPrivateKey(ca.privateKey),
  };
  const { leaves } = await issue(
    { create: [], issue: [{ desired: WEB, reason: 'SansChanged' }] },
    new Map([[CA.path, signer]]),
    ports(),
  );
  t.true(leaves[0] && isIssuedBy(leaves[0].certificate, ca.certificate));
  t.is(leaves[0]?.reason, 'SansChanged');
});

test('issue: without the issuer’s key nothing is made', async (t) => {
  const error = await t.throwsAsync<PkiError>(
    issue({ create: [], issue: [{ desired: WEB, reason: 'Missing' }] }, new Map(), ports()),
    { instanceOf: PkiError },
  );
  t.deepEqual(
    [error.code, error.message],
    ['ERR_ISSUE', 'the key of "prod/ca", issuer of "prod/web", is not at hand'],
  );
});

test('issue: dates are clamped to the new issuer’s', async (t) => {
  const short: DesiredAuthority = { ...CA, validity: 200 * DAY };
  const { leaves, keysets } = flat(
    await issue(
      { create: [short], issue: [{ desired: WEB, reason: 'Missing' }] },
      new Map(),
      ports(),
    ),
  );
  t.deepEqual(leaves[0]?.certificate.notAfter, keysets[0]?.certificate?.notAfter);
});

test('issue: the last leaf of an issuer ends with it, any other is ERR_ISSUE', async (t) => {
  const short: DesiredAuthority = { ...CA, validity: 2 * DAY };
  const made = (isLast: boolean): Promise<IssuedUnit> =>
    issue(
      { create: [short], issue: [{ desired: WEB, reason: 'RenewalDue', isLast }] },
      new Map(),
      ports(),
    );
  const { leaves, keysets } = flat(await made(true));
  t.deepEqual(leaves[0]?.certificate.notAfter, keysets[0]?.certificate?.notAfter);
  await t.throwsAsync(made(false), { code: 'ERR_ISSUE' });
});

test('applied: new credentials take the place of old ones, others stay, undeclared ones go', async (t) => {
  const kept = leaf('prod/kept');
  const desired = cluster('prod', { authorities: [CA], leaves: [WEB, kept] });
  const before = observedCluster({ ...desired, leaves: [WEB, kept, leaf('prod/gone')] });
  const { keysets } = flat(await issue({ create: [CA], issue: [] }, new Map(), ports()));
  const [ca] = keysets;
  if (!ca?.certificate) return t.fail();
  const signer = {
    id: ca.id,
    certificate: ca.certificate,
    privateKey: readPrivateKey(ca.privateKey),
  };
  const issued = await issue(
    { create: [], issue: [{ desired: WEB, reason: 'SansChanged' }] },
    new Map([[CA.path, signer]]),
    ports(),
  );
  const state = applied(TREE, unit(desired), new Map([['prod', before]]), issued).get('prod');
  t.deepEqual([...(state?.leaves.keys() ?? [])].sort(), [
    'prod/kept',
    'prod/web',
  ] as CredentialPath[]);
  t.is(state?.leaves.get(kept.path), before.leaves.get(kept.path));
  const web = state?.leaves.get(WEB.path);
  t.is(web !== undefined && 'reason' in web && web.reason, 'SansChanged');
  t.deepEqual(state?.keysets, before.keysets);
});

test('applied: what is encrypted again has the declared recipients', (t) => {
  const desired = cluster('prod', { authorities: [CA], leaves: [WEB], recipients: [ALICE, BOB] });
  const before = new Map([['prod', observedCluster(desired)]]);
  const state = applied(TREE, unit(desired), before, {
    keysets: [],
    reissues: [],
    leaves: [],
    crls: [],
  }).get('prod');
  const web = state?.leaves.get(WEB.path);
  t.deepEqual(web !== undefined && 'recipients' in web && web.recipients, [ALICE, BOB]);
  t.deepEqual(state?.keysets.get(CA.path)?.entries[0]?.recipients, [ALICE, BOB]);
});

import process from 'node:process';
import test, { type ExecutionContext } from 'ava';
import { Duration } from 'cdk8s';
import fc from 'fast-check';
import {
  Certificate,
  CertificateAuthority,
  Cluster,
  ServiceAccountKey,
} from '../../../src/index.ts';
import type { DesiredUnit } from '../../../src/model/desired.ts';
import type { CredentialPath } from '../../../src/model/names.ts';
import type { ObservedCluster } from '../../../src/model/observed.ts';
import { observeLedger, ledgerEntries } from '../../../src/observe/ledger.ts';
import { describe, newApp } from '../../_helpers/declare.ts';
import { after, DAY, NOW, TREE, unit } from '../../_helpers/desired.ts';
import { newIdentity } from '../../_helpers/repository.ts';
import { Years, type People } from './_years.ts';

const identity = await newIdentity();
const YEARS = 10;
/** Ways in which people treat pull requests, the latest among them. */
const LIVES = process.env['SLOW'] === '1' ? 8 : 3;
const MOST_DELAY = 30;
/** Six stages in a row, with a soak each; two of them are closed, and come back after half of a month. */
const LONGEST_ROTATION = (6 * (MOST_DELAY + 1) + 2 * (MOST_DELAY + 16)) * DAY;
/** Of what the cluster CA signs outside of the tree. */
const SIGNING_DURATION = 30 * DAY;
const SERVICE_ACCOUNT_KEY = 'prod/service-account-key' as CredentialPath;

/** All that one cluster may have: CAs of one year, leaves of 90 days, and dates as the declaration computes them. */
function prod(): DesiredUnit {
  const year = Duration.days(365);
  const app = newApp({
    recipients: [identity.recipient],
    defaults: {
      caCertificateValidity: year,
      certificateValidity: Duration.days(90),
      renewBefore: Duration.days(40),
      jitter: Duration.days(7),
      rotation: { automatic: true, maxTokenLife: Duration.days(1) },
    },
  });
  const cluster = new Cluster(app, 'prod');
  const kubeadm = ['ca', 'etcd-ca', 'front-proxy-ca'].map(
    (name) => new CertificateAuthority(cluster, name),
  );
  new ServiceAccountKey(cluster, 'service-account-key');
  const root = new CertificateAuthority(cluster, 'root');
  const mesh = new CertificateAuthority(cluster, 'mesh', { issuer: root });
  for (const issuer of [...kubeadm, root, mesh])
    new Certificate(cluster, `of-${issuer.node.id}`, { issuer, profile: 'client' });
  const described = describe(app);
  return unit({
    ...described,
    authorities: described.authorities.map((one) =>
      one.name === 'ca'
        ? { ...one, rotation: { ...one.rotation, outsideLife: SIGNING_DURATION } }
        : one,
    ),
  });
}

/** What is in use and would be refused: expired, or not signed by what those trust who look at it. */
function refused({ keysets, leaves }: ObservedCluster, now: Date): string[] {
  const problems: string[] = [];
  const authority = (path: CredentialPath, id: string): void => {
    const entry = keysets.get(path)?.entries.find((one) => one.id === id);
    if (entry === undefined) problems.push(`${path}/${id} is not trusted`);
    else if (entry.certificate !== null && entry.certificate.notAfter <= now)
      problems.push(`${path}/${id} has expired`);
    else if (entry.issuer !== null) authority(entry.issuer.keyset, entry.issuer.id);
  };
  for (const leaf of leaves.values()) {
    if ('unreadable' in leaf) problems.push(leaf.unreadable);
    else {
      if (!leaf.signedByIssuer) problems.push(`${leaf.path} is not signed by its issuer`);
      if (leaf.certificate.notAfter <= now) problems.push(`${leaf.path} has expired`);
      authority(leaf.issuer.keyset, leaf.issuer.id);
    }
  }
  for (const { path, entries } of keysets.values())
    for (const { id, state } of entries) if (state === 'issuing') authority(path, id);
  return problems;
}

async function live(t: ExecutionContext, years: number, people: People): Promise<Years> {
  const repository = new Years(prod(), identity, people);
  await repository.start();
  const issuers = new Map<CredentialPath, Set<string>>();
  for (let day = 0; day < years * 365; day += 1) {
    const now = after(NOW, day * DAY + 3600);
    if (day % 365 === 100) repository.ask(SERVICE_ACCOUNT_KEY);
    await repository.day(now);
    const cluster = repository.cluster();
    t.deepEqual(refused(cluster, now), [], `day ${day} of ${JSON.stringify(people)}`);
    for (const { path, entries } of cluster.keysets.values()) {
      const ids = issuers.get(path) ?? new Set();
      issuers.set(path, ids.add(entries[0]?.id ?? ''));
      const steady = repository.steadyAt.get(path) ?? NOW;
      if (now > after(steady, LONGEST_ROTATION))
        t.fail(`day ${day}: the rotation of ${path} does not end`);
    }
    const known = new Set(ledgerEntries(observeLedger(repository.tree, TREE)).map(({ id }) => id));
    const made = [...issuers.values()].flatMap((ids) => [...ids]);
    t.deepEqual(
      made.filter((id) => !known.has(id)),
      [],
      `day ${day}: the ledger forgot`,
    );
  }
  await repository.openAll();
  for (const [path, { size }] of issuers)
    t.true(size > years, `${path}: ${size} issuing entries in ${years} years`);
  return repository;
}

const LATEST: People = { delays: [MOST_DELAY], closesEvery: Infinity };

/** Found by chance: on day 1144 the front proxy's leaf ends 28 days before its authority, if that has too little left to renew it. */
const NEARLY_TOO_LATE: People = { delays: [29, 28, 29, 24, 26, 28, 29], closesEvery: 32 };

/** Somebody closes one now and then, as often as an authority is rotated with the one below it. */
const people: fc.Arbitrary<People> = fc.record({
  delays: fc.array(fc.integer({ min: 0, max: MOST_DELAY }), { minLength: 7, maxLength: 7 }),
  closesEvery: fc.integer({ min: 25, max: 50 }),
});

test('property: for ten years, with CAs of one year, leaves of 90 days and merges late by up to 30 days, several rotations of a cluster go on side by side, and nothing expires or is untrusted', async (t) => {
  t.timeout(3_600_000);
  await fc.assert(
    fc.asyncProperty(people, async (some) => {
      const repository = await live(t, YEARS, some);
      t.true(repository.mostOpen >= 4, `${repository.mostOpen} pull requests side by side`);
      t.true(repository.mergedTogether > 0, 'two stages on one day');
      t.is(repository.closed > 0, some.closesEvery < Infinity);
    }),
    { numRuns: LIVES, examples: [[LATEST], [NEARLY_TOO_LATE]], endOnFailure: true },
  );
});

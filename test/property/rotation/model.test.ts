import test from 'ava';
import type { CredentialPath } from '../../../src/model/names.ts';
import { identity, KEYSETS, NODES, PROD, type Keyset } from './_control-plane.ts';
import { handshakes, type Handshake } from './_handshakes.ts';
import { accepts, type Moment } from './_judge.ts';
import {
  ABORT as abort,
  ACCEPT as accept,
  ISSUE as issue,
  momentsOf,
  REISSUE as reissue,
  REPLACE as replace,
  RETIRE as retire,
  SEQUENCES,
  type Step,
} from './_moments.ts';

const moments = (keyset: Keyset, steps: readonly Step[]): Promise<Moment[]> =>
  momentsOf(
    PROD,
    identity,
    steps.map((step) => ({ ...step, keyset: `prod/${keyset}` as CredentialPath })),
  );

/** Handshakes that fail where one side is in `shown` and the other in `trusting`. */
const refused = (keyset: Keyset, shown: Moment, trusting: Moment): Handshake[] =>
  handshakes(NODES).filter((one) => one.keyset === keyset && !accepts(one, shown, trusting));

const names = (list: readonly Handshake[]): string[] => list.map(({ name }) => name);
const everybody = (keyset: Keyset): string[] =>
  names(handshakes(NODES).filter((one) => one.keyset === keyset));

function at(all: readonly Moment[], name: string): Moment {
  const found = all.find((one) => one.name === name);
  if (found === undefined) throw new RangeError(name);
  return found;
}

/** A certificate that is signed again, alone and between any two stages. */
const REISSUES: readonly (readonly Step[])[] = [
  [reissue, reissue],
  [accept, reissue, issue, retire],
  [accept, issue, reissue, retire],
  [accept, issue, abort, reissue, retire],
];

for (const keyset of KEYSETS)
  for (const steps of [...SEQUENCES, ...(keyset === 'service-account-key' ? [] : REISSUES)])
    test(`rotation of ${keyset}: ${steps.map(({ name }) => name).join(', ')}: in every mix of adjacent stages everybody is accepted`, async (t) => {
      t.timeout(300_000);
      const all = await moments(keyset, steps);
      const relevant = handshakes(NODES).filter((one) => one.keyset === keyset);
      t.true(relevant.length >= 9, 'of every node with every node');
      for (const [index, earlier] of all.entries()) {
        const later = all[index + 1];
        for (const [shown, trusting] of [
          [earlier, earlier],
          ...(later === undefined
            ? []
            : ([
                [earlier, later],
                [later, earlier],
              ] as const)),
        ] as const)
          t.deepEqual(
            names(refused(keyset, shown, trusting)),
            [],
            `${shown.name} shown to ${trusting.name}`,
          );
      }
      // what was signed outside of the tree lives on until the entry that signed it is retired
      const last = steps.at(-1)?.name === 'retire' ? all.slice(0, -1) : all;
      for (const trusting of last)
        for (const shown of last.slice(0, last.indexOf(trusting)))
          t.deepEqual(
            refused(keyset, shown, trusting).filter(({ isOutside }) => isOutside === true),
            [],
            `${shown.name}, long ago, shown to ${trusting.name}`,
          );
    });

for (const keyset of KEYSETS)
  test(`rotation of ${keyset}: after retire nobody accepts what the retired entry signed`, async (t) => {
    t.timeout(300_000);
    const all = await moments(keyset, [accept, issue, retire]);
    for (const early of ['start', 'accept'])
      t.deepEqual(
        names(refused(keyset, at(all, early), at(all, 'retire'))),
        everybody(keyset),
        early,
      );
    t.deepEqual(refused(keyset, at(all, 'retire'), at(all, 'retire')), []);
  });

for (const keyset of KEYSETS)
  test(`rotation of ${keyset}: each rule that is broken locks somebody out, and the model sees it`, async (t) => {
    t.timeout(300_000);
    const all = await moments(keyset, [accept, issue, retire]);
    const who = everybody(keyset);
    const [start, accepted] = [at(all, 'start'), at(all, 'accept')];
    const [issued, retired] = [at(all, 'issue'), at(all, 'retire')];
    // no soak after accept: somebody has not heard of the new entry and is shown what it signed
    t.deepEqual(names(refused(keyset, issued, start)), who);
    // no soak after issue: somebody still shows what the old entry signed to who trusts the new one only
    t.deepEqual(names(refused(keyset, accepted, retired)), who);
    // what was signed outside of the tree is not waited for
    const outside = refused(keyset, accepted, retired).filter(({ isOutside }) => isOutside);
    t.is(outside.length > 0, keyset === 'ca' || keyset === 'service-account-key');
    // no stages at all
    const hard = await moments(keyset, [replace]);
    t.deepEqual(names(refused(keyset, at(hard, 'replace'), at(hard, 'start'))), who);
    t.deepEqual(names(refused(keyset, at(hard, 'start'), at(hard, 'replace'))), who);
  });

for (const keyset of KEYSETS)
  test(`rotation of ${keyset}: what issues is the first of every bundle at every stage, for who looks at that alone`, async (t) => {
    t.timeout(300_000);
    for (const moment of await moments(keyset, [accept, issue, abort, retire]))
      t.deepEqual(
        names(
          handshakes(NODES).filter(
            (one) => one.keyset === keyset && !accepts(one, moment, moment, true),
          ),
        ),
        [],
        moment.name,
      );
  });

test('rotation of ca: kube-controller-manager is given one certificate to sign with at every stage', async (t) => {
  const all = await moments('ca', [accept, issue, retire]);
  for (const { name, tree } of all)
    for (const node of NODES) {
      const file = `deploy/prod/nodes/${node}/etc/kubernetes/pki/cluster-signing-ca.crt`;
      t.is(tree.text(file).split('BEGIN CERTIFICATE').length, 2, name);
    }
});

test('rotation: only the keyset that is rotated moves, and only pods that read what changed restart', async (t) => {
  const all = await moments('front-proxy-ca', [accept]);
  const changed = at(all, 'accept')
    .tree.paths(/\/nodes\/cp-1\//u)
    .filter((path) => at(all, 'accept').tree.text(path) !== at(all, 'start').tree.text(path));
  t.deepEqual(
    changed.map((path) => path.replace('deploy/prod/nodes/cp-1/', '')),
    [
      'bundle.yaml',
      'etc/kubernetes/manifests/kube-apiserver.yaml',
      'etc/kubernetes/manifests/kube-controller-manager.yaml',
      'etc/kubernetes/pki/front-proxy-ca.crt',
    ],
  );
});

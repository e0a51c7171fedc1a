import process from 'node:process';
import test from 'ava';
import fc from 'fast-check';
import type { DesiredCluster, DesiredUnit } from '../../src/model/desired.ts';
import type { FileChange } from '../../src/model/plan.ts';
import { observeCluster } from '../../src/observe/cluster.ts';
import { RENEW_CHAIN } from '../../src/plan/checks.ts';
import { plan } from '../../src/plan/plan.ts';
import { readPrivateKey } from '../../src/x509/read/key.ts';
import { nativeCipher } from '../../src/sops/cipher.ts';
import { after, DAY, NOW, TREE } from '../_helpers/desired.ts';
import { MemoryTree, newIdentity, synth } from '../_helpers/repository.ts';
import { randomFleet, unitsOf, type RandomCluster } from '../_helpers/random-fleet.ts';

const identity = await newIdentity();
const other = await newIdentity();
const recipients = [identity.recipient];
const numRuns = process.env['SLOW'] === '1' ? 60 : 6;

/** A tree as a first synth makes it, without an identity. */
async function made(units: readonly DesiredUnit[]): Promise<MemoryTree> {
  const tree = new MemoryTree();
  await synth(tree, { units });
  return tree;
}

test('property: a second synth changes no byte, needs no identity, and plan says so', async (t) => {
  t.timeout(600_000);
  await fc.assert(
    fc.asyncProperty(randomFleet, async (fleet) => {
      const units = unitsOf(fleet, recipients);
      const tree = await made(units);
      const before = tree.contents();
      const planned = await synth(tree, { units }, 'plan');
      t.deepEqual([planned.actions, planned.files, planned.findings], [[], [], []]);
      const second = await synth(tree, { units, now: after(NOW, 30 * DAY) });
      t.deepEqual([second.actions, second.files], [[], []]);
      t.deepEqual(tree.contents(), before);
    }),
    { numRuns },
  );
});

/** The same declarations in another order; authorities stay behind their issuers, units behind what they use. */
function reversed(unit: DesiredUnit): DesiredUnit {
  const turn = (cluster: DesiredCluster): DesiredCluster => ({
    ...cluster,
    nodes: cluster.nodes.toReversed(),
    leaves: cluster.leaves.toReversed(),
    manifests: cluster.manifests.toReversed(),
    bundles: cluster.bundles.toReversed(),
  });
  return { ...unit, clusters: unit.clusters.toReversed().map(turn) };
}

test('property: the order of declarations does not change the tree', async (t) => {
  t.timeout(600_000);
  await fc.assert(
    fc.asyncProperty(randomFleet, async (fleet) => {
      const tree = await made(unitsOf(fleet, recipients));
      const before = tree.contents();
      const units = unitsOf(fleet, recipients).map(reversed);
      const independent = fleet.every(
        ({ usesShared, usesNeighbour }) => !usesShared && !usesNeighbour,
      );
      const result = await synth(tree, { units: independent ? units.toReversed() : units });
      t.deepEqual(result.files, []);
      t.deepEqual(tree.contents(), before);
    }),
    { numRuns },
  );
});

const change = fc.record({
  from: randomFleet,
  to: randomFleet,
  hasOther: fc.boolean(),
});

/** `to` with no cluster, node or keyset of `from` left out: those are orphans, which stop everything. */
function grown(from: readonly RandomCluster[], to: readonly RandomCluster[]): RandomCluster[] {
  const clusters = [...to, ...from.slice(to.length)];
  const usesShared = from.some((cluster) => cluster.usesShared);
  return clusters.map((cluster, index) => {
    const was = from[index];
    if (was === undefined) return cluster;
    return {
      ...cluster,
      nodes: Math.max(cluster.nodes, was.nodes),
      hasSubordinate: cluster.hasSubordinate || was.hasSubordinate,
      hasServiceAccountKey: cluster.hasServiceAccountKey || was.hasServiceAccountKey,
      usesShared: cluster.usesShared || (usesShared && index === 0),
    };
  });
}

const paths = (changes: readonly FileChange[]): string[] => changes.map(({ path }) => path).sort();

test('property: plan says exactly what synth does, from any fleet to any other', async (t) => {
  t.timeout(600_000);
  await fc.assert(
    fc.asyncProperty(change, async ({ from, to, hasOther }) => {
      const tree = await made(unitsOf(from, recipients));
      const units = unitsOf(
        grown(from, to),
        hasOther ? [...recipients, other.recipient] : recipients,
      );
      const before = tree.contents();
      const now = after(NOW, 2 * DAY); // or what is issued again would end on the same day
      const planned = await synth(tree, { units, now }, 'plan');
      t.deepEqual(tree.contents(), before, 'plan changes nothing');
      const done = await synth(tree, { units, now, identity });
      t.deepEqual(
        planned.actions.filter(({ action }) => action !== 'write'),
        done.actions.filter(({ action }) => action !== 'write'),
      );
      t.deepEqual(planned.actions, done.actions);
      const isEntry = /\/pki\/[^/]+\/[0-9a-f]{16}\.sops\.yaml$/u; // not named before it is made
      t.deepEqual(
        paths(planned.files),
        paths(done.files.filter(({ path, change }) => change !== 'create' || !isEntry.test(path))),
      );
      const written = tree.contents();
      const files = new Set(Object.keys({ ...before, ...written }));
      const changed = [...files].filter((path) => before[path] !== written[path]).sort();
      t.deepEqual(paths(done.files), changed);
      const again = await synth(tree, { units, now });
      t.deepEqual([again.actions, again.files], [[], []]);
      t.deepEqual(tree.contents(), written);
    }),
    { numRuns },
  );
});

test('property: synth succeeds without an identity exactly where plan says that none is needed', async (t) => {
  t.timeout(600_000);
  await fc.assert(
    fc.asyncProperty(change, async ({ from, to }) => {
      const tree = await made(unitsOf(from, recipients));
      const units = unitsOf(grown(from, to), recipients);
      const planned = await synth(tree, { units }, 'plan');
      const needs = planned.actions.some(({ needsIdentity }) => needsIdentity);
      const before = tree.contents();
      if (needs) {
        await t.throwsAsync(synth(tree, { units }), { message: /need.* an? identity/u });
        t.deepEqual(tree.contents(), before);
      } else await t.notThrowsAsync(synth(tree, { units }));
    }),
    { numRuns },
  );
});

test('property: what was issued, read back from the tree, leaves nothing to plan', async (t) => {
  t.timeout(600_000);
  await fc.assert(
    fc.asyncProperty(randomFleet, async (fleet) => {
      const units = unitsOf(fleet, recipients);
      const tree = await made(units);
      const shared = observeCluster(tree, TREE, '_shared', () => undefined).keysets;
      for (const unit of units) {
        const clusters = new Map(
          unit.clusters.map(({ name }) => [
            name,
            observeCluster(tree, TREE, name, (path) => shared.get(path)),
          ]),
        );
        const { actions, findings } = plan(
          unit,
          {
            clusters,
            foreignKeysets: shared,
            foreignMade: new Set(),
            replaced: new Set(),
            leaving: new Map(),
            signingLives: new Map(),
            exposed: [],
          },
          { chain: RENEW_CHAIN, removedRecipients: [], now: NOW },
        );
        t.deepEqual([actions, findings], [[], []]);
      }
    }),
    { numRuns },
  );
});

test('property: notAfter never passes the issuer’s, notBefore never comes before it', async (t) => {
  t.timeout(600_000);
  await fc.assert(
    fc.asyncProperty(
      randomFleet,
      fc.integer({ min: 100 * DAY, max: 5000 * DAY }),
      async (fleet, validity) => {
        const units = unitsOf(fleet, recipients).map((unit) => ({
          ...unit,
          clusters: unit.clusters.map((cluster) => ({
            ...cluster,
            authorities: cluster.authorities.map((authority, index) => ({
              ...authority,
              validity: index === 0 ? 1000 * DAY : validity,
              renewBefore: 98 * DAY,
            })),
            leaves: cluster.leaves.map((leaf) => ({
              ...leaf,
              validity,
              renewBefore: DAY,
              jitter: DAY,
            })),
          })),
        }));
        const tree = await made(units);
        for (const { clusters } of units) {
          for (const { name, leaves, authorities } of clusters) {
            const store = observeCluster(tree, TREE, name, () => undefined);
            for (const { path, issuer } of [...leaves, ...authorities]) {
              const parent = issuer === null ? undefined : store.keysets.get(issuer)?.entries[0];
              const leaf = store.leaves.get(path);
              const own =
                leaf !== undefined && 'certificate' in leaf
                  ? leaf.certificate
                  : store.keysets.get(path)?.entries[0]?.certificate;
              if (!parent?.certificate || !own) continue;
              t.true(own.notAfter <= parent.certificate.notAfter);
              t.true(own.notBefore >= parent.certificate.notBefore);
              t.true(own.notAfter > NOW);
            }
          }
        }
      },
    ),
    { numRuns },
  );
});

test('property: no line of a private key is in any written file', async (t) => {
  t.timeout(600_000);
  const cipher = nativeCipher({ list: [identity], unusable: [] });
  await fc.assert(
    fc.asyncProperty(randomFleet, async (fleet) => {
      const tree = await made(unitsOf(fleet, recipients));
      const secrets = new Set<string>();
      for (const path of tree.paths(/\/pki\/.*\.sops\.yaml$/u)) {
        const { privateKey } = await cipher.decryptYaml(tree.text(path));
        if (typeof privateKey !== 'string') return t.fail(path);
        // The scalar is in the first line of SEC 1; what follows is the public key.
        secrets.add(privateKey.split('\n')[1] ?? '');
        const { d = '' } = readPrivateKey(privateKey).export({ format: 'jwk' });
        secrets.add(Buffer.from(d, 'base64url').toString('latin1'));
      }
      t.true(secrets.size > 2 && !secrets.has(''));
      for (const path of tree.paths()) {
        const text = tree.text(path);
        // Base64 of the PEM as well: values in `data` and in kubeconfigs are that.
        const decoded = Array.from(text.matchAll(/[A-Za-z0-9+/]{40,}={0,2}/gu), ([match]) =>
          Buffer.from(match, 'base64').toString('latin1'),
        );
        for (const secret of secrets) {
          t.false(
            [text, ...decoded].some((form) => form.includes(secret)),
            path,
          );
        }
        t.false(
          [text, ...decoded].some((form) => form.includes('PRIVATE KEY')),
          path,
        );
      }
    }),
    { numRuns: Math.ceil(numRuns / 3) },
  );
});

test('property: an edit of any output by hand is undone, and of nothing else', async (t) => {
  t.timeout(600_000);
  const units = unitsOf(
    [
      {
        nodes: 1,
        webs: 0,
        hasSubordinate: false,
        hasServiceAccountKey: true,
        hasKubeconfig: true,
        hasCaKeyOnNodes: true,
        usesShared: false,
        usesNeighbour: false,
        sans: [],
      },
    ],
    recipients,
  );
  const whole = await made(units);
  const outputs = whole.paths(/^deploy\/c0\/(?!pki\/)/u);
  t.true(outputs.length > 8);
  for (const path of outputs) {
    // What bundle.yaml says of encrypted files is known nowhere else: they are written again with it.
    const isBundle = path.endsWith('/bundle.yaml');
    const keys = whole.paths(/^deploy\/c0\/nodes\/.*\.key$/u);
    for (const [what, edit] of [
      ['emptied', (): string => ''],
      ['removed', (): undefined => undefined],
      ['with a line more', (text: string): string => `${text}# hello\nx: y\n`],
      ['decrypted', (text: string): string => text.replaceAll(/ENC\[[^\]]*\]/gu, 'c2VjcmV0')],
    ] as const) {
      const tree = whole.clone();
      const text = edit(whole.text(path));
      if (text === whole.text(path)) continue;
      if (text === undefined) tree.remove(path);
      else tree.write(path, text);
      if (isBundle && what === 'emptied') {
        await t.throwsAsync(synth(tree, { units, identity }), { message: /not a list of files/u });
        continue; // an error with the git command that repairs it: no identity is forced
      }
      const { files } = await synth(tree, { units, identity });
      const expected = isBundle && what !== 'with a line more' ? [path, ...keys] : [path];
      t.deepEqual(paths(files), expected, `${path} ${what}`);
      const again = await synth(tree, { units });
      t.deepEqual(again.files, [], `${path} ${what}, then repaired`);
      if (!whole.text(path).includes('ENC[')) t.is(tree.text(path), whole.text(path));
    }
  }
});

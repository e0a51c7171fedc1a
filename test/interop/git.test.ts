import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { fleetChains } from '../_helpers/fleet-chains.ts';
import { encryptedFiles } from '../_helpers/fleet-tree.ts';
import { Fleet } from '../_helpers/fleet.ts';
import { toolTest } from '../_helpers/tool-test.ts';

// Each test goes on from the committed tree that the one before it leaves.
const serialTest = toolTest(['age-keygen'], { serial: true });
/** Another day than that of the first synth: dates in the inventory differ too. */
const LATER = new Date(Date.now() + 2 * 86_400_000).toISOString();

let fleet: Fleet;

test.before(async () => {
  fleet = await Fleet.create();
});
test.after.always(() => {
  fleet.remove();
});

/** Every file's hash, `.git` left out: finer than git, which does not look at what it ignores. */
function hashes(): Map<string, string> {
  const hash = (file: string): string =>
    createHash('sha256')
      .update(readFileSync(path.join(fleet.root, file)))
      .digest('hex');
  return new Map(fleet.files().map((file) => [file, hash(file)]));
}

/** Paths below `deploy` that differ from the commit, with git's letter. */
async function changes(): Promise<string[]> {
  const lines = await fleet.git('status', '--porcelain', '--untracked-files=all', 'deploy');
  return lines.split('\n').filter(Boolean).sort();
}

const serials = (): Map<string, string> =>
  new Map(
    fleetChains(fleet).map(({ name, leaf }) => [name, new X509Certificate(leaf).serialNumber]),
  );

serialTest(
  'git reads the generated attributes: no merge of the tree but of the ledger, no conversion, and no diff in reviews',
  async (t) => {
    const paths = [
      'deploy/prod-eu-1/pki/policy-webhook.sops.yaml',
      'deploy/edge-1/nodes/node-1/etc/kubernetes/pki/etcd/peer.key',
      'deploy/authorities.yaml',
      'clusters/main.ts',
    ];
    const found = await fleet.git(
      'check-attr',
      'merge',
      'linguist-generated',
      'text',
      '--',
      ...paths,
    );
    t.deepEqual(found.trim().split('\n'), [
      `${paths[0]}: merge: unset`,
      `${paths[0]}: linguist-generated: set`,
      `${paths[0]}: text: unset`,
      `${paths[1]}: merge: unset`,
      `${paths[1]}: linguist-generated: set`,
      `${paths[1]}: text: unset`,
      `${paths[2]}: merge: union`,
      `${paths[2]}: linguist-generated: set`,
      `${paths[2]}: text: unset`,
      `${paths[3]}: merge: unspecified`,
      `${paths[3]}: linguist-generated: unspecified`,
      `${paths[3]}: text: unspecified`,
    ]);
  },
);

serialTest('git ignores the journal and sees everything else', async (t) => {
  const tracked = (await fleet.git('ls-files')).trim().split('\n');
  const others = fleet.files().filter((file) => !tracked.includes(file));
  t.deepEqual(others, ['.cdk8s-pki/.gitignore']);
  t.true(tracked.length > 170);
});

serialTest('a second synth without an identity changes no byte', async (t) => {
  const before = hashes();
  const { status, stderr } = await fleet.cli(['synth']);
  t.is(status, 0, stderr.toString());
  t.deepEqual(hashes(), before);
  t.is(await fleet.git('status', '--porcelain'), '');
  t.is((await fleet.cli(['plan'])).status, 0);
});

serialTest(
  'a second synth with the identity of the custodian changes no byte either',
  async (t) => {
    const before = hashes();
    t.is((await fleet.cli(['synth'], 'custodian')).status, 0);
    t.deepEqual(hashes(), before);
  },
);

serialTest('a clone needs no identity to see that all is as declared', async (t) => {
  const clone = path.join(fleet.scratch, 'clone');
  await fleet.git('clone', '--quiet', '.', clone);
  const tracked = (await fleet.git('ls-files')).trim().split('\n');
  const differing = tracked.filter(
    (file) =>
      !readFileSync(path.join(clone, file)).equals(readFileSync(path.join(fleet.root, file))),
  );
  t.deepEqual(differing, []);
});

for (const [who, role] of [
  ['without an identity', undefined],
  ["with a node's identity", 'cp-1'],
  ['with a delivery identity', 'flux-prod-eu-1'],
] as const) {
  serialTest(`a changed name fails ${who} and changes nothing`, async (t) => {
    const declared = fleet.read('clusters/main.ts');
    t.teardown(() => {
      fleet.write('clusters/main.ts', declared);
    });
    fleet.editDeclaration("['policy-webhook.kube-system.svc', ", "['policy.kube-system.svc', ");
    const before = hashes();
    const { status, stdout, stderr } = await fleet.cli(['synth'], role);
    t.is(status, 1);
    t.regex(stderr.toString(), /^cdk8s-pki: error: .*(?:identity|decrypt)/u);
    t.regex(stderr.toString(), /prod-eu-1\/(?:policy-webhook|pki\/ca\/)/u);
    t.regex(stderr.toString(), /^cdk8s-pki: hint: .*(?:SOPS_AGE_KEY_FILE|identity)/mu);
    t.is(stdout.toString(), '');
    t.deepEqual(hashes(), before);
    const { status: planned } = await fleet.cli(['plan']);
    t.is(planned, 3, 'the plan needs no identity and says that there is something to do');
  });
}

serialTest(
  'with the identity of the custodian a changed name issues exactly that leaf, and all its copies',
  async (t) => {
    const before = serials();
    fleet.editDeclaration("['policy-webhook.kube-system.svc', ", "['policy.kube-system.svc', ");
    const { status, stderr } = await fleet.cli(['synth', '--now', LATER], 'custodian');
    t.is(status, 0, stderr.toString());
    const own = [
      'deploy/prod-eu-1/manifests/Secret.kube-system.policy-webhook-tls.sops.yaml',
      'deploy/prod-eu-1/pki/policy-webhook.sops.yaml',
    ];
    t.deepEqual(
      await changes(),
      ['deploy/prod-eu-1/INVENTORY.md', 'deploy/prod-eu-1/inventory.json', ...own].map(
        (file) => ` M ${file}`,
      ),
    );
    const after = serials();
    t.is(after.size, 92);
    t.deepEqual(
      [...after]
        .filter(([name, serial]) => before.get(name) !== serial)
        .map(([name]) => name)
        .sort(),
      own,
    );
    t.is(after.get(own[0] ?? ''), after.get(own[1] ?? ''));
    const leaf = fleetChains(fleet).find(({ name }) => name === own[0])?.leaf ?? '';
    t.is(
      new X509Certificate(leaf).subjectAltName,
      'DNS:policy.kube-system.svc, DNS:policy-webhook.kube-system.svc.cluster.local',
    );
    await fleet.commit();
  },
);

serialTest(
  "a changed address of one node issues that node's three certificates that bear it, and no other",
  async (t) => {
    const before = serials();
    fleet.editDeclaration("'fd00:10:10::12'", "'fd00:10:10::22'");
    const { status, stderr } = await fleet.cli(['synth', '--now', LATER], 'custodian');
    t.is(status, 0, stderr.toString());
    const folder = 'deploy/prod-eu-1/nodes/cp-2';
    const pki = `${folder}/etc/kubernetes/pki`;
    const store = 'deploy/prod-eu-1/pki/cp-2';
    const changed = ['apiserver', 'etcd/peer', 'etcd/server'];
    const certificates = changed.flatMap((name) => [
      `${pki}/${name}.crt`,
      `${store}/${name.replace('/', '-')}.sops.yaml`,
    ]);
    const expected = [
      ...certificates,
      ...changed.map((name) => `${pki}/${name}.key`),
      ...fleet.files(`${folder}/etc/kubernetes`).filter((file) => isReaderOf(file, changed)),
      `${folder}/bundle.yaml`,
      'deploy/prod-eu-1/INVENTORY.md',
      'deploy/prod-eu-1/inventory.json',
    ];
    t.deepEqual(await changes(), expected.map((file) => ` M ${file}`).sort());
    const after = serials();
    t.deepEqual(
      [...after]
        .filter(([name, serial]) => before.get(name) !== serial)
        .map(([name]) => name)
        .sort(),
      [...certificates].sort(),
    );
    await fleet.commit();
    t.is((await fleet.cli(['plan', '--now', LATER])).status, 0);
  },
);

/** A static pod that reads one of these certificates: it must be restarted, so its manifest changes too. */
function isReaderOf(file: string, certificates: readonly string[]): boolean {
  if (!file.includes('/manifests/')) return false;
  const content = fleet.read(file);
  return certificates.some((name) => content.includes(`/etc/kubernetes/pki/${name}.crt`));
}

serialTest('the tree has as many encrypted files after all this as before', (t) => {
  t.is(encryptedFiles(fleet).length, 108);
});

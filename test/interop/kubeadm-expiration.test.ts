import test from 'ava';
import { NODES, type NodePlace } from '../_helpers/fleet-tree.ts';
import { Fleet } from '../_helpers/fleet.ts';
import { kubeadmConfig, NodeRoot } from '../_helpers/node-root.ts';
import { toolTest } from '../_helpers/tool-test.ts';

const kubeadmTest = toolTest(['kubeadm', 'sops', 'age-keygen'], { serial: true });
/** A bundle has no credential that passes every authorization check. */
const ABSENT = 'super-admin.conf';

let fleet: Fleet;
const roots = new Map<NodePlace, NodeRoot>();

test.before(async () => {
  fleet = await Fleet.create();
  for (const place of NODES) {
    roots.set(place, await NodeRoot.installed(fleet, place, `root-${place.node}`));
  }
});
test.after.always(() => {
  fleet.remove();
});

interface Expiration {
  readonly name: string;
  readonly expirationDate: string | null;
  readonly residualTime: number;
  readonly externallyManaged: boolean;
  readonly caName?: string;
  readonly missing: boolean;
}

interface Checked {
  readonly cluster: string | null;
  readonly node: string | null;
  readonly name: string;
  readonly kind: string;
  readonly issuer: string;
  readonly notAfter: string;
  readonly residualSeconds: number;
  readonly externallyManaged: boolean;
}

/** The subject of each authority, as `check` prints the issuer of a leaf. */
const CA_NAMES: Readonly<Record<string, string>> = {
  'CN=kubernetes': 'ca',
  'CN=etcd-ca': 'etcd-ca',
  'CN=front-proxy-ca': 'front-proxy-ca',
};

async function checkExpiration(place: NodePlace): Promise<readonly Expiration[]> {
  const args = ['certs', 'check-expiration', '--output', 'json'];
  const { status, stdout, stderr } = await rootOf(place).kubeadm(args, kubeadmConfig(place));
  if (status !== 0) throw new Error(stderr.toString());
  const { certificates, certificateAuthorities } = JSON.parse(stdout.toString()) as {
    readonly certificates: readonly Expiration[];
    readonly certificateAuthorities: readonly Expiration[];
  };
  return [...certificates, ...certificateAuthorities];
}

async function check(...args: string[]): Promise<readonly Checked[]> {
  const { status, stdout, stderr } = await fleet.cli(['check', '--output', 'json', ...args]);
  if (status !== 0) throw new Error(stderr.toString());
  return (JSON.parse(stdout.toString()) as { readonly certificates: readonly Checked[] })
    .certificates;
}

function rootOf(place: NodePlace): NodeRoot {
  const root = roots.get(place);
  if (root === undefined) throw new Error(`${place.node} is not installed`);
  return root;
}

/** The lines of a printed table by their first word, columns apart. */
function tableRows(text: string): Map<string, readonly string[]> {
  const lines = text.split('\n').map((line) => line.trim().split(/\s{2,}/u));
  return new Map(lines.map(([name = '', ...cells]) => [name, cells]));
}

kubeadmTest('kubeadm certs check-expiration agrees with check --dir, row by row', async (t) => {
  for (const place of NODES) {
    const theirs = await checkExpiration(place);
    const ours = await check('--dir', `${rootOf(place).folder}/etc/kubernetes`);
    const missing = theirs.filter((row) => row.missing).map(({ name }) => name);
    t.deepEqual(missing, [ABSENT]);
    // kubeadm leaves out kubelet.conf: it expects kubelets to renew theirs
    t.deepEqual(
      ours
        .map(({ name }) => name)
        .filter((name) => name !== 'kubelet.conf')
        .sort(),
      theirs
        .map(({ name }) => name)
        .filter((name) => !missing.includes(name))
        .sort(),
    );
    t.is(ours.length, 14);
    for (const row of theirs.filter((candidate) => !candidate.missing)) {
      const own = ours.find(({ name }) => name === row.name);
      t.deepEqual(
        own && {
          name: own.name,
          expirationDate: own.notAfter.replace('.000Z', 'Z'),
          externallyManaged: own.externallyManaged,
          ...(own.kind === 'authority' ? {} : { caName: CA_NAMES[own.issuer] }),
          missing: false,
        },
        {
          name: row.name,
          expirationDate: row.expirationDate,
          externallyManaged: row.externallyManaged,
          ...(row.caName === undefined ? {} : { caName: row.caName }),
          missing: false,
        },
      );
      const apart = Math.abs((own?.residualSeconds ?? 0) - row.residualTime);
      t.true(apart < 300, `${row.name}: ${apart} s`);
    }
  }
});

kubeadmTest(
  'kubeadm certs check-expiration agrees with check on the tree, row by row',
  async (t) => {
    const tree = await check();
    let rows = 0;
    for (const place of NODES) {
      for (const theirs of await checkExpiration(place)) {
        if (theirs.missing) continue;
        const isAuthority = theirs.caName === undefined;
        const [own, ...others] = tree.filter(
          ({ cluster, node, name }) =>
            cluster === place.cluster &&
            node === (isAuthority ? null : place.node) &&
            name === theirs.name,
        );
        t.deepEqual(others, []);
        t.is(own?.notAfter.replace('.000Z', 'Z'), theirs.expirationDate ?? '', theirs.name);
        t.is(own?.kind === 'authority', isAuthority, theirs.name);
        if (!isAuthority) t.is(CA_NAMES[own?.issuer ?? ''], theirs.caName, theirs.name);
        // the store has the keys of all authorities, wherever a node has not: nothing is managed by others
        t.is(own?.externallyManaged, false, theirs.name);
        rows += 1;
      }
    }
    t.is(rows, 4 * 13);
  },
);

kubeadmTest(
  'the tables of kubeadm certs check-expiration are in those of check --dir, word by word',
  async (t) => {
    for (const place of NODES) {
      const printed = await rootOf(place).kubeadm(
        ['certs', 'check-expiration'],
        kubeadmConfig(place),
      );
      const theirs = tableRows(printed.stdout.toString());
      const { stdout } = await fleet.cli([
        'check',
        '--dir',
        `${rootOf(place).folder}/etc/kubernetes`,
      ]);
      const ours = tableRows(stdout.toString());
      let rows = 0;
      for (const [name, cells] of theirs) {
        if (cells.length < 3) continue;
        t.deepEqual(ours.get(name)?.slice(0, cells.length), cells, name);
        rows += 1;
      }
      t.is(rows, 2 + 10 + 3, 'two headings, and a row for each certificate and authority');
    }
  },
);

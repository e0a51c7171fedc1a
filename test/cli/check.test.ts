import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { DAY, NOW, after } from '../_helpers/desired.ts';
import type { MemoryTree } from '../_helpers/repository.ts';
import { entryFile, KEYSET, store } from '../_helpers/store.ts';

const PACKAGE = path.resolve(import.meta.dirname, '../..');
const CLI = path.join(PACKAGE, 'dist/cli.js');

const WEB = 'deploy/prod/pki/web.sops.yaml';
const API = 'deploy/prod/pki/cp-1/api.sops.yaml';
const INVENTORY = 'deploy/prod/inventory.json';

interface Ran {
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

async function check(folder: string, args: readonly string[] = [], cli = CLI): Promise<Ran> {
  const now = args.includes('--now') ? [] : ['--now', NOW.toISOString()];
  const { exitCode, stdout, stderr } = await execa(
    process.execPath,
    [cli, 'check', ...now, ...args],
    { cwd: folder, env: { PATH: process.env.PATH ?? '' }, extendEnv: false, reject: false },
  );
  return { status: exitCode, stdout, stderr };
}

function emptyFolder(t: ExecutionContext): string {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'cdk8s-pki-check-')));
  t.teardown(() => {
    rmSync(folder, { recursive: true });
  });
  return folder;
}

/** The tree of a small fleet, as `synth` makes it, in a folder of its own. */
function folderOf(t: ExecutionContext, tree: MemoryTree = store()): string {
  const folder = emptyFolder(t);
  for (const file of tree.paths()) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), tree.files.get(file) ?? '');
  }
  return folder;
}

interface Certificate {
  readonly cluster: string | null;
  readonly node: string | null;
  readonly name: string;
  readonly renewAt: string | null;
  readonly notAfter: string;
  readonly status: string;
}

async function certificates(folder: string, ...args: string[]): Promise<Certificate[]> {
  const { stdout } = await check(folder, ['--output', 'json', ...args]);
  return (JSON.parse(stdout) as { readonly certificates: Certificate[] }).certificates;
}

const days = (count: number): string => after(NOW, count * DAY).toISOString();

test('check: the two tables over all clusters and nodes, and exit 0 where all is ok', async (t) => {
  const { status, stdout, stderr } = await check(folderOf(t));
  t.deepEqual({ status, stderr }, { status: 0, stderr: '' });
  const cells = stdout.split('\n').map((line) => line.trim().split(/ {2,}/u));
  t.deepEqual(
    [cells[0], cells[8]],
    [
      [
        ...['CLUSTER', 'NODE', 'CERTIFICATE', 'EXPIRES', 'RESIDUAL TIME'],
        ...['CERTIFICATE AUTHORITY', 'EXTERNALLY MANAGED', 'STATUS'],
      ],
      [
        ...['CLUSTER', 'NODE', 'CERTIFICATE AUTHORITY', 'EXPIRES', 'RESIDUAL TIME'],
        ...['EXTERNALLY MANAGED', 'STATUS'],
      ],
    ],
  );
  t.deepEqual(cells.slice(1, 7), [
    ['prod', 'admin', 'Nov 22, 2027 08:00 UTC', '365d', 'ca', 'no', 'ok'],
    ['prod', 'web', 'Nov 22, 2027 08:00 UTC', '365d', 'ca', 'no', 'ok'],
    ['prod', 'cp-1', 'api', 'Nov 22, 2027 08:00 UTC', '365d', 'ca', 'no', 'ok'],
    ['test', 'admin', 'Nov 22, 2027 08:00 UTC', '365d', 'ca', 'no', 'ok'],
    ['test', 'web', 'Nov 22, 2027 08:00 UTC', '365d', 'ca', 'no', 'ok'],
    ['test', 'cp-1', 'api', 'Nov 22, 2027 08:00 UTC', '365d', 'ca', 'no', 'ok'],
  ]);
  t.deepEqual(cells.slice(9, 11), [
    ['prod', 'ca', 'Nov 19, 2036 08:00 UTC', '10y', 'no', 'ok'],
    ['test', 'ca', 'Nov 19, 2036 08:00 UTC', '10y', 'no', 'ok'],
  ]);
  t.regex(
    cells.at(-1)?.[0] ?? '',
    /^6 certificates and 2 authorities in 2 clusters: all ok; next: /u,
  );
  t.false(stdout.includes('\u001B'), 'colours only on a terminal');
});

test('check: JSON has every field in its order, and no service-account key', async (t) => {
  const { status, stdout } = await check(folderOf(t), ['--cluster', 'prod', '--output', 'json']);
  t.is(status, 0);
  const { now, certificates: rows } = JSON.parse(stdout) as {
    now: string;
    certificates: Record<string, unknown>[];
  };
  t.is(now, NOW.toISOString());
  t.deepEqual(
    rows.map(({ name, kind }) => [name, kind]),
    [
      ['admin', 'kubeconfig'],
      ['ca', 'authority'],
      ['web', 'certificate'],
      ['api', 'certificate'],
    ],
  );
  for (const row of rows) {
    t.deepEqual(Object.keys(row), [
      ...['cluster', 'node', 'name', 'kind', 'subject', 'issuer', 'serialNumber', 'notBefore'],
      ...['notAfter', 'residualSeconds', 'renewAt', 'status', 'externallyManaged', 'path', 'id'],
    ]);
  }
  const [admin, ca] = rows;
  t.like(admin, {
    cluster: 'prod',
    node: null,
    subject: 'CN=admin,O=deployers',
    issuer: 'CN=prod/ca',
    residualSeconds: 365 * DAY,
    status: 'ok',
    externallyManaged: false,
    path: 'deploy/prod/pki/admin.sops.yaml',
    id: null,
  });
  t.is(ca?.path, entryFile());
  t.is(ca?.id, path.basename(entryFile(), '.sops.yaml'));
  t.is(rows[3]?.node, 'cp-1');
});

test('check: exit 3 once something is due, from exactly its instant on', async (t) => {
  const folder = folderOf(t);
  const rows = await certificates(folder);
  const first = rows.map(({ renewAt }) => renewAt ?? '').sort()[0] ?? '';
  const before = new Date(new Date(first).getTime() - 1).toISOString();
  t.is((await check(folder, ['--now', before])).status, 0);
  const { status, stdout } = await check(folder, ['--now', first]);
  t.is(status, 3);
  t.regex(stdout, /due since /u);
  t.regex(stdout.split('\n').at(-1) ?? '', /: 1 due; next: /u);
});

test('check: exit 3 for what is expired, and for what is not valid yet', async (t) => {
  const folder = folderOf(t);
  const late = await check(folder, ['--now', days(366)]);
  t.is(late.status, 3);
  t.regex(late.stdout, /6 expired/u);
  const early = await check(folder, ['--now', days(-1), '-o', 'markdown']);
  t.is(early.status, 3);
  t.regex(early.stdout, /^## PKI: 8 not yet valid\n/u);
});

test('check: the policy is that of the inventory; without one, that of the document', async (t) => {
  const tree = store().edit(
    INVENTORY,
    /("name": "web"[^}]*"renewBefore": ")[^"]*("[^}]*"jitter": ")[^"]*"/u,
    '$1240h$20s"',
  );
  const renewAt = async (folder: string): Promise<string | null | undefined> =>
    (await certificates(folder, '--cluster', 'prod')).find(({ name }) => name === 'web')?.renewAt;
  t.is(await renewAt(folderOf(t, tree)), days(355));
  const documents = await renewAt(folderOf(t, tree.clone().remove(INVENTORY)));
  t.true(documents !== undefined && documents !== null && documents < days(276));
  t.is(documents, await renewAt(folderOf(t)), 'which are the same where nobody changed them');
  const withoutJitter = store()
    .remove(INVENTORY)
    .edit(WEB, /jitter: .*\n/u, '');
  t.is(await renewAt(folderOf(t, withoutJitter)), days(275));
});

test('check: globs choose clusters; one that matches nothing is a wrong usage', async (t) => {
  const folder = folderOf(t);
  const clusters = async (...args: string[]): Promise<(string | null)[]> => [
    ...new Set((await certificates(folder, ...args)).map(({ cluster }) => cluster)),
  ];
  t.deepEqual(await clusters('--cluster', 'p*'), ['prod']);
  t.deepEqual(await clusters('--cluster', 'p*', '--cluster', 't?st'), ['prod', 'test']);
  const { status, stdout, stderr } = await check(folder, ['--cluster', '.*']);
  t.deepEqual(
    { status, stdout, stderr: stderr.split('\n') },
    {
      status: 2,
      stdout: '',
      stderr: [
        'cdk8s-pki: error: --cluster ".*" matches no cluster [ERR_USAGE]',
        'cdk8s-pki: hint: clusters are: prod, test',
      ],
    },
  );
});

test('check: without a tree, says where it looked and what to do', async (t) => {
  const { status, stdout, stderr } = await check(emptyFolder(t));
  t.deepEqual({ status, stdout }, { status: 1, stdout: '' });
  t.regex(stderr, /^cdk8s-pki: error: there is no tree of cdk8s-pki in "deploy" \[ERR_READ\]\n/u);
  t.regex(stderr, /hint: .*--tree/u);
});

test('check: --tree reads a tree of another name', async (t) => {
  const folder = folderOf(t);
  const expected = await certificates(folder);
  renameSync(path.join(folder, 'deploy'), path.join(folder, 'fleet'));
  t.is((await check(folder)).status, 1);
  const rows = await certificates(folder, '--tree', './fleet/');
  t.deepEqual(
    rows.map(({ name, renewAt }) => [name, renewAt]),
    expected.map(({ name, renewAt }) => [name, renewAt]),
  );
});

/** Damage to the tree of `prod`, and what is said of it; all else must still be printed. */
const DAMAGE: readonly {
  readonly name: string;
  readonly damage: (tree: MemoryTree) => MemoryTree;
  readonly message: RegExp;
  readonly lost: readonly string[];
}[] = [
  {
    name: 'a leaf with conflict markers',
    damage: (tree) => tree.edit(WEB, 'kind:', '<<<<<<< HEAD\nkind:'),
    message: /"deploy\/prod\/pki\/web\.sops\.yaml": the file holds merge-conflict markers/u,
    lost: ['web'],
  },
  {
    name: 'an empty leaf',
    damage: (tree) => tree.write(WEB, ''),
    message: /web\.sops\.yaml": the file is empty/u,
    lost: ['web'],
  },
  {
    name: 'a truncated leaf',
    damage: (tree) => tree.write(WEB, tree.text(WEB).slice(0, 700)),
    message: /web\.sops\.yaml": /u,
    lost: ['web'],
  },
  {
    name: 'octets that are no text',
    damage: (tree) => tree.write(WEB, Buffer.of(0xff, 0xfe, 0x00)),
    message: /web\.sops\.yaml": the file is not UTF-8 text/u,
    lost: ['web'],
  },
  {
    name: 'a certificate that is none',
    damage: (tree) => tree.edit(API, /MII[^-]*/u, 'AAAA\n    '),
    message: /"deploy\/prod\/pki\/cp-1\/api\.sops\.yaml": certificate is not (?:DER|X\.509)/u,
    lost: ['api'],
  },
  {
    name: 'a leaf of another cluster',
    damage: (tree) => tree.edit(WEB, 'cluster: prod', 'cluster: test'),
    message: /it is of "test\/web", not of "prod\/web"/u,
    lost: ['web'],
  },
  {
    name: 'a private key in the clear',
    damage: (tree) => tree.edit(WEB, /privateKey: .*/u, 'privateKey: x'),
    message: /web\.sops\.yaml": its private key is not encrypted by SOPS/u,
    lost: ['web'],
  },
  {
    name: 'an edited keyset',
    damage: (tree) => tree.edit(KEYSET, 'revision: 1', 'revision: 2'),
    message: /"deploy\/prod\/pki\/ca\/keyset\.yaml": this revision is not signed/u,
    lost: ['ca'],
  },
  {
    name: 'a keyset without its entry',
    damage: (tree) => tree.remove(entryFile()),
    message: /pki\/ca\/[0-9a-f]{16}\.sops\.yaml" of keyset "prod\/ca" is missing/u,
    lost: ['ca'],
  },
  {
    name: 'an inventory that is none',
    damage: (tree) => tree.write(INVENTORY, '{"credentials":'),
    message: /"deploy\/prod\/inventory\.json": the file is not an inventory/u,
    lost: [],
  },
];

for (const { name, damage, message, lost } of DAMAGE) {
  test(`check: ${name} is told, and hides nothing else`, async (t) => {
    const { status, stdout, stderr } = await check(folderOf(t, damage(store())), ['-o', 'json']);
    t.is(status, 1);
    t.regex(stderr, message);
    t.regex(stderr, /^cdk8s-pki: error: a document cannot be read \[ERR_STORE\]\n/u);
    t.regex(stderr, /\ncdk8s-pki: hint: /u);
    const result = JSON.parse(stdout) as { certificates: Certificate[]; error: { code: string } };
    const rows = result.certificates;
    t.is(result.error.code, 'ERR_STORE');
    t.deepEqual(
      rows.filter(({ cluster }) => cluster === 'prod').map((row) => row.name),
      ['admin', 'ca', 'web', 'api'].filter((each) => !lost.includes(each)),
    );
    t.is(rows.filter(({ cluster }) => cluster === 'test').length, 4);
  });
}

test('check: folders, devices, loops and large files where documents should be', async (t) => {
  const folder = folderOf(t);
  const file = (name: string): string => path.join(folder, 'deploy/prod/pki', name);
  mkdirSync(file('folder.sops.yaml'));
  mkdirSync(file('cp-1/a.sops.yaml'));
  symlinkSync('/dev/zero', file('device.sops.yaml'));
  symlinkSync('loop.sops.yaml', file('loop.sops.yaml'));
  symlinkSync('gone', file('dangling.sops.yaml'));
  writeFileSync(file('large.sops.yaml'), '');
  truncateSync(file('large.sops.yaml'), 5 * 1024 * 1024);
  const { status, stdout, stderr } = await check(folder, ['-o', 'json']);
  t.is(status, 1);
  t.regex(stderr, /folder\.sops\.yaml": it is a folder, not a document/u);
  for (const name of ['device', 'loop', 'dangling'])
    t.true(stderr.includes(`${name}.sops.yaml" is a symbolic link`), stderr);
  t.regex(stderr, /large\.sops\.yaml" has more than 4194304 octets/u);
  t.is((JSON.parse(stdout) as { certificates: unknown[] }).certificates.length, 8);
});

test('check: names that would steer a terminal are told without control characters', async (t) => {
  const folder = folderOf(t);
  writeFileSync(path.join(folder, 'deploy/prod/pki/a\u001B[2Jb.sops.yaml'), 'x');
  const { status, stdout, stderr } = await check(folder);
  t.is(status, 1);
  t.false((stdout + stderr).includes('\u001B'));
});

test('check: writes nothing', async (t) => {
  const folder = folderOf(t);
  const listing = (): string[] =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .map((entry) => path.join(entry.parentPath, entry.name))
      .sort();
  const before = listing();
  await check(folder);
  await check(folder, ['--now', days(400), '-o', 'markdown']);
  t.deepEqual(listing(), before);
});

test('check: --dir reads an existing folder; --cluster and --tree say nothing there', async (t) => {
  const folder = emptyFolder(t);
  const certificate = /-----BEGIN[^]*?-----END CERTIFICATE-----\n/u.exec(
    store().text(WEB).replaceAll(/^ +/gmu, ''),
  )?.[0];
  mkdirSync(path.join(folder, 'kubernetes/pki'), { recursive: true });
  writeFileSync(path.join(folder, 'kubernetes/pki/apiserver.crt'), certificate ?? '');
  const { status, stdout } = await check(folder, ['--dir', 'kubernetes']);
  t.is(status, 0);
  t.regex(stdout, /^CERTIFICATE {2,}EXPIRES/u);
  t.regex(stdout, /\napiserver {2,}Nov 22, 2027 08:00 UTC {3}365d {2,}ca {2,}no {2,}ok\n/u);
  t.regex(stdout, /\n!MISSING! admin\.conf\n/u);
  for (const option of ['--cluster', '--tree']) {
    const wrong = await check(folder, ['--dir', 'kubernetes', option, 'x']);
    t.is(wrong.status, 2);
    t.regex(wrong.stderr, new RegExp(`error: ${option} says nothing where --dir is given`, 'u'));
  }
  const none = await check(folder, ['--dir', 'gone']);
  t.is(none.status, 1);
  t.regex(none.stderr, /error: there is no certificate of Kubernetes in "gone"/u);
});

test('check: loads neither the declaration, cdk8s, node-forge nor yaml: it runs where they are not', async (t) => {
  const place = emptyFolder(t);
  cpSync(path.join(PACKAGE, 'dist'), path.join(place, 'dist'), { recursive: true });
  cpSync(path.join(PACKAGE, 'package.json'), path.join(place, 'package.json'));
  for (const name of ['commander', 'croner', 'js-yaml']) {
    const from = path.join(PACKAGE, 'node_modules', name);
    cpSync(from, path.join(place, 'node_modules', name), { recursive: true, dereference: true });
  }
  const cli = path.join(place, 'dist/cli.js');
  const folder = folderOf(t);
  for (const format of ['text', 'json', 'markdown']) {
    t.deepEqual(
      await check(folder, ['-o', format], cli),
      await check(folder, ['-o', format]),
      format,
    );
  }
  // the slow path of reading, and that of an existing folder
  const quoted = store().edit(WEB, 'kind: Certificate', "kind: 'Certificate'");
  t.is((await check(folderOf(t, quoted), [], cli)).status, 0);
  t.is((await check(folder, ['--dir', '/nowhere'], cli)).status, 1);
  // and what does load them does not run there
  const synth = await execa(process.execPath, [cli, 'synth'], { cwd: folder, reject: false });
  t.regex(synth.stderr, /ERR_MODULE_NOT_FOUND|unexpected Error/u);
});

test('check: OpenMetrics says what is due, and the exit status is 3 as ever', async (t) => {
  const folder = folderOf(t);
  const due = after(NOW, 300 * DAY);
  const args = ['-o', 'openmetrics', '--now', due.toISOString()];
  const { status, stdout, stderr } = await check(folder, args);
  t.deepEqual({ status, stderr }, { status: 3, stderr: '' });
  t.regex(stdout, /\n# EOF$/u);
  const [, renewAt] =
    /^cdk8s_pki_certificate_renewal_timestamp_seconds\{cluster="prod",node="cp-1",name="api",kind="certificate",issuer="ca",id=""\} (\d+)$/mu.exec(
      stdout,
    ) ?? [];
  t.true(Number(renewAt) < due.getTime() / 1000, stdout);
});

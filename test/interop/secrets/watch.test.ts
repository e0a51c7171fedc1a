import { mkdirSync, writeFileSync } from 'node:fs';
import type { ExecutionContext } from 'ava';
import { AgeIdentity } from '../../../src/sops/age/identity.ts';
import { nativeCipher } from '../../../src/sops/cipher.ts';
import { declaration } from '../../_helpers/declaration.ts';
import { text } from '../../_helpers/fleet-tree.ts';
import { PrivateKeyScanner } from '../../_helpers/private-key-scanner.ts';
import { newPerson, Repository, type Person } from '../../_helpers/run-cli.ts';
import { toolTest } from '../../_helpers/tool-test.ts';
import { toolPath } from '../../_helpers/tools.ts';
import { program, watch, type Trace } from './_trace.ts';

const watchTest = toolTest(['strace', 'sops'], { serial: true });
const alice = await newPerson();
const main = (sans: string, app = '', extra = ''): string =>
  declaration({ recipients: [alice.recipient], sans: [sans], app, extra });
const LATER = ['--now', new Date(Date.now() + 86_400_000).toISOString()];

/** Every private key of the store. */
async function keysOf(repository: Repository, person: Person): Promise<string[]> {
  const identity = await AgeIdentity.parse(person.identity);
  const cipher = nativeCipher({ list: identity === undefined ? [] : [identity], unusable: [] });
  const files = Object.keys(repository.files()).filter((file) =>
    /\/pki\/.*\.sops\.yaml$/u.test(file),
  );
  return Promise.all(
    files.map(async (file) =>
      text((await cipher.decryptYaml(repository.read(file)))['privateKey']),
    ),
  );
}

/** Where a run let something out: names of streams, and processes by their place in the order of starts. */
function leaks(trace: Trace, keys: readonly string[], person: Person): string[] {
  const scanner = new PrivateKeyScanner(keys);
  const holds = (octets: Buffer): boolean =>
    scanner.scan(octets).length > 0 || /AGE-SECRET-KEY-1/iu.test(octets.toString('latin1'));
  if (trace.starts[0] === undefined) throw new TypeError('nothing was started');
  return [
    // The first process is given the identity by who runs it.
    ...trace.starts.flatMap(({ text: octets }, index) =>
      (index === 0 ? scanner.scan(octets).length > 0 : holds(octets)) ? [`start ${index}`] : [],
    ),
    ...[...trace.writes].flatMap(([name, octets]) => (holds(octets) ? [name] : [])),
  ].filter(() => person.identity !== '');
}

const programs = ({ starts }: Trace): string[] =>
  starts.map(({ text: octets }) => octets.toString().split('\n')[0]?.replace(/^.*\//u, '') ?? '');

watchTest('a fresh run lets no private key out, in any form', async (t) => {
  const repository = new Repository(t, { 'clusters/main.ts': main('a.example.com') });
  repository.commit();
  const trace = await watch(repository, program(['synth']), {});
  t.is(trace.status, 0, trace.stderr);
  const keys = await keysOf(repository, alice);
  t.is(keys.length, 2);
  t.deepEqual(leaks(trace, keys, alice), []);
  // The watch saw the declaration's process, git, and the files of the journal.
  t.deepEqual([...new Set(programs(trace))].sort(), ['git', 'node']);
  t.true(
    [...trace.writes.keys()].some((name) => /\.cdk8s-pki\/journal-\w+\/files\/.*>/u.test(name)),
  );
});

for (const variable of ['SOPS_AGE_KEY', 'SOPS_AGE_KEY_FILE'] as const) {
  watchTest(
    `a run that issues a leaf again, with the identity in ${variable}, lets neither out`,
    async (t) => {
      const repository = new Repository(t, { 'clusters/main.ts': main('a.example.com') });
      t.is((await repository.run(['synth'])).status, 0);
      repository.commit();
      const before = await keysOf(repository, alice);
      repository.write('clusters/main.ts', main('b.example.com'));
      const file = repository.path('node_modules/identity');
      writeFileSync(file, `${alice.identity}\n`);
      const value = variable === 'SOPS_AGE_KEY' ? alice.identity : file;
      const trace = await watch(repository, program(['synth', ...LATER]), { [variable]: value });
      t.is(trace.status, 0, trace.stderr);
      const keys = [...new Set([...before, ...(await keysOf(repository, alice))])];
      t.is(keys.length, 3, 'the CA, the leaf before and after');
      t.deepEqual(leaks(trace, keys, alice), []);
      t.deepEqual([...new Set(programs(trace))].sort(), ['git', 'node']);
    },
  );
}

watchTest(
  "encryption: 'sops': private keys pass through the pipes of sops, and nowhere else",
  async (t) => {
    const app = "encryption: 'sops',";
    const repository = new Repository(t, { 'clusters/main.ts': main('a.example.com', app) });
    const file = repository.path('node_modules/identity');
    writeFileSync(file, `${alice.identity}\n`);
    mkdirSync(repository.path('node_modules/.bin'), { recursive: true });
    const environment = {
      PATH: `${toolPath('sops').replace(/\/sops$/u, '')}:${process.env['PATH'] ?? ''}`,
      SOPS_AGE_KEY_FILE: file,
    };
    const fresh = await watch(repository, program(['synth']), environment);
    t.is(fresh.status, 0, fresh.stderr);
    const before = await keysOf(repository, alice);
    repository.write('clusters/main.ts', main('b.example.com', app));
    const again = await watch(repository, program(['synth', ...LATER]), environment);
    t.is(again.status, 0, again.stderr);
    const keys = [...new Set([...before, ...(await keysOf(repository, alice))])];
    for (const trace of [fresh, again]) checkPipes(t, trace, keys);
    t.true(again.starts.some((start) => isDecryption(start)));
  },
);

const isDecryption = ({ text: octets }: Trace['starts'][number]): boolean =>
  octets.toString().split('\n').includes('decrypt');

/** Of a `sops encrypt` what goes in, of a `sops decrypt` what comes out. */
function checkPipes(t: ExecutionContext, trace: Trace, keys: readonly string[]): void {
  const sops = trace.starts.filter((_, index) => programs(trace)[index] === 'sops');
  t.true(sops.length > 0);
  const allowed = sops.flatMap((start) => {
    const stream = trace.streams.get(`${start.pid} ${isDecryption(start) ? 1 : 0}`);
    if (stream === undefined) throw new TypeError('a sops without pipes');
    return isDecryption(start) ? stream.child : stream.parent;
  });
  const found = leaks(trace, keys, alice);
  t.true(found.length > 0, 'the watch sees what passes there');
  t.deepEqual(
    found.filter((name) => !allowed.some((pipe) => name.includes(pipe))),
    [],
  );
}

watchTest('kubeconfig: the new key is on standard output and nowhere else', async (t) => {
  const cluster = `
new pki.KubeadmCluster(app, 'edge', {
  controlPlaneEndpoint: 'api.example.com',
  controlPlaneNodes: [{ name: 'cp-1', advertiseAddress: '10.0.0.11' }],
});`;
  const repository = new Repository(t, { 'clusters/main.ts': main('a.example.com', '', cluster) });
  t.is((await repository.run(['synth'])).status, 0);
  const args = ['kubeconfig', 'edge', '--user', 'bob', '--group', 'team'];
  const trace = await watch(repository, program(args), { SOPS_AGE_KEY: alice.identity });
  t.is(trace.status, 0, trace.stderr);
  const [, data = ''] = /client-key-data: (\S+)/u.exec(trace.stdout) ?? [];
  const own = Buffer.from(data, 'base64').toString();
  t.regex(own, /PRIVATE KEY/u);
  t.deepEqual(leaks(trace, await keysOf(repository, alice), alice), []);
  const found = leaks(trace, [own], alice);
  t.is(found.length, 1);
  t.regex(found[0] ?? '', /^\d+ 1</u);
});

watchTest(
  'the watch finds what is planted: in arguments, an environment, a file and a pipe',
  async (t) => {
    const repository = new Repository(t, { 'clusters/main.ts': main('a.example.com') });
    t.is((await repository.run(['synth'])).status, 0);
    const [key = ''] = await keysOf(repository, alice);
    const secret = Buffer.from(`x${key}`).toString('base64');
    for (const [what, script, where] of [
      ['arguments', 'env true "$(cat node_modules/s)"', /^start/u],
      ['an environment', 'S=$(cat node_modules/s) env true', /^start/u],
      ['a file', 'printf %s "$(cat node_modules/s)" > node_modules/copy', /node_modules\/copy>/u],
      ['a pipe', 'cat node_modules/s | cat > /dev/null', /pipe/u],
      ['a name', 'touch "node_modules/$(head -c 120 node_modules/s | tr -d "\\n/" )"', /names/u],
    ] as const) {
      repository.write('node_modules/s', secret);
      const trace = await watch(repository, ['sh', '-c', script], {});
      t.true(
        leaks(trace, [key], alice).some((name) => where.test(name)),
        what,
      );
    }
    const trace = await watch(repository, ['sh', '-c', 'env true'], { S: alice.identity });
    // One start for each place where `true` could be.
    const found = leaks(trace, [key], alice);
    t.true(
      found.length > 0 && found.every((name) => name.startsWith('start')),
      'an identity passed on',
    );
  },
);

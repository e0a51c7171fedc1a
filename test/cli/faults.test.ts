import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import test, { type ExecutionContext } from 'ava';
import { treePath } from '../../src/model/names.ts';
import { digestOf, manifestLine } from '../../src/write/manifest.ts';
import { declaration } from '../_helpers/declaration.ts';
import { changed, newPerson, Repository, type Result } from '../_helpers/run-cli.ts';

const alice = await newPerson();
const main = (over: Partial<Parameters<typeof declaration>[0]> = {}): string =>
  declaration({ recipients: [alice.recipient], ...over });

/** A repository with a committed tree, whose declaration was changed since. */
async function made(t: ExecutionContext): Promise<Repository> {
  const repository = new Repository(t, { 'clusters/main.js': main() });
  const { status, stderr } = await repository.run(['synth']);
  if (status !== 0) throw new Error(stderr);
  repository.commit();
  repository.write('clusters/main.js', main({ sans: ['new.example.com'] }));
  return repository;
}

const errorLine = ({ stderr }: Result): string =>
  (stderr.split('\n')[0] ?? '').replace(/^cdk8s-pki: error: | \[ERR_[A-Z_]+\]$/gu, '');

/** What is left of lock and journal. */
const left = (repository: Repository): string[] =>
  Object.keys(repository.files()).filter((file) => file.startsWith('.cdk8s-pki/'));

const CLEAN = ['.cdk8s-pki/.gitignore'];
const NOTHING_TO_DO = {
  status: 0,
  stdout: 'nothing to do: 1 cluster is as declared\n',
  stderr: '',
};

test('a place for lock and journal that is a file is an error with a reason', async (t) => {
  const repository = new Repository(t, { 'clusters/main.js': main(), '.cdk8s-pki': 'a file' });
  const before = repository.files();
  const result = await repository.run(['synth']);
  t.deepEqual(
    [result.status, errorLine(result)],
    [1, '".cdk8s-pki" is not a folder; nothing was written'],
  );
  t.deepEqual(repository.files(), before);
});

test('a place for lock and journal that is a link is not followed: files would be deleted there', async (t) => {
  const repository = new Repository(t, { 'clusters/main.js': main() });
  const outside = mkdtempSync(path.join(tmpdir(), 'cdk8s-pki-test-'));
  t.teardown(() => {
    rmSync(outside, { recursive: true });
  });
  mkdirSync(path.join(outside, 'journal-x'));
  symlinkSync(outside, repository.path('.cdk8s-pki'));
  const result = await repository.run(['synth']);
  t.deepEqual(
    [result.status, errorLine(result)],
    [1, '".cdk8s-pki" is not a folder; nothing was written'],
  );
  t.deepEqual(readdirSync(outside), ['journal-x']);
  t.false(existsSync(repository.path('deploy')));
});

test('a file that became a link is not read: what it leads to would be committed', async (t) => {
  const repository = await made(t);
  const secret = path.join(repository.path('node_modules'), 'secret');
  for (const file of ['.sops.yaml', '.gitattributes', 'deploy/authorities.yaml']) {
    repository.remove(file);
    writeFileSync(secret, 'hunter2\n');
    symlinkSync(secret, repository.path(file));
    const before = repository.files();
    const result = await repository.run(['synth'], { as: alice });
    t.deepEqual([result.status, errorLine(result)], [1, `"${file}" is a symbolic link`]);
    t.is(readFileSync(secret, 'utf8'), 'hunter2\n');
    t.deepEqual(repository.files(), before);
    t.deepEqual(left(repository), CLEAN);
    repository.git('checkout', 'HEAD', '--', file);
  }
});

test('a file that became a folder is an error, and nothing is written', async (t) => {
  const repository = await made(t);
  for (const file of ['.sops.yaml', '.gitattributes', 'deploy/authorities.yaml']) {
    repository.remove(file);
    repository.write(`${file}/x`, 'x');
    const before = repository.files();
    const result = await repository.run(['synth'], { as: alice });
    t.deepEqual([result.status, errorLine(result)], [1, `"${file}" is not a file`]);
    t.deepEqual(repository.files(), before);
    repository.remove(file);
    repository.git('checkout', 'HEAD', '--', file);
  }
});

test('a folder that leads out of the repository is neither read nor written', async (t) => {
  const repository = await made(t);
  const outside = mkdtempSync(path.join(tmpdir(), 'cdk8s-pki-test-'));
  t.teardown(() => {
    rmSync(outside, { recursive: true });
  });
  const moved = path.join(outside, 'moved');
  const list = (): string[] => readdirSync(outside, { recursive: true }).map(String).sort();
  for (const place of ['deploy', 'deploy/prod', 'deploy/prod/pki', 'deploy/prod/manifests']) {
    repository.paste(`mv ${place} ${moved}; ln -s ${moved} ${place}`);
    const before = list();
    const result = await repository.run(['synth'], { as: alice });
    t.is(result.status, 1, place);
    t.regex(errorLine(result), /^"deploy\S*" leads out of the repository/u);
    t.deepEqual(list(), before);
    t.deepEqual(left(repository), CLEAN);
    repository.paste(`rm ${place}; mv ${moved} ${place}`);
  }
});

test('a tree that is a link within the repository is read and written there', async (t) => {
  const repository = new Repository(t, { 'clusters/main.js': main() });
  repository.paste('mkdir generated; ln -s generated deploy');
  t.is((await repository.run(['synth'])).status, 0);
  t.true(existsSync(repository.path('generated/prod/pki/web.sops.yaml')));
  t.deepEqual(await repository.run(['synth']), NOTHING_TO_DO);
});

test('a read-only tree is left as it was, with a reason', async (t) => {
  const repository = await made(t);
  const before = repository.files();
  const folder = repository.path('deploy/prod/pki');
  const { mode } = statSync(folder);
  chmodSync(folder, 0o555);
  const result = await repository.run(['synth'], { as: alice, isUnprivileged: true });
  chmodSync(folder, mode);
  t.is(result.status, 1);
  t.regex(errorLine(result), /EACCES.*nothing was written$/u);
  t.deepEqual(repository.files(), before);
});

test('a lock of a live process stops a run, one of a process that is gone does not', async (t) => {
  const repository = await made(t);
  const sleeper = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  const gone = new Promise((resolve) => sleeper.once('exit', resolve));
  const { pid = 0 } = sleeper;
  const since = new Date().toISOString();
  repository.write('.cdk8s-pki/lock', JSON.stringify({ pid, host: hostname(), since }));
  const held = await repository.run(['synth'], { as: alice });
  t.deepEqual(
    [held.status, errorLine(held)],
    [1, `another run works on this tree (process ${pid} on "${hostname()}")`],
  );
  t.is((await repository.run(['plan'])).status, 3, 'plan only looks');
  sleeper.kill('SIGKILL');
  await gone;
  t.is((await repository.run(['synth'], { as: alice })).status, 0);
  t.deepEqual(left(repository), CLEAN);
});

test('--now is the clock of a lock’s age as well', async (t) => {
  const repository = await made(t);
  const lock = { pid: 1, host: 'elsewhere', system: 'x', started: '1' };
  const text = JSON.stringify({ ...lock, since: '2026-11-22T08:00:00Z' });
  repository.write('.cdk8s-pki/lock', text);
  const run = (now: string) => repository.run(['synth', '--now', now], { as: alice });
  const held = await run('2026-11-22T08:59:59Z');
  t.is(errorLine(held), 'another run works on this tree (process 1 on "elsewhere")');
  t.is(repository.read('.cdk8s-pki/lock'), text);
  t.notRegex(errorLine(await run('2026-11-22T09:00:00Z')), /another run/u);
  t.deepEqual(left(repository), CLEAN);
});

test('two runs at once: one does it, the other says so or finds it done', async (t) => {
  const repository = new Repository(t, { 'clusters/main.js': main() });
  const results = await Promise.all([repository.run(['synth']), repository.run(['synth'])]);
  const failed = results.filter(({ status }) => status !== 0);
  t.true(failed.length <= 1);
  for (const result of failed)
    t.regex(errorLine(result), /^another run (?:works on|took the lock of) this tree/u);
  t.is(repository.read('deploy/authorities.yaml').trimEnd().split('\n').length, 2, 'one authority');
  t.is((await repository.run(['plan'])).status, 0);
});

test('a run whose lock was taken over writes nothing', async (t) => {
  const extra = `
import { writeFileSync } from 'node:fs';
writeFileSync('.cdk8s-pki/lock', 'of another run');`;
  const repository = new Repository(t, { 'clusters/main.js': main({ extra }) });
  const result = await repository.run(['synth']);
  t.deepEqual(
    [result.status, errorLine(result)],
    [1, 'another run took over the lock; nothing was written'],
  );
  t.false(existsSync(repository.path('deploy')));
  t.deepEqual(left(repository), [...CLEAN, '.cdk8s-pki/lock'].sort());
});

test('a run that was cut off while staging is forgotten, after its decision it is finished', async (t) => {
  const repository = await made(t);
  repository.write('clusters/main.js', main());
  const before = repository.files();
  repository.write('.cdk8s-pki/journal-x/files/deploy/half', 'half');
  t.deepEqual(await repository.run(['synth']), NOTHING_TO_DO);
  t.deepEqual(repository.files(), before);

  const file = 'deploy/prod/INVENTORY.md';
  const content = repository.read(file);
  repository.write(`.cdk8s-pki/journal-x/files/${file}`, content);
  repository.remove(file);
  repository.write(
    '.cdk8s-pki/journal-x/manifest.jsonl',
    manifestLine({ path: treePath(file), digest: digestOf(content) }) +
      manifestLine({ files: 1, removals: 0 }),
  );
  const planned = await repository.run(['plan']);
  t.deepEqual(
    [planned.status, planned.stdout, errorLine(planned)],
    [1, '', 'a run was cut off, or is at work, in the midst of its writes'],
  );
  const warning =
    /^cdk8s-pki: warning: a run was cut off, or is at work, in the midst of its writes/mu;
  for (const args of [['check'], ['kubeconfig', 'prod', '--break-glass']])
    t.regex((await repository.run(args)).stderr, warning, args.join(' '));
  t.deepEqual(await repository.run(['synth']), {
    ...NOTHING_TO_DO,
    stderr: 'finished the writes of a run that was cut off\n',
  });
  t.deepEqual(repository.files(), before);
  t.notRegex((await repository.run(['check'])).stderr, warning);
});

test('killed at any change, the next run has a whole tree without an identity', async (t) => {
  const repository = await made(t);
  const before = repository.files();
  const counter = repository.path('node_modules/count');
  const now = new Date(Date.now() + 86_400_000).toISOString();
  const LATER = ['synth', '--now', now];
  const whole = await repository.run(LATER, { as: alice, killAt: { count: counter } });
  t.is(whole.status, 0);
  const changes = changed(before, repository.files());
  t.true(changes.length >= 4);
  const count = Number(readFileSync(counter, 'utf8'));
  t.true(count > 30, `${count} changes`);
  const outcomes = new Set<string>();
  for (const part of [0.1, 0.5, 0.8, 0.85, 0.9, 0.95]) {
    repository.git('checkout', '--quiet', 'HEAD', '--', 'deploy', '.sops.yaml', '.gitattributes');
    const killAt = Math.round(part * count);
    const { signal } = await repository.run(LATER, { as: alice, killAt });
    t.is(signal, 'SIGKILL');
    const next = await repository.run(LATER);
    const files = repository.files();
    if (next.status === 0) {
      t.deepEqual(changed(before, files), changes);
      t.is((await repository.run(['plan', '--now', now])).status, 0);
      outcomes.add('finished');
    } else {
      t.is(errorLine(next), '1 action needs an identity of a custodian');
      t.deepEqual(files, before);
      outcomes.add('discarded');
    }
    t.deepEqual(left(repository), CLEAN);
  }
  t.deepEqual([...outcomes].sort(), ['discarded', 'finished']);
});

/** Leaves its process id behind and never ends. */
const LOOP = `import { writeFileSync } from 'node:fs';
writeFileSync('node_modules/pid', String(process.pid));
for (;;);`;

for (const [signal, command] of [
  ['SIGINT', 'synth'],
  ['SIGTERM', 'synth'],
  ['SIGINT', 'plan'],
] as const) {
  test(`${signal} while ${command} waits for the declaration ends both, by that signal`, async (t) => {
    const repository = new Repository(t, { 'clusters/main.js': LOOP });
    const file = repository.path('node_modules/pid');
    const result = await repository.interrupt(
      [command],
      signal,
      () => existsSync(file) && readFileSync(file, 'utf8') !== '',
    );
    t.deepEqual([result.signal, result.stdout, result.stderr], [signal, '', '']);
    t.deepEqual(left(repository), command === 'synth' ? CLEAN : []);
    const pid = Number(readFileSync(file, 'utf8'));
    await t.notThrowsAsync(ended(pid));
  });
}

/** Waits for a process that nobody here is the parent of. */
async function ended(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test('SIGTERM while files are staged leaves neither lock nor journal, nor half a tree', async (t) => {
  const clusters = Array.from({ length: 60 }, (_, index) => `c${index}`);
  const repository = new Repository(t, { 'clusters/main.js': main({ clusters }) });
  const state = repository.path('.cdk8s-pki');
  const { signal } = await repository.interrupt(
    ['synth'],
    'SIGTERM',
    () => existsSync(state) && readdirSync(state).some((name) => name.startsWith('journal-')),
  );
  t.deepEqual(left(repository), CLEAN);
  const isMade = existsSync(repository.path('deploy/c59/pki/web.sops.yaml'));
  t.is(existsSync(repository.path('deploy')), isMade);
  // A process that is in the midst of its renames ends after them.
  t.is(signal, isMade && signal === undefined ? undefined : 'SIGTERM');
});

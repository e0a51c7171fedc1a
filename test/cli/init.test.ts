import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import test, { type ExecutionContext } from 'ava';
import { execa, execaSync } from 'execa';
import { newPerson, Repository, type Result } from '../_helpers/run-cli.ts';

const PACKAGE = path.resolve(import.meta.dirname, '../..');
const TEMPLATES = path.join(PACKAGE, 'templates');

const COMMON = ['.gitattributes', '.gitignore', 'cdk8s.yaml', 'clusters/main.ts', 'package.json'];
const GITHUB = [
  ...['.gitattributes', '.github/CODEOWNERS', '.github/workflows/issue.yml'],
  ...['.github/workflows/renew.yml', '.github/workflows/report.yml'],
  ...['.github/workflows/verify.yml', '.gitignore', 'cdk8s.yaml', 'clusters/main.ts'],
  ...['package.json', 'tsconfig.json'],
];

/** A repository as a forge makes it: empty. */
function emptyRepository(t: ExecutionContext): Repository {
  const repository = new Repository(t);
  for (const file of ['.gitignore', 'package.json']) repository.remove(file);
  return repository;
}

const created = ({ stdout }: Result): string[] =>
  [...stdout.matchAll(/^created (.+)$/gmu)].map(([, file = '']) => file);

function template(folder: string, file: string): string {
  const name = file.replaceAll(/(^|\/)\./gu, '$1dot-');
  return readFileSync(path.join(TEMPLATES, folder, name), 'utf8');
}

test('init: writes what the package ships, as it stands', async (t) => {
  const repository = emptyRepository(t);
  const result = await repository.run(['init']);
  t.is(result.status, 0, result.stderr);
  t.deepEqual(created(result), GITHUB);
  t.deepEqual(Object.keys(repository.files()).sort(), GITHUB);
  for (const file of GITHUB.filter((name) => name !== 'package.json')) {
    const folder = file.startsWith('.github') ? 'github' : 'repository';
    t.is(repository.read(file), template(folder, file), file);
  }
});

test('init: package.json names the versions that this package is tested with', async (t) => {
  const repository = emptyRepository(t);
  await repository.run(['init']);
  const own = JSON.parse(readFileSync(path.join(PACKAGE, 'package.json'), 'utf8')) as Manifest;
  const { name, dependencies } = JSON.parse(repository.read('package.json')) as Manifest;
  t.regex(name, /^cdk8s-pki-test-[a-z0-9-]+$/u);
  t.deepEqual(dependencies, { ...own.peerDependencies, 'cdk8s-pki': `^${own.version}` });
});

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

test('init: without a recipient synth says where one belongs, and writes nothing', async (t) => {
  const repository = emptyRepository(t);
  t.regex((await repository.run(['init'])).stderr, /declare your age recipient in clusters\/main/u);
  const { status, stderr } = await repository.run(['synth']);
  t.is(status, 1);
  t.regex(stderr, /\[App\] recipients: "age1-your-recipient" is not an age recipient \(age1…\)/u);
  t.false('deploy/authorities.yaml' in repository.files());
});

test('init: declares who it is told, else the first identity that sops would find', async (t) => {
  const [alice, bob] = [await newPerson(), await newPerson()];
  const named = emptyRepository(t);
  const both = ['init', '--recipient', alice.recipient, '--recipient', bob.recipient];
  await named.run(both, { as: await newPerson() });
  t.true(named.read('clusters/main.ts').includes(`['${alice.recipient}', '${bob.recipient}']`));
  const found = emptyRepository(t);
  await found.run(['init'], {
    environment: { SOPS_AGE_KEY: `${alice.identity}\n${bob.identity}` },
  });
  t.true(found.read('clusters/main.ts').includes(`recipients: ['${alice.recipient}'],`));
});

test('init: what is no recipient is exit 2, and an identity in its place is not shown', async (t) => {
  const { identity, recipient } = await newPerson();
  for (const wrong of [identity, `${recipient}x`, "']; evil(); ['"]) {
    const repository = emptyRepository(t);
    const { status, stdout, stderr } = await repository.run(['init', '--recipient', wrong]);
    t.is(status, 2);
    t.regex(stderr, /error: --recipient: /u);
    t.false((stdout + stderr).includes(identity));
    t.deepEqual(repository.files(), {});
  }
});

const identityFile = 'node_modules/.config/sops/age/keys.txt'; // HOME of `run` is node_modules

test('init: makes an identity only when told: for its owner alone, and only the recipient is told', async (t) => {
  const repository = emptyRepository(t);
  const { status, stdout, stderr } = await repository.run(['init', '--identity']);
  t.is(status, 0, stderr);
  const [comment, identity = '', end] = repository.read(identityFile).split('\n');
  const recipient = /^recipient (age1[a-z0-9]+)$/mu.exec(stdout)?.[1] ?? 'none';
  t.is(comment, `# public key: ${recipient}`);
  t.regex(identity, /^AGE-SECRET-KEY-1[A-Z0-9]+$/u);
  t.is(end, '');
  t.is(statSync(repository.path(identityFile)).mode & 0o777, 0o600);
  t.is(statSync(path.dirname(repository.path(identityFile))).mode & 0o777, 0o700);
  t.false(`${stdout}${stderr}`.includes('SECRET'));
  t.false(JSON.stringify(repository.files()).includes(identity));
  t.true(repository.read('clusters/main.ts').includes(`['${recipient}']`));
});

test('init: an identity goes where XDG_CONFIG_HOME says, and nowhere without a home', async (t) => {
  const repository = emptyRepository(t);
  const none = await repository.run(['init', '--identity'], { environment: { HOME: '' } });
  t.is(none.status, 1);
  t.regex(none.stderr, /there is no folder that identities belong in \[ERR_IDENTITY\]/u);
  t.deepEqual(repository.files(), {});
  const XDG_CONFIG_HOME = repository.path('node_modules/xdg');
  await repository.run(['init', '--identity'], { environment: { XDG_CONFIG_HOME } });
  t.regex(repository.read('node_modules/xdg/sops/age/keys.txt'), /^AGE-SECRET-KEY-1/mu);
});

test('init: an identity that is there is never overwritten, and nothing is written', async (t) => {
  const repository = emptyRepository(t);
  repository.write(identityFile, 'mine');
  const { status, stderr } = await repository.run(['init', '--identity']);
  t.is(status, 1);
  t.regex(stderr, /keys\.txt" exists already; nothing was written \[ERR_WRITE\]/u);
  t.is(repository.read(identityFile), 'mine');
  t.deepEqual(repository.files(), {});
});

test('init: overwrites no file: it lists those that are there, and writes nothing', async (t) => {
  const repository = emptyRepository(t);
  repository.write('cdk8s.yaml', 'mine');
  repository.write('elsewhere/kept', '');
  symlinkSync('nowhere', repository.path('tsconfig.json'));
  symlinkSync('elsewhere', repository.path('.github'));
  const before = repository.files();
  const { status, stdout, stderr } = await repository.run(['init', '--identity']);
  t.deepEqual({ status, stdout }, { status: 1, stdout: '' });
  const lines = stderr.split('\n');
  t.is(lines[0], 'cdk8s-pki: error: 7 files exist already; nothing was written [ERR_WRITE]');
  t.deepEqual(
    lines.slice(1, 8).map((line) => line.replace('cdk8s-pki:   ', '')),
    [...GITHUB.filter((file) => file.startsWith('.github/')), 'cdk8s.yaml', 'tsconfig.json'],
  );
  t.deepEqual(repository.files(), before);
  t.deepEqual(readdirSync(repository.path('elsewhere')), ['kept']);
  t.false(readdirSync(repository.path('node_modules')).includes('.config'), 'no identity either');
});

test('init: where a file cannot be written, those before it go again', async (t) => {
  const repository = emptyRepository(t);
  mkdirSync(repository.path('clusters'), { mode: 0o555 });
  const { status, stderr } = await repository.run(['init', '--identity'], { isUnprivileged: true });
  t.is(status, 1);
  t.regex(
    stderr,
    /cannot write ".*clusters\/main\.ts": EACCES; nothing was written \[ERR_WRITE\]/u,
  );
  t.deepEqual(repository.files(), {});
  t.deepEqual(readdirSync(repository.root).sort(), ['.git', 'clusters', 'node_modules']);
  t.false(readdirSync(repository.path('node_modules')).includes('.config'));
});

test('init: below the root of a repository, where no forge would read its workflows, it is refused', async (t) => {
  const repository = emptyRepository(t);
  mkdirSync(repository.path('infra/pki'), { recursive: true });
  const { status, stdout, stderr } = await repository.run(['init', '--identity'], {
    folder: 'infra/pki',
  });
  t.deepEqual({ status, stdout }, { status: 2, stdout: '' });
  t.regex(stderr, /below the root of a repository.*nothing was written \[ERR_USAGE\]\n.*hint: /u);
  t.deepEqual(repository.files(), {});
  t.false(readdirSync(repository.path('node_modules')).includes('.config'));
});

test('init: infers the forge and the base branch from the remote', async (t) => {
  const gitlab = emptyRepository(t);
  gitlab.git('remote', 'add', 'origin', 'git@gitlab.example.com:platform/pki.git');
  t.deepEqual(created(await gitlab.run(['init'])), [
    ...['.gitattributes', '.gitignore', '.gitlab-ci.yml', '.gitlab/CODEOWNERS'],
    ...[...COMMON.slice(2), 'tsconfig.json'],
  ]);
  const gitea = emptyRepository(t);
  gitea.git('remote', 'add', 'origin', 'git@gitlab.example.com:platform/pki.git');
  gitea.git('symbolic-ref', 'refs/remotes/origin/HEAD', 'refs/remotes/origin/trunk');
  await gitea.run(['init', '--forge', 'gitea']);
  for (const name of ['issue', 'verify']) {
    const workflow = gitea.read(`.gitea/workflows/${name}.yml`);
    t.regex(workflow, /^ {4}branches: \[trunk\]$/mu);
    t.is(workflow.replace('[trunk]', '[main]'), template('gitea', `.gitea/workflows/${name}.yml`));
  }
});

/** The package as npm would install it: the files of its tarball, and its dependencies beside it. */
function installPacked(t: ExecutionContext, repository: Repository): void {
  const folder = mkdtempSync(path.join(tmpdir(), 'cdk8s-pki-packed-'));
  t.teardown(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  // without scripts: a build would disturb the tests beside this one
  execaSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], {
    cwd: PACKAGE,
  });
  const [tarball = ''] = readdirSync(folder);
  const modules = repository.path('node_modules');
  rmSync(modules, { recursive: true });
  mkdirSync(path.join(modules, '.bin'), { recursive: true });
  execaSync('tar', ['-xzf', path.join(folder, tarball), '-C', modules]);
  execaSync('mv', [path.join(modules, 'package'), path.join(modules, 'cdk8s-pki')]);
  for (const name of readdirSync(path.join(PACKAGE, 'node_modules'))) {
    if (name.startsWith('.')) continue;
    symlinkSync(path.join(PACKAGE, 'node_modules', name), path.join(modules, name));
  }
  symlinkSync('../cdk8s-pki/dist/cli.js', path.join(modules, '.bin/cdk8s-pki'));
  execaSync('chmod', ['+x', path.join(modules, 'cdk8s-pki/dist/cli.js')]);
}

test('init: with the packed package, the next commands just work', async (t) => {
  const repository = emptyRepository(t);
  installPacked(t, repository);
  const npx = async (...args: string[]): Promise<{ exitCode: number | undefined; all: string }> => {
    const { exitCode, all } = await execa('npx', ['--offline', 'cdk8s-pki', ...args], {
      cwd: repository.root,
      env: { PATH: process.env['PATH'] ?? '', HOME: repository.path('node_modules') },
      extendEnv: false,
      reject: false,
      all: true,
    });
    return { exitCode, all };
  };
  const run = async (status: number, ...args: string[]): Promise<string> => {
    const { exitCode, all } = await npx(...args);
    t.is(exitCode, status, all);
    return all;
  };
  t.regex(await run(0, 'init', '--identity'), /^ {2}npx cdk8s-pki plan$/mu);
  t.regex(await run(3, 'plan'), /^issue prod\/cp-1: /mu);
  t.regex(await run(0, 'synth'), /1 cluster is as declared/u);
  repository.commit();
  t.regex(await run(0, 'check'), /all ok/u);
  t.regex(await run(0, 'plan'), /^nothing to do: 1 cluster is as declared/mu);
  t.regex(await run(0, 'diff', 'HEAD'), /^## PKI: nothing differs$/mu);
  t.is(repository.git('status', '--porcelain'), '', 'all else is ignored by git');
  const tsc = path.join(PACKAGE, 'node_modules/typescript/bin/tsc');
  const types = await execa(process.execPath, [tsc], { cwd: repository.root, reject: false });
  t.is(types.exitCode, 0, types.stdout);
});

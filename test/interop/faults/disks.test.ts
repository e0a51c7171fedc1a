import { mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { execa } from 'execa';
import type { ExecutionContext } from 'ava';
import { declaration } from '../../_helpers/declaration.ts';
import { newPerson, Repository } from '../../_helpers/run-cli.ts';
import { toolTest } from '../../_helpers/tool-test.ts';
import { toolPath } from '../../_helpers/tools.ts';
import { checkGeneration, treeOf } from './_kills.ts';

const PROGRAM = path.resolve(import.meta.dirname, '../../../dist/cli.js');
const mountTest = toolTest(['unshare', 'strace'], { root: true, serial: true });
const alice = await newPerson();
const main = (sans: string): string => declaration({ recipients: [alice.recipient], sans: [sans] });

/** A committed tree, and a declaration that changes it. */
async function made(t: ExecutionContext): Promise<Repository> {
  const repository = new Repository(t, { 'clusters/main.ts': main('a.example.com') });
  const { status, stderr } = await repository.run(['synth', '--now', '2026-11-22T08:00:00Z']);
  if (status !== 0) throw new Error(stderr);
  repository.commit();
  repository.write('clusters/main.ts', main('b.example.com'));
  return repository;
}

/** Runs a shell script in a mount namespace of its own; `$synth` is the command. */
async function mounted(repository: Repository, script: string) {
  const { exitCode, stderr, stdout } = await execa(
    toolPath('unshare'),
    ['-m', 'sh', '-c', script],
    {
      cwd: repository.root,
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: '/nonexistent',
        GIT_DISCOVERY_ACROSS_FILESYSTEM: '1',
        SOPS_AGE_KEY: alice.identity,
        synth: `${process.execPath} ${PROGRAM} synth --now 2026-11-25T08:00:00Z`,
        strace: toolPath('strace'),
      },
      extendEnv: false,
      reject: false,
    },
  );
  return { status: exitCode, stdout, stderr };
}

for (const [what, folder] of [
  ['the repository', '.'],
  ['the tree', 'deploy'],
  ['a folder of the tree', 'deploy/prod/pki'],
] as const) {
  mountTest(`read-only: ${what} is left as it was, with a reason`, async (t) => {
    const repository = await made(t);
    const before = repository.files();
    const script = `mount --bind ${folder} ${folder} && mount -o remount,ro,bind ${folder} && cd "$PWD" && $synth`;
    const { status, stderr } = await mounted(repository, script);
    t.is(status, 1);
    t.regex(stderr, /^cdk8s-pki: error: .*EROFS.*nothing was written \[ERR_[A-Z_]+\]\n/u);
    t.deepEqual(repository.files(), before);
  });
}

mountTest(
  'another file system: a tree that is a mount is written, and nothing stray is left',
  async (t) => {
    const repository = await made(t);
    const script = `cp -a deploy node_modules/deploy && mount -t tmpfs tmpfs deploy && cp -a node_modules/deploy/. deploy/ &&
$synth && rm -r node_modules/deploy && cp -a deploy node_modules/deploy`;
    const { status, stderr } = await mounted(repository, script);
    t.is(status, 0, stderr);
    rmSync(repository.path('deploy'), { recursive: true });
    renameSync(repository.path('node_modules/deploy'), repository.path('deploy'));
    const tree = treeOf(repository);
    t.deepEqual(
      Object.keys(tree).filter((file) => file.endsWith('.cdk8s-pki')),
      [],
    );
    await checkGeneration(t, tree, alice);
    t.is((await repository.run(['plan', '--now', '2026-11-25T08:00:00Z'])).status, 0);
  },
);

mountTest('another file system: killed at each rename, the next run finishes it', async (t) => {
  const repository = await made(t);
  const script = `cp -a deploy node_modules/old && mount -t tmpfs tmpfs deploy
for n in 2 3 4 5 6 7 8; do
  rm -rf deploy/* .cdk8s-pki && cp -a node_modules/old/. deploy/
  $strace -o /dev/null -e trace=rename -e inject=rename:signal=SIGKILL:when=$n $synth > /dev/null
  ls .cdk8s-pki >> node_modules/seen
  SOPS_AGE_KEY= $synth > /dev/null || { echo "not finished at $n"; exit 9; }
  find deploy -name '.*' | grep . && exit 8
done
true`;
  const { status, stdout, stderr } = await mounted(repository, script);
  t.is(status, 0, `${stdout}${stderr}`);
  t.regex(readFileSync(repository.path('node_modules/seen'), 'utf8'), /journal-/u);
});

mountTest(
  'a full disk: at any size of it, the tree is the one before or a whole new one',
  async (t) => {
    const repository = new Repository(t, { 'clusters/main.ts': main('a.example.com') });
    mkdirSync(repository.path('node_modules/out'));
    // Files take a page each: the tree has nine, the journal as many and a manifest.
    const sizes = Array.from({ length: 12 }, (_, index) => 8 + 8 * index);
    const script = `out=$PWD/node_modules/out; here=$PWD; mkdir -p node_modules/disk
for size in ${sizes.join(' ')}; do
  mount -t tmpfs -o size=\${size}k tmpfs node_modules/disk && cd node_modules/disk
  ln -s "$here/node_modules" node_modules; ln -s "$here/clusters" clusters
  $synth > $out/$size.stdout 2> $out/$size.stderr; echo $? > $out/$size.status
  find deploy .sops.yaml .gitattributes -type f 2> /dev/null | wc -l > $out/$size.files
  ls .cdk8s-pki > $out/$size.left 2> /dev/null
  cd "$here" && umount node_modules/disk
done`;
    const { status, stderr } = await mounted(repository, script);
    t.is(status, 0, stderr);
    const seen = new Set<string>();
    for (const size of sizes) {
      const read = (name: string): string =>
        readFileSync(repository.path(`node_modules/out/${size}.${name}`), 'utf8').trim();
      seen.add(read('status'));
      t.is(read('left'), '', `${size} KiB leave neither lock nor journal`);
      t.is(read('files'), read('status') === '0' ? '9' : '0', `${size} KiB: ${read('stderr')}`);
      if (read('status') !== '0') t.regex(read('stderr'), /ENOSPC.*nothing was written/u);
    }
    t.deepEqual([...seen].sort(), ['0', '1']);
  },
);

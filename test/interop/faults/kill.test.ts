import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import type { ExecutionContext } from 'ava';
import { execa } from 'execa';
import { declaration } from '../../_helpers/declaration.ts';
import { APP, newPerson, Repository } from '../../_helpers/run-cli.ts';
import { toolTest } from '../../_helpers/tool-test.ts';
import { toolPath } from '../../_helpers/tools.ts';
import { checkGeneration, decided, numbers, recoverCopy, treeOf, type Files } from './_kills.ts';

const PROGRAM = path.resolve(import.meta.dirname, '../../../dist/cli.js');
const DAY = 86_400_000;
const START = Date.parse('2026-11-22T08:00:00Z');
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const alice = await newPerson();
const toolsTest = toolTest(['sops', 'strace'], { serial: true });

/** Two declarations that differ in SANs, a leaf and its Secret: a change updates, creates or deletes files. */
function version(number: number, clusters: readonly string[]): string {
  const extra =
    number % 2 === 0
      ? ''
      : `
const more = new pki.Certificate(c0, 'more', { issuer: c0Ca, profile: 'server', dnsNames: ['m.example.com'] });
new pki.TlsSecret(c0, 'more-tls', { certificate: more });`;
  const sans = [`v${number}.example.com`];
  return declaration({ recipients: [alice.recipient], clusters, sans, extra });
}

interface Chain {
  readonly kills: number;
  readonly clusters: number;
  /** Each run has a tree to change; otherwise each makes a new one. */
  readonly changes: boolean;
}

/**
 * Kills one run after the other. Each begins with what the one before it left, so it recovers first, and is killed while it does
 * that or later. After each kill the tree is one of two, byte for byte: the one before, or the one that the killed run decided on.
 */
async function killAll(
  t: ExecutionContext,
  { kills, clusters, changes }: Chain,
  salt: number,
): Promise<{ before: number; decided: number }> {
  const random = numbers(seed + salt);
  const names = Array.from({ length: clusters }, (_, index) => `c${index}`);
  const repository = new Repository(t, { [APP]: version(0, names) });
  repository.commit();
  const count = repository.path('node_modules/count');
  let day = 0;
  const args = (): string[] => {
    const now = new Date(START + day * DAY).toISOString();
    return ['synth', '--app', APP, '--now', now];
  };
  const first = await repository.run(args(), { killAt: { count } });
  if (first.status !== 0) throw new Error(first.stderr);
  const wipe = (): void => {
    for (const name of ['deploy', '.cdk8s-pki', '.sops.yaml', '.gitattributes'])
      rmSync(repository.path(name), { recursive: true, force: true });
  };
  let tree: Files = treeOf(repository);
  if (!changes) {
    wipe();
    tree = {};
  }
  const most = Number(readFileSync(count, 'utf8'));
  const outcomes = { killed: 0, before: 0, decided: 0, whole: 0 };
  for (let run = 1; outcomes.killed < kills; run += 1) {
    if (run > 3 * kills) throw new Error(`only ${outcomes.killed} of ${run} runs were killed`);
    day += 1;
    if (changes) repository.write(APP, version(run, names));
    const wasKilled = await killOnce(repository, args(), random, most);
    const after = decided(t, repository, tree);
    if (wasKilled) {
      outcomes.killed += 1;
      const isNew = JSON.stringify(after) !== JSON.stringify(tree);
      outcomes[isNew ? 'decided' : 'before'] += 1;
      recoverCopy(t, repository, after);
      if (isNew) await checkGeneration(t, after, alice);
      tree = after;
    } else {
      outcomes.whole += 1;
      tree = treeOf(repository);
      await checkGeneration(t, tree, alice);
    }
    if (run % 80 === 0) await checkWhole(t, repository, args(), tree);
    if (run % 80 === 0) tree = treeOf(repository);
    if (!changes && Object.keys(tree).length > 0) {
      wipe();
      tree = {};
    }
  }
  day += 1;
  await checkWhole(t, repository, args(), tree);
  t.log(`seed ${seed}, ${clusters} clusters: ${JSON.stringify(outcomes)}`);
  return outcomes;
}

/** At a change of a file that the seed says; one in sixteen at a system call, one in twelve at an instant. */
async function killOnce(
  repository: Repository,
  args: readonly string[],
  random: (limit: number) => number,
  most: number,
): Promise<boolean> {
  const way = random(48);
  if (way < 3) return killAtCall(repository, args, random);
  if (way < 7) {
    const { signal } = await repository.kill(args, 300 + random(900), { as: alice });
    return signal === 'SIGKILL';
  }
  // Half of them where files are put into place: that takes the fewest calls.
  const from = random(2) * Math.floor(most / 2);
  const killAt = 1 + from + random(most - from);
  const { signal, status, stderr } = await repository.run(args, { as: alice, killAt });
  if (signal !== 'SIGKILL' && status !== 0) throw new Error(stderr);
  return signal === 'SIGKILL';
}

/** The kernel's view of a change, with how often it comes before the first one of ours. */
const CALLS = ['rename', 'mkdir', 'unlink', 'fsync', 'rmdir'] as const;

async function killAtCall(
  repository: Repository,
  args: readonly string[],
  random: (limit: number) => number,
): Promise<boolean> {
  const call = CALLS[random(CALLS.length)] ?? 'rename';
  const limit = call === 'rename' || call === 'mkdir' ? 9 : 2;
  const inject = `inject=${call}:signal=SIGKILL:when=${1 + random(limit)}`;
  const { signal, exitCode } = await execa(
    toolPath('strace'),
    ['-o', '/dev/null', '-e', `trace=${call}`, '-e', inject, process.execPath, PROGRAM, ...args],
    {
      cwd: repository.root,
      env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', SOPS_AGE_KEY: alice.identity },
      extendEnv: false,
      reject: false,
    },
  );
  if (signal === undefined && exitCode !== 0 && exitCode !== 137) throw new Error('strace failed');
  return signal === 'SIGKILL' || exitCode === 137;
}

/** A whole run from here: nothing to repair, nothing stray, and the real sops opens every file. */
async function checkWhole(
  t: ExecutionContext,
  repository: Repository,
  args: readonly string[],
  tree: Files,
): Promise<void> {
  const without = await repository.run(args);
  if (without.status !== 0) {
    t.regex(without.stderr, /an identity of a custodian/u);
    t.deepEqual(treeOf(repository), tree, 'without an identity it is recovered, no more');
  }
  const done = await repository.run(args, { as: alice });
  t.is(done.status, 0, done.stderr);
  const whole = treeOf(repository);
  await checkGeneration(t, whole, alice);
  t.is((await repository.run(['plan', ...args.slice(1)])).status, 0);
  t.is((await repository.run(args)).stdout.startsWith('nothing to do'), true);
  t.deepEqual(treeOf(repository), whole);
  const strays = repository.git('status', '--porcelain', '--untracked-files=all').split('\n');
  const known = new Set([...Object.keys(whole), APP]);
  t.deepEqual(
    strays.filter((line) => line !== '' && !known.has(line.slice(3))),
    [],
  );
  for (const file of Object.keys(whole)
    .filter((name) => name.endsWith('.sops.yaml'))
    .slice(0, 12)) {
    if (file === '.sops.yaml') continue;
    const { exitCode } = await execa(toolPath('sops'), ['decrypt', file], {
      cwd: repository.root,
      env: { SOPS_AGE_KEY: alice.identity },
      reject: false,
    });
    t.is(exitCode, 0, `sops decrypt ${file}`);
  }
}

toolsTest(
  'killed at 500 points, the next run has the tree before or the one decided',
  async (t) => {
    t.timeout(3_600_000);
    const factor = Number(process.env['KILLS'] ?? 500) / 500;
    const kills = (count: number): number => Math.ceil(count * factor);
    const small = await Promise.all([
      killAll(t, { kills: kills(245), clusters: 1, changes: true }, 1),
      killAll(t, { kills: kills(235), clusters: 1, changes: false }, 2),
    ]);
    await Promise.all([
      killAll(t, { kills: kills(14), clusters: 40, changes: true }, 3),
      killAll(t, { kills: kills(6), clusters: 60, changes: false }, 4),
    ]);
    for (const { before, decided: after } of small)
      t.true(before > 0 && after > 0, 'both are seen');
  },
);

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import test, { type ExecutionContext } from 'ava';
import { execaSync } from 'execa';
import { observeStages } from '../../../../src/observe/source/stages.ts';

const FILE = 'deploy/prod/pki/ca/keyset.yaml';
const [OLD, NEW] = ['0123456789abcdef', 'fedcba9876543210'];

const day = (number: number): string => `2026-01-${String(number).padStart(2, '0')}T00:00:00Z`;

const STANDINGS = {
  steady: [[OLD, 'issuing']],
  accepted: [
    [OLD, 'issuing'],
    [NEW, 'incoming'],
  ],
  issued: [
    [NEW, 'issuing'],
    [OLD, 'outgoing'],
  ],
  retired: [[NEW, 'issuing']],
} as const;

/** A repository whose stages are committed on given days. */
class History {
  readonly #root = mkdtempSync(path.join(tmpdir(), 'cdk8s-pki-test-'));

  constructor(t: ExecutionContext) {
    t.teardown(() => {
      rmSync(this.#root, { recursive: true, force: true });
    });
    mkdirSync(path.dirname(path.join(this.#root, FILE)), { recursive: true });
    this.git('init', '-q', '-b', 'main');
    this.stage('steady', 1, 1);
    this.stage('accepted', 2, 2);
  }

  git(...args: readonly string[]): string {
    return this.on(1, ...args);
  }

  /** With the committer's clock on a day of January. */
  on(number: number, ...args: readonly string[]): string {
    const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@example.com'];
    return execaSync('git', [...identity, ...args], {
      cwd: this.#root,
      env: {
        PATH: process.env['PATH'] ?? '',
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_CONFIG_SYSTEM: '/dev/null',
        GIT_COMMITTER_DATE: day(number),
      },
      extendEnv: false,
    }).stdout;
  }

  stage(standing: keyof typeof STANDINGS, revision: number, number: number): void {
    const entries = STANDINGS[standing].map(
      ([id, state]) => `  - id: ${id}\n    state: ${state}\n`,
    );
    const text = `revision: ${revision}\nentries:\n${entries.join('')}signature: s${revision}\n`;
    writeFileSync(path.join(this.#root, FILE), text);
    this.git('add', '-A');
    this.on(number, 'commit', '-q', '-m', standing);
  }

  unrelated(number: number): void {
    writeFileSync(path.join(this.#root, 'README.md'), `${number}\n`);
    this.git('add', '-A');
    this.on(number, 'commit', '-q', '-m', 'unrelated');
  }

  async observed() {
    const [stage] = (await observeStages(this.#root, 'deploy', true)).values();
    if (stage === undefined) throw new Error('no rotation is under way');
    const { since, takenBack, retired } = stage;
    return {
      day: since.toISOString().replace('.000', ''),
      ...(takenBack === undefined ? {} : { takenBack }),
      ...(retired === undefined ? {} : { retired }),
    };
  }
}

test('observeStages: a merge brings a stage at its own date, whatever the branch is of', async (t) => {
  const history = new History(t);
  history.git('checkout', '-q', '-b', 'feature');
  history.stage('issued', 3, 4);
  history.git('checkout', '-q', 'main');
  history.on(9, 'merge', '-q', '--no-ff', '-m', 'merge', 'feature');
  t.deepEqual(await history.observed(), { day: day(9) });
});

test('observeStages: a branch that takes the base in does not make a stage younger', async (t) => {
  const history = new History(t);
  history.git('checkout', '-q', '-b', 'feature', 'HEAD~1');
  history.unrelated(3);
  history.on(5, 'merge', '-q', '--no-ff', '-m', 'take main in', 'main');
  history.git('checkout', '-q', 'main');
  history.on(9, 'merge', '-q', '--no-ff', '-m', 'merge', 'feature');
  t.deepEqual(await history.observed(), { day: day(2) });
});

test('observeStages: a fast-forward to a branch that took the base in hides neither what was taken back nor its date', async (t) => {
  const history = new History(t);
  history.git('checkout', '-q', '-b', 'feature');
  history.unrelated(3);
  history.git('checkout', '-q', 'main');
  history.stage('issued', 3, 4);
  history.on(6, 'revert', '--no-edit', 'HEAD');
  t.deepEqual(await history.observed(), { day: day(6), takenBack: 3 });
  history.git('checkout', '-q', 'feature');
  history.on(7, 'merge', '-q', '-m', 'take main in', 'main');
  history.git('checkout', '-q', 'main');
  history.git('merge', '-q', '--ff-only', 'feature');
  t.deepEqual(await history.observed(), { day: day(6), takenBack: 3 });
});

test('observeStages: a retirement that a merge left out is one that was there', async (t) => {
  const history = new History(t);
  history.stage('issued', 3, 4);
  history.git('checkout', '-q', '-b', 'feature');
  history.stage('retired', 4, 6);
  history.git('checkout', '-q', 'main');
  history.unrelated(7);
  history.on(8, 'merge', '-q', '-s', 'ours', '-m', 'not that', 'feature');
  t.deepEqual(await history.observed(), { day: day(6), retired: 4 });
});

test('observeStages: what came before a stage does not make it younger, whatever its clock was', async (t) => {
  const history = new History(t);
  history.stage('issued', 3, 9);
  history.stage('accepted', 4, 3);
  t.is((await history.observed()).day, day(3));
});

import { readFileSync } from 'node:fs';
import process from 'node:process';
import test, { type ExecutionContext } from 'ava';
import { APP, newPerson, Repository, type Result } from '../../_helpers/run-cli.ts';
import { decided, numbers, recoverCopy, treeOf, type Files } from './_kills.ts';
import { checkStore, commandsFor, declarationFor, KEYSETS, standingOf } from './_rotations.ts';

const alice = await newPerson();
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

/** Of each command; with SLOW=1 at every change of a file. */
const KILLS = process.env['SLOW'] === '1' ? Infinity : 2;
const START = Date.parse('2026-11-22T08:00:00Z');
const DAYS = 86_400_000;
/** Between two commands: each stage has soaked, and what it signed outside of the tree is over. */
const STEP = 3 * DAYS;

/** Of the changes of a run: before it files are staged, more or less, and after it they are put into place. */
const DECISION = 0.7;

/** Points from 1 to `most`: a random one in each of as many parts as there are kills, half of which begin where it is decided. */
function sampled(most: number, random: (limit: number) => number): number[] {
  if (KILLS >= most) return Array.from({ length: most }, (_, index) => index + 1);
  const edge = (part: number): number => {
    const beyond = Math.max(0, 2 * part - KILLS) / KILLS;
    const share = Math.min(1, (2 * part) / KILLS) * DECISION + beyond * (1 - DECISION);
    return Math.floor(share * most);
  };
  return Array.from(
    { length: KILLS },
    (_, part) => 1 + edge(part) + random(edge(part + 1) - edge(part)),
  );
}

/** One command, from a tree that is committed. */
class Command {
  readonly #t: ExecutionContext;
  readonly #repository: Repository;
  readonly #args: readonly string[];
  readonly #before: Files;
  /** What a whole run makes of it. */
  #whole: unknown = undefined;

  constructor(t: ExecutionContext, repository: Repository, args: readonly string[]) {
    this.#t = t;
    this.#repository = repository;
    this.#args = args;
    this.#before = treeOf(repository);
  }

  /** A run that nobody kills; gives how often it changes a file. */
  async whole(): Promise<number> {
    const count = this.#repository.path('node_modules/count');
    const { status, stderr } = await this.#repository.run(this.#args, {
      as: alice,
      killAt: { count },
    });
    this.#t.is(status, 0, `${this.#args.join(' ')}: ${stderr}`);
    this.#whole = this.#standing();
    this.#t.notDeepEqual(this.#whole, standingOf(this.#before, this.#before), this.#args.join(' '));
    this.#reset();
    return Number(readFileSync(count, 'utf8'));
  }

  /**
   * A run that is killed. Whoever comes next has the tree from before, byte for byte, or the whole of the one that was decided: with every
   * private key in it, and nobody's identity.
   *
   * @returns whether it had decided
   */
  async killed(killAt: number): Promise<boolean> {
    this.#reset();
    const { signal } = await this.#repository.run(this.#args, { as: alice, killAt });
    this.#t.is(signal, 'SIGKILL', `${this.#args.join(' ')} at ${killAt}`);
    const after = decided(this.#t, this.#repository, this.#before);
    recoverCopy(this.#t, this.#repository, after);
    const isDecided = JSON.stringify(after) !== JSON.stringify(this.#before);
    if (isDecided) {
      this.#t.deepEqual(standingOf(after, this.#before), this.#whole, 'the whole of it');
      await checkStore(this.#t, after, alice);
    }
    return isDecided;
  }

  /** After a kill, somebody without an identity: the tree is whole, and as declared. */
  async synth(): Promise<void> {
    const expected = decided(this.#t, this.#repository, this.#before);
    const { status, stderr } = await this.#repository.run(['synth', ...this.#args.slice(-2)]);
    this.#t.is(status, 0, stderr);
    this.#t.deepEqual(treeOf(this.#repository), expected);
  }

  /** After a kill, the same command: what had not decided is done now, the rest is done once, or said to be done. */
  async again(isDecided: boolean): Promise<Result> {
    const expected = decided(this.#t, this.#repository, this.#before);
    const result = await this.#repository.run(this.#args, { as: alice });
    const found = treeOf(this.#repository);
    if (isDecided && this.#args[0] !== 'revoke') {
      this.#t.is(result.status, 1, `${this.#args.join(' ')} does it once more`);
      this.#t.regex(result.stderr, / \[ERR_ROTATION\]\n/u);
      this.#t.deepEqual(found, expected);
    } else {
      this.#t.is(result.status, 0, result.stderr);
      if (!isDecided && this.#whole !== undefined) this.#t.deepEqual(this.#standing(), this.#whole);
      await checkStore(this.#t, found, alice);
    }
    return result;
  }

  #standing(): unknown {
    return standingOf(treeOf(this.#repository), this.#before);
  }

  #reset(): void {
    this.#repository.git('reset', '-q', '--hard');
    this.#repository.git('clean', '-fdqx', '-e', 'node_modules');
  }
}

for (const [salt, keyset] of (Object.keys(KEYSETS) as (keyof typeof KEYSETS)[]).entries())
  test(`killed in any stage of a rotation of ${keyset}, on its way back, in a replacement, a reissue or a revocation, the next run has the tree before or the whole one, and every key`, async (t) => {
    t.timeout(3_600_000);
    t.log(`seed ${seed}`);
    const random = numbers(seed + salt);
    const repository = new Repository(t, { [APP]: declarationFor(alice.recipient) });
    let now = START;
    const date = (): string => new Date(now).toISOString();
    const made = await repository.run(['synth', '--now', date()]);
    t.is(made.status, 0, made.stderr);
    repository.commit('synth', date());
    const outcomes = { before: 0, decided: 0 };
    for (const { args, isPrelude } of commandsFor(keyset)) {
      now += STEP;
      const command = new Command(t, repository, [...args, '--now', date()]);
      const points = isPrelude ? [] : sampled(await command.whole(), random);
      if (isPrelude) await command.again(false);
      let seen = 0;
      for (const [index, point] of points.entries()) {
        const isDecided = await command.killed(point);
        outcomes[isDecided ? 'decided' : 'before'] += 1;
        if (isDecided) seen += 1;
        // what a command that was killed has left is what the next one begins with
        const isLast = index === points.length - 1;
        if (isDecided && seen > 1) await command.synth();
        else if (isDecided || isLast || random(4) === 0) await command.again(isDecided);
      }
      repository.commit(args.join(' '), date());
    }
    t.log(JSON.stringify(outcomes));
    t.true(outcomes.before > 0 && outcomes.decided > 0, 'both are seen');
  });

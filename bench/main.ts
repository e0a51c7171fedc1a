/**
 * `npm run bench`: the budgets of the product against kubeadm and sops, taken in turns on this machine, into `docs/benchmarks.md`.
 * `--quick` leaves out the largest fleet and repeats less; `--print` writes no file.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { BenchFleet, newFolder } from './fleet.ts';
import { floor, type Counts } from './floor.ts';
import { median, type Measured } from './measure.ts';
import { nodeLines, type NodeLine } from './nodes.ts';
import { Peer } from './peer.ts';
import { shares, type Share } from './profile.ts';
import { markdown, type Budget, type Growth, type NodeRuns } from './report.ts';

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean' }, print: { type: 'boolean' } },
});
const ROUNDS = options.quick === true ? 2 : 5;
const SIZES = options.quick === true ? [100, 1000] : [100, 1000, 10_000];
const FLEET = 1000;
/** Peers are short: several runs of them stand beside one of a fleet. */
const PEER_RUNS = 3;

const note = (text: string): void => void process.stderr.write(`bench: ${text}\n`);

const LINES = nodeLines();

/** Seconds of the program, by one Node. */
interface Own {
  readonly fresh: number;
  readonly nothing: number;
  readonly check: number;
  readonly freshOne: number;
  readonly checkOne: number;
}

interface Round {
  readonly pair: number;
  readonly expiration: number;
  /** In the order of the Nodes. */
  readonly own: readonly Own[];
}

async function seconds(run: Promise<Measured>): Promise<number> {
  return (await run).seconds;
}

async function repeat(times: number, run: () => Promise<number>): Promise<number> {
  const results: number[] = [];
  for (let index = 0; index < times; index += 1) results.push(await run());
  return median(results);
}

async function takeTurns(): Promise<Round[]> {
  const [many, one, peer, plain] = [
    await BenchFleet.create(FLEET),
    await BenchFleet.create(1),
    await Peer.create(),
    await Peer.create(),
  ];
  const rounds: Round[] = [];
  await plain.makePlain();
  for (let index = 1; index <= ROUNDS; index += 1) {
    note(`round ${index} of ${ROUNDS}`);
    const own: Own[] = [];
    const pair = await repeat(PEER_RUNS, () => peer.make());
    for (const line of LINES) own.push(await runOwn(line, many, one));
    const expiration = await repeat(PEER_RUNS, () => plain.check());
    rounds.push({ pair, expiration, own });
  }
  for (const made of [many, one, peer, plain]) made.remove();
  return rounds;
}

async function runOwn(line: NodeLine, many: BenchFleet, one: BenchFleet): Promise<Own> {
  many.clear();
  one.clear();
  return {
    fresh: await seconds(many.run(line, ['synth'])),
    nothing: await seconds(many.run(line, ['synth'])),
    check: await seconds(many.run(line, ['check'])),
    freshOne: await seconds(one.run(line, ['synth'])),
    checkOne: await repeat(PEER_RUNS, () => seconds(one.run(line, ['check']))),
  };
}

/** By the Node at a place. */
function budgetsOf(rounds: readonly Round[], place: number): Budget[] {
  const turns = rounds.flatMap(({ own, ...peers }) => {
    const mine = own[place];
    return mine === undefined ? [] : [{ ...peers, ...mine }];
  });
  const of = (value: (turn: (typeof turns)[number]) => number): number => median(turns.map(value));
  const times = (ratio: number): string => `${ratio.toFixed(0)} ×`;
  const fresh = of(({ pair, fresh }) => pair / (fresh / FLEET));
  const nothing = of(({ pair, nothing }) => pair / (nothing / FLEET));
  const check = of(({ expiration, check }) => expiration / (check / FLEET));
  const difference = of(({ pair, freshOne }) => freshOne - pair);
  const checkOne = of((turn) => turn.checkOne);
  return [
    {
      work: `fresh synth, ${FLEET} clusters, against the pair`,
      budget: '≥ 30 ×',
      measured: times(fresh),
      isMet: fresh >= 30,
    },
    {
      work: 'fresh synth, one cluster, whole process, against the pair',
      budget: '≤ + 0.5 s',
      measured: `${difference > 0 ? '+' : '−'} ${Math.abs(difference).toFixed(2)} s`,
      isMet: difference <= 0.5,
    },
    {
      work: `synth with nothing to do, ${FLEET} clusters, against the pair`,
      budget: '≥ 60 ×',
      measured: times(nothing),
      isMet: nothing >= 60,
    },
    {
      work: `check, ${FLEET} clusters, against \`kubeadm certs check-expiration\``,
      budget: '≥ 5 ×',
      measured: times(check),
      isMet: check >= 5,
    },
    {
      work: 'check, one cluster, whole process',
      budget: '≤ 0.25 s',
      measured: `${checkOne.toFixed(2)} s`,
      isMet: checkOne <= 0.25,
    },
  ];
}

async function grow(line: NodeLine): Promise<Growth[]> {
  const rows: Growth[] = [];
  for (const clusters of SIZES) {
    note(`${clusters} clusters, Node ${line.version}`);
    const fleet = await BenchFleet.create(clusters);
    rows.push({
      clusters,
      fresh: await fleet.run(line, ['synth']),
      nothing: await fleet.run(line, ['synth']),
      check: await fleet.run(line, ['check']),
    });
    fleet.remove();
  }
  return rows;
}

function growthBudgets(growth: readonly Growth[]): Budget[] {
  const largest = growth.at(-1);
  const runs = largest === undefined ? [] : [largest.fresh, largest.nothing, largest.check];
  const peak = Math.max(...runs.map(({ peakMemory }) => peakMemory));
  const perCluster = (row: Growth | undefined): number =>
    row === undefined ? Number.NaN : row.nothing.seconds / row.clusters;
  const slope = perCluster(largest) / perCluster(growth.at(-2));
  return [
    {
      work: `peak memory, ${largest?.clusters ?? 0} clusters`,
      budget: '≤ 512 MiB',
      measured: `${peak.toFixed(0)} MiB`,
      isMet: peak <= 512,
    },
    {
      work: `growth: a cluster of ${largest?.clusters ?? 0} against one of ${growth.at(-2)?.clusters ?? 0}`,
      budget: 'linear',
      measured: `${slope.toFixed(2)} × the time`,
      isMet: slope <= 1.25,
    },
  ];
}

/** Fresh and with nothing to do, profiled. */
async function profiled(line: NodeLine): Promise<readonly [Share[], Share[]]> {
  note('profiles');
  const fleet = await BenchFleet.create(SIZES[0] ?? 100);
  const profile = async (): Promise<Share[]> => {
    const folder = newFolder('profile');
    await fleet.run(line, ['synth'], ['--cpu-prof', `--cpu-prof-dir=${folder}`]);
    const result = shares(folder);
    rmSync(folder, { recursive: true, force: true });
    return result;
  };
  const result = [await profile(), await profile()] as const;
  fleet.remove();
  return result;
}

/** How often a fresh one-node cluster does what the floor is made of, counted in its tree. */
async function countOperations(line: NodeLine): Promise<Counts> {
  const fleet = await BenchFleet.create(1);
  await fleet.run(line, ['synth']);
  const tree = path.join(fleet.root, 'deploy');
  const texts = readdirSync(tree, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(path.join(entry.parentPath, entry.name), 'utf8'));
  fleet.remove();
  const store = texts.filter((text) => text.includes('apiVersion: cdk8s-pki/v1'));
  const encrypted = texts.filter((text) => /^\s*(?:- )?"?enc"?:/mu.test(text));
  return {
    keys: store.filter((text) => text.includes('privateKey:')).length,
    signatures: store.filter((text) => /^(?:certificate|signature):/mu.test(text)).length,
    encrypted: encrypted.length,
    values: encrypted.reduce((sum, text) => sum + text.split('ENC[').length - 1, 0),
    files: texts.length,
  };
}

const newest = LINES.at(-1);
if (newest === undefined) throw new Error('no Node');
const counts = await countOperations(newest);
const rounds = await takeTurns();
const runs: NodeRuns[] = [];
for (const [place, line] of LINES.entries()) {
  const growth = await grow(line);
  const budgets = [...budgetsOf(rounds, place), ...growthBudgets(growth)];
  runs.push({ version: line.version, budgets, growth });
}
const [freshShares, nothingShares] = await profiled(newest);
const file = path.resolve(import.meta.dirname, '../docs/benchmarks.md');
const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
const report = { rounds: ROUNDS, runs, floor: floor(counts), freshShares, nothingShares };
const page = markdown(report, before);
if (options.print === true) process.stdout.write(page);
else {
  writeFileSync(file, page);
  note('wrote docs/benchmarks.md');
}

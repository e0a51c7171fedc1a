import { readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import test from 'ava';
import { declaration } from '../_helpers/declaration.ts';
import { newPerson, Repository } from '../_helpers/run-cli.ts';

/** The disk is full from one write of `synth` on, whichever it is. With SLOW=1 each of them is the first to fail. */

const FULL_AT = path.resolve(import.meta.dirname, '../_helpers/full-at.js');
const MOST_POINTS = process.env['SLOW'] === '1' ? Number.POSITIVE_INFINITY : 14;
const alice = await newPerson();

const version = (sans: string, clusters: readonly string[], extra = ''): string =>
  declaration({ recipients: [alice.recipient], sans: [sans], clusters, extra });

/** Files of the other: updated, made in new folders, and gone. */
const OLD = version(
  'a.example.com',
  ['prod'],
  `const more = new pki.Certificate(prod, 'more', { issuer: prodCa, profile: 'server', dnsNames: ['m.example.com'] });
new pki.TlsSecret(prod, 'more-tls', { certificate: more });`,
);
const NEW = version('b.example.com', ['prod', 'test']);

type Files = Readonly<Record<string, string>>;

function treeOf(files: Files): Files {
  return Object.fromEntries(
    Object.entries(files).filter(([file]) => !/^\.cdk8s-pki\/\.gitignore$/u.test(file)),
  );
}

const hooked = (settings: Readonly<Record<string, string>>): Readonly<Record<string, string>> => ({
  NODE_OPTIONS: `--import=${FULL_AT}`,
  ...settings,
});

test('a disk that is full from any write on: the tree is as it was or decided, and the next run has all of it', async (t) => {
  t.timeout(1_800_000);
  const first = new Repository(t, { 'clusters/main.js': OLD });
  t.is((await first.run(['synth'])).status, 0);
  first.write('clusters/main.js', NEW);
  const before = treeOf(first.files());
  const copy = (): Repository => {
    const repository = new Repository(t);
    for (const [file, content] of Object.entries(before))
      repository.write(file, Buffer.from(content, 'latin1'));
    return repository;
  };

  const whole = copy();
  const counter = whole.path('node_modules/count');
  const done = await whole.run(['synth'], {
    as: alice,
    environment: hooked({ FULL_COUNT: counter }),
  });
  t.is(done.status, 0, done.stderr);
  const writes = Number(readFileSync(counter, 'utf8'));
  /** Ids of new authorities are in names of files. */
  const names = (files: Files): string[] =>
    Object.keys(treeOf(files))
      .map((file) => (file in before ? file : file.replace(/[0-9a-f]{16}/u, 'id')))
      .sort();
  const expected = names(whole.files());

  const points = Math.min(writes, MOST_POINTS);
  const outcomes = { asItWas: 0, decided: 0 };
  for (let point = 0; point < points; point += 1) {
    const at = 1 + Math.floor((point * writes) / points);
    const repository = copy();
    const full = await repository.run(['synth'], {
      as: alice,
      environment: hooked({ FULL_AT: String(at) }),
    });
    t.deepEqual([full.status, full.stdout], [1, ''], `write ${at}: ${full.stderr}`);
    t.regex(full.stderr, /^cdk8s-pki: error: .*ENOSPC.* \[ERR_WRITE\]\n/u, `write ${at}`);
    t.regex(full.stderr, /^cdk8s-pki: hint: /mu);
    const isDecided = full.stderr.includes('some files are in place, the next run writes the rest');
    outcomes[isDecided ? 'decided' : 'asItWas'] += 1;
    if (!isDecided) {
      t.regex(full.stderr, /nothing was written/u, `write ${at}`);
      t.deepEqual(treeOf(repository.files()), before, `write ${at}`);
    }
    // what was decided takes no identity
    const next = await repository.run(['synth'], isDecided ? {} : { as: alice });
    t.is(next.status, 0, `write ${at}: ${next.stderr}`);
    t.is(next.stderr.includes('finished the writes of a run that was cut off'), isDecided);
    t.deepEqual(names(repository.files()), expected, `write ${at}`);
  }
  t.true(outcomes.asItWas > 0 && outcomes.decided > 0, JSON.stringify(outcomes));
  t.log(`${writes} writes: ${JSON.stringify(outcomes)}`);
});

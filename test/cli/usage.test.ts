import test from 'ava';
import { declaration } from '../_helpers/declaration.ts';
import { changed, newPerson, Repository } from '../_helpers/run-cli.ts';

const alice = await newPerson();
const files = { 'clusters/main.ts': declaration({ recipients: [alice.recipient] }) };

const usage = test.macro(
  async (t, args: readonly string[], message: string, hint: string = 'see cdk8s-pki --help') => {
    const repository = new Repository(t, files);
    const before = repository.files();
    const result = await repository.run(args);
    t.deepEqual(
      { status: result.status, stdout: result.stdout, first: result.stderr.split('\n')[0] },
      { status: 2, stdout: '', first: `cdk8s-pki: error: ${message} [ERR_USAGE]` },
    );
    t.true(result.stderr.includes(`cdk8s-pki: hint: ${hint}`), result.stderr);
    // A run that may write makes its own folder first.
    t.deepEqual(
      changed(before, repository.files()).filter((file) => file !== '.cdk8s-pki/.gitignore'),
      [],
    );
  },
);

test(
  'an unknown command is exit 2 with a suggestion',
  usage,
  ['sinth'],
  'unknown command "sinth"',
  'did you mean synth?',
);
test(
  'an unknown flag is exit 2 with a suggestion',
  usage,
  ['synth', '--partal'],
  'unknown option "--partal"',
  'did you mean --partial?',
);
test(
  'a flag of another command is exit 2',
  usage,
  ['plan', '--partial'],
  'unknown option "--partial"',
);
test(
  'an argument too many is exit 2',
  usage,
  ['synth', 'prod'],
  'too many arguments for "synth". Expected 0 arguments but got 1',
);
test(
  'a flag without its value is exit 2',
  usage,
  ['synth', '--cluster'],
  'option "--cluster <glob>" argument missing',
);
test(
  'an unknown output format is exit 2 and names the formats',
  usage,
  ['plan', '--output', 'xml'],
  'option "-o, --output <format>" argument "xml" is invalid. Allowed choices are text, json',
);
for (const now of ['tomorrow', '2026-11-22', '2026-02-30T00:00:00Z', '2026-11-22T08:00:00', '']) {
  test(
    `--now ${JSON.stringify(now)} is exit 2`,
    usage,
    ['synth', '--now', now],
    `option "--now <rfc3339>" argument "${now}" is invalid. not an RFC 3339 date and time such as 2026-11-22T08:00:00Z`,
  );
}
test(
  'a --cluster that matches nothing is exit 2 and names the clusters',
  usage,
  ['plan', '--cluster', 'stag*'],
  '--cluster "stag*" matches no cluster',
  'clusters are: prod',
);
test(
  'one --cluster of two that matches nothing is exit 2, before anything is written',
  usage,
  ['synth', '--cluster', 'prod', '--cluster', 'staging'],
  '--cluster "staging" matches no cluster',
  'clusters are: prod',
);
test(
  'a --cluster glob is no regular expression',
  usage,
  ['plan', '--cluster', 'pr.d'],
  '--cluster "pr.d" matches no cluster',
  'clusters are: prod',
);
test(
  'a --new-authority that is no keyset is exit 2, before anything is written',
  usage,
  ['synth', '--new-authority', 'prod/kaa'],
  '--new-authority "prod/kaa" names no keyset of the selected clusters',
  'keysets are: prod/ca',
);

test('no command: the help on standard error, exit 2', async (t) => {
  const { status, stdout, stderr } = await new Repository(t).run([]);
  t.deepEqual([status, stdout], [2, '']);
  t.regex(stderr, /^Usage: cdk8s-pki /u);
  t.regex(stderr, /^ {2}synth /mu);
});

for (const args of [['--help'], ['help'], ['synth', '--help']]) {
  test(`${args.join(' ')}: the help on standard output, exit 0`, async (t) => {
    const { status, stdout, stderr } = await new Repository(t).run(args);
    t.deepEqual([status, stderr], [0, '']);
    t.regex(stdout, /^Usage: cdk8s-pki /u);
  });
}

test('--help of a command: what it does, at length, and when it exits with what', async (t) => {
  const { stdout } = await new Repository(t).run(['renew', '--help']);
  const words = stdout.replaceAll(/\s+/gu, ' ');
  t.true(words.includes('the others are renewed, and the exit status is 1.'), stdout);
  t.regex(words, /With --pull-request it is 3 where .* has stopped a pull request\./u);
});

test('--version: the version of the package, exit 0', async (t) => {
  const { status, stdout, stderr } = await new Repository(t).run(['--version']);
  t.deepEqual([status, stderr], [0, '']);
  t.regex(stdout, /^\d+\.\d+\.\d+\n$/u);
});

test('--now: an offset is taken as the instant that it is', async (t) => {
  const repository = new Repository(t, files);
  const { status } = await repository.run(['synth', '--now', '2030-01-01T01:00:00+02:00']);
  t.is(status, 0);
  t.regex(
    repository.read('deploy/prod/pki/web.sops.yaml'),
    /^issuedAt: "?2029-12-31T23:00:00.000Z"?$/mu,
  );
});

test('a declaration that is not there is an error, not a crash', async (t) => {
  const { status, stdout, stderr } = await new Repository(t).run(['synth']);
  t.deepEqual([status, stdout], [1, '']);
  t.is(
    stderr.split('\n')[0],
    'cdk8s-pki: error: declaration "clusters/main.ts" does not exist [ERR_DECLARATION]',
  );
});

for (const [args, code, status] of [
  [['plan', '--output', 'json'], 'ERR_DECLARATION', 1],
  [['plan', '--output=json', '--partial'], 'ERR_USAGE', 2],
  [['remove', '-ojson', '../x'], 'ERR_USAGE', 2],
] as const) {
  test(`${args.join(' ')}: what goes wrong is JSON on standard output, beside the lines for people`, async (t) => {
    const result = await new Repository(t).run(args);
    const { error } = JSON.parse(result.stdout) as { error: Record<string, unknown> };
    t.deepEqual([result.status, error['code']], [status, code]);
    t.true(
      result.stderr.startsWith(`cdk8s-pki: error: ${String(error['message'])} [${code}]\n`),
      result.stderr,
    );
    t.is(typeof error['hint'], 'string');
  });
}

test('control characters of an argument do not reach the terminal', async (t) => {
  const { status, stderr } = await new Repository(t, files).run([
    'plan',
    '--cluster',
    '\u001B[2Jx',
  ]);
  t.is(status, 2);
  t.false(stderr.includes('\u001B'));
});

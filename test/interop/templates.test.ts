import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Ajv } from 'ajv';
import { execa, execaSync } from 'execa';
import { load } from 'js-yaml';
import { OPTIONS } from '../../src/commands/options.ts';
import { COMMANDS } from '../../src/commands/table.ts';
import { bash, programs, scratch } from '../_helpers/ci-jobs.ts';
import { declaration } from '../_helpers/declaration.ts';
import { newPerson, Repository } from '../_helpers/run-cli.ts';
import { toolTest } from '../_helpers/tool-test.ts';
import { toolPath } from '../_helpers/tools.ts';

/** The workflows that `init` writes: judged by the programs of their field, and run as they stand. */
const ROOT = path.resolve(import.meta.dirname, '../..');
const TEMPLATES = path.join(ROOT, 'templates');
const alice = await newPerson();

interface Step {
  readonly id?: string;
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
}

interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly environment?: string;
  readonly 'timeout-minutes'?: number;
  readonly steps: readonly Step[];
}

interface Workflow {
  readonly on: unknown;
  readonly permissions: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
}

const WORKFLOWS = ['github/dot-github/workflows', 'gitea/dot-gitea/workflows'].flatMap((folder) =>
  readdirSync(path.join(TEMPLATES, folder)).map((name) => `${folder}/${name}`),
);
const text = (file: string): string => readFileSync(path.join(TEMPLATES, file), 'utf8');
const workflow = (file: string): Workflow => load(text(file)) as Workflow;
const stepsOf = ({ jobs }: Workflow): Step[] => Object.values(jobs).flatMap(({ steps }) => steps);
const github = (name: string): Workflow => workflow(`github/dot-github/workflows/${name}.yml`);

/** The script of a step, by its id or name. */
function script({ jobs }: Workflow, job: string, step: string): string {
  const found = jobs[job]?.steps.find(({ id, name }) => id === step || name === step);
  if (found?.run === undefined) throw new RangeError(`there is no step "${step}" in "${job}"`);
  return found.run;
}

test('templates: seven workflows are there', (t) => {
  t.is(WORKFLOWS.length, 7);
});

toolTest(['actionlint'])('templates: actionlint has nothing to say of the workflows', async (t) => {
  const files = WORKFLOWS.map((file) => path.join(TEMPLATES, file));
  const { stdout } = await execa(toolPath('actionlint'), ['-shellcheck=', '-pyflakes=', ...files]);
  t.is(stdout, '');
});

toolTest(['py-formats'])('templates: the pipeline of GitLab is one by its JSON schema', (t) => {
  const input = JSON.stringify({ schema: 'gitlab-ci' });
  const { stdout } = execaSync(toolPath('py-formats'), { input });
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  const validate = ajv.compile(JSON.parse(stdout) as object);
  const pipeline = load(text('gitlab/dot-gitlab-ci.yml')) as Record<string, object>;
  t.true(validate(pipeline), JSON.stringify(validate.errors));
  t.false(validate({ ...pipeline, verify: { ...pipeline['verify'], script: 7 } }));
});

for (const file of WORKFLOWS) {
  test(`templates: ${file} may as little as it can, and pins what it uses`, (t) => {
    const { permissions, jobs } = workflow(file);
    t.deepEqual(permissions, {});
    for (const [name, job] of Object.entries(jobs)) {
      t.truthy(job.permissions, name);
      t.true((job['timeout-minutes'] ?? Infinity) <= 60, name);
    }
    for (const line of text(file).matchAll(/^ +(?:- )?uses: (.+)$/gmu))
      t.regex(line[1] ?? '', /^[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/u);
    for (const { uses = '', run = '', with: given } of stepsOf(workflow(file))) {
      if (uses.startsWith('actions/checkout@')) t.is(given?.['persist-credentials'], false);
      t.false(run.includes('${{'), `text of others in a script: ${run}`);
      if (/\bnpm (?:ci|install)/u.test(run)) t.is(run, 'npm ci --ignore-scripts');
    }
  });
}

test('templates: actions are pinned as in the workflow of this repository', (t) => {
  const pins = (content: string): Map<string, string> =>
    new Map(
      [...content.matchAll(/uses: ([\w/-]+)@(.+)$/gmu)].map(([, name = '', pin = '']) => [
        name,
        pin,
      ]),
    );
  const own = pins(readFileSync(path.join(ROOT, '.github/workflows/ci.yml'), 'utf8'));
  for (const file of WORKFLOWS)
    for (const [name, pin] of pins(text(file))) t.is(pin, own.get(name) ?? pin, `${file}: ${name}`);
});

test('templates: secrets are in jobs of the protected environment alone, which run reviewed code alone', (t) => {
  const allowed = ['issue/issue', 'renew/renew'];
  for (const name of ['verify', 'report', 'issue', 'renew']) {
    const { on, jobs } = github(name);
    const events = typeof on === 'object' && on !== null ? Object.keys(on) : [on];
    t.false(events.includes('pull_request_target'));
    for (const [id, job] of Object.entries(jobs)) {
      const isAllowed = allowed.includes(`${name}/${id}`);
      t.is(/\bsecrets\./u.test(JSON.stringify(job)), isAllowed, `${name}/${id}`);
      t.is(job.environment, isAllowed ? 'pki' : undefined);
      if (isAllowed)
        t.false(
          events.some((event) => /pull_request|merge_group|workflow_run/u.test(String(event))),
        );
    }
  }
  for (const name of ['verify', 'issue', 'renew']) {
    const content = text(`gitea/dot-gitea/workflows/${name}.yml`);
    t.is(/\$\{\{ secrets\./u.test(content), name !== 'verify');
    if (name !== 'verify') t.false(content.includes('pull_request:'));
  }
});

test('templates: who may write comments runs nothing of the pull request', (t) => {
  const { jobs } = github('report');
  t.deepEqual(jobs['report']?.permissions, { contents: 'read', 'pull-requests': 'read' });
  t.deepEqual(jobs['comment']?.permissions, { 'pull-requests': 'write' });
  const words = JSON.stringify(jobs['comment']);
  t.notRegex(words, /checkout|npm|npx|node /u);
  const last = jobs['report']?.steps.findIndex(({ with: given }) => given?.['path'] === 'change');
  for (const { run = '' } of jobs['report']?.steps.slice(last) ?? [])
    t.notRegex(run, /\bnpm\b|\bnpx\b/u);
});

test('templates: secrets get into no step but the one that renews', (t) => {
  for (const name of ['issue', 'renew']) {
    for (const { run, env } of stepsOf(github(name)))
      t.is(
        JSON.stringify(env ?? {}).includes('secrets.SOPS_AGE_KEY'),
        run?.startsWith('npx cdk8s-pki renew --pull-request') === true,
      );
  }
});

/** The scripts that propose what is due, of each forge. */
const PROPOSING = [
  ...WORKFLOWS.flatMap((file) => stepsOf(workflow(file)).flatMap(({ run }) => run ?? [])),
  ...(load(text('gitlab/dot-gitlab-ci.yml')) as { '.propose': { script: string[] } })['.propose']
    .script,
].filter((run) => run.startsWith('npx cdk8s-pki renew --pull-request'));

test('templates: a stopped pull request fails the job, which says why', async (t) => {
  t.is(PROPOSING.length, 5);
  for (const run of PROPOSING) {
    for (const [status, isTold] of [
      [0, false],
      [1, false],
      [3, true],
    ] as const) {
      const bin = scratch(t);
      writeFileSync(path.join(bin, 'npx'), `#!/bin/sh\nexit ${status}\n`, { mode: 0o755 });
      const { exitCode, stdout } = await execa('bash', ['-e', '-c', run], {
        env: { PATH: `${bin}:${process.env['PATH'] ?? ''}` },
        reject: false,
      });
      t.is(exitCode, status);
      t.is(/ is stopped: ?/u.test(stdout), isTold, stdout);
    }
  }
});

/** A repository with one cluster that is declared and not yet made, and programs that stand for the network. */
function declared(t: ExecutionContext): { repository: Repository; bin: string } {
  const repository = new Repository(t, {
    'clusters/main.ts': declaration({ recipients: [alice.recipient], clusters: ['prod'] }),
  });
  repository.commit();
  return { repository, bin: programs(t) };
}

/** Runs a step of GitHub; what it puts into GITHUB_OUTPUT. */
async function outputs(
  t: ExecutionContext,
  {
    run,
    cwd,
    bin,
    env = {},
  }: { run: string; cwd: string; bin: string; env?: Record<string, string> },
): Promise<Record<string, string>> {
  const temp = scratch(t);
  const file = path.join(temp, 'output');
  writeFileSync(file, '');
  await bash(run, { cwd, bin, env: { GITHUB_OUTPUT: file, RUNNER_TEMP: temp, ...env } });
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return Object.fromEntries(lines.map((line) => line.split('=', 2) as [string, string]));
}

test('templates: issue counts what synth would change, and fails where plan does', async (t) => {
  const { repository, bin } = declared(t);
  const run = script(github('issue'), 'pending', 'plan');
  const count = async (): Promise<number> =>
    Number((await outputs(t, { run, cwd: repository.root, bin }))['files']);
  t.true((await count()) > 3);
  await repository.run(['synth']);
  repository.commit();
  t.is(await count(), 0);
  repository.write('clusters/main.ts', 'throw new Error("broken");');
  await t.throwsAsync(count());
});

for (const forge of ['github', 'gitea'] as const) {
  test(`templates: verify of ${forge} compares with the base, and with itself where there is none`, async (t) => {
    const { repository, bin } = declared(t);
    const base = repository.git('rev-parse', 'HEAD');
    repository.git('switch', '-q', '-c', 'change');
    repository.write('README.md', 'changed');
    repository.commit();
    const change = repository.git('rev-parse', 'HEAD');
    repository.git('switch', '-q', 'main');
    repository.git('merge', '-q', '--no-ff', '--no-edit', 'change');
    const run = script(workflow(`${forge}/dot-${forge}/workflows/verify.yml`), 'verify', 'base');
    const commit = async (BASE: string): Promise<string | undefined> =>
      (await outputs(t, { run, cwd: repository.root, bin, env: { BASE } }))['commit'];
    const head = repository.git('rev-parse', 'HEAD');
    t.is(await commit('HEAD^1'), base);
    t.is(await commit(change), change);
    t.is(await commit('0'.repeat(40)), head);
    t.is(await commit('-x; touch evil'), head);
    t.false('evil' in repository.files());
  });
}

/** Stands for GitHub's `gh api`: writes down what it is asked, and answers with a file, through `--jq`. */
function fakeGh(bin: string): void {
  const file = path.join(bin, 'gh');
  writeFileSync(
    file,
    `#!/bin/sh
echo "$*" | head -n 1 >>"$GH_LOG"
query=
while [ $# -gt 0 ]; do [ "$1" != --jq ] || query=$2; shift; done
[ -z "$query" ] || jq -r "$query" "$GH_ANSWER"
`,
  );
  chmodSync(file, 0o755);
}

toolTest(['jq'])('templates: report finds the pull request of a run by its head', async (t) => {
  const bin = programs(t);
  fakeGh(bin);
  const cwd = scratch(t);
  const run = script(github('report'), 'report', 'find');
  const pulls = [
    { number: 7, head: { sha: 'other' }, base: { sha: 'b7' } },
    { number: 8, head: { sha: 'cafe' }, base: { sha: 'b8' } },
  ];
  const ask = async (answer: unknown): Promise<Record<string, string>> => {
    writeFileSync(path.join(cwd, 'answer'), JSON.stringify(answer));
    const env = {
      ...{ GH_LOG: path.join(cwd, 'log'), GH_ANSWER: path.join(cwd, 'answer') },
      ...{ GITHUB_REPOSITORY: 'acme/pki', OWNER: 'someone', BRANCH: 'a&b', COMMIT: 'cafe' },
    };
    return outputs(t, { run, cwd, bin, env });
  };
  t.deepEqual(await ask(pulls), { number: '8', base: 'b8' });
  t.deepEqual(await ask(pulls.slice(0, 1)), {});
  t.regex(
    readFileSync(path.join(cwd, 'log'), 'utf8'),
    /^api --method GET repos\/acme\/pki\/pulls -f state=open -f head=someone:a&b /u,
  );
});

test('templates: report runs the program of the base, whatever the pull request brings', async (t) => {
  const { repository, bin } = declared(t);
  await repository.run(['synth']);
  repository.commit();
  const base = repository.git('rev-parse', 'HEAD');
  const { recipient } = await newPerson();
  const recipients = [alice.recipient, recipient];
  repository.write('clusters/main.ts', declaration({ recipients, clusters: ['prod'] }));
  await repository.run(['synth'], { as: alice });
  repository.commit();
  const workspace = scratch(t);
  mkdirSync(path.join(workspace, 'node_modules'));
  symlinkSync(ROOT, path.join(workspace, 'node_modules/cdk8s-pki'));
  repository.remove('node_modules');
  for (const file of ['node_modules/cdk8s-pki/dist/cli.js', 'node_modules/.bin/cdk8s-pki'])
    repository.write(file, 'console.log("all is well")');
  const run = script(github('report'), 'report', 'compare');
  const env = { BASE: base, GITHUB_WORKSPACE: workspace, RUNNER_TEMP: workspace };
  await bash(run, { cwd: repository.root, bin, env });
  const report = readFileSync(path.join(workspace, 'report.md'), 'utf8');
  t.regex(report, /^## PKI changes: /u);
  t.true(report.includes(recipient), report);
});

toolTest(['jq'])('templates: report keeps one comment of its own up to date', async (t) => {
  const bin = programs(t);
  fakeGh(bin);
  const cwd = scratch(t);
  writeFileSync(path.join(cwd, 'report.md'), '## PKI\n$(evil) `evil`\n');
  const run = script(github('report'), 'comment', 'Write or replace the comment');
  const ask = async (comments: unknown): Promise<string | undefined> => {
    writeFileSync(path.join(cwd, 'answer'), JSON.stringify(comments));
    const env = {
      ...{ GH_LOG: path.join(cwd, 'log'), GH_ANSWER: path.join(cwd, 'answer') },
      ...{ GITHUB_REPOSITORY: 'acme/pki', NUMBER: '8' },
    };
    await bash(run, { cwd, bin, env });
    return readFileSync(path.join(cwd, 'log'), 'utf8').trimEnd().split('\n').at(-1);
  };
  const body = '<!-- cdk8s-pki: review report -->\nolder';
  const bot = { login: 'github-actions[bot]' };
  const created = 'api --silent --method POST repos/acme/pki/issues/8/comments -F body=@comment.md';
  t.is(await ask([]), created);
  t.is(
    readFileSync(path.join(cwd, 'comment.md'), 'utf8'),
    '<!-- cdk8s-pki: review report -->\n## PKI\n$(evil) `evil`\n',
  );
  t.is(
    await ask([
      { id: 1, user: { login: 'someone' }, body },
      { id: 2, user: bot, body: 'else' },
    ]),
    created,
  );
  t.is(
    await ask([
      { id: 3, user: bot, body },
      { id: 4, user: bot, body },
    ]),
    'api --silent --method PATCH repos/acme/pki/issues/comments/3 -F body=@comment.md',
  );
});

/** What the templates call: the command, and its options by their long names. */
function calls(): { readonly command: string; readonly options: readonly string[] }[] {
  const scripts = [
    ...WORKFLOWS.flatMap((file) => stepsOf(workflow(file)).map(({ run = '' }) => run)),
    text('gitlab/dot-gitlab-ci.yml'),
    text('repository/cdk8s.yaml'),
  ].join('\n');
  const found = scripts.matchAll(
    /(?:npx cdk8s-pki|cdk8s-pki\/dist\/cli\.js") ([a-z]+)([^>|\n]*)/gu,
  );
  return [...found].map(([, command = '', rest = '']) => ({
    command,
    options: [...rest.matchAll(/--[a-z-]+/gu)].map(([option]) => option),
  }));
}

test('templates: each command that they call is there, with its options', (t) => {
  const called = calls();
  t.deepEqual([...new Set(called.map(({ command }) => command))].sort(), [
    'check',
    'diff',
    'plan',
    'renew',
    'synth',
    'verify',
  ]);
  for (const { command, options } of called) {
    const spec = COMMANDS.find(({ name }) => name === command);
    const known = spec?.options.map((name) => OPTIONS[name]().long);
    for (const option of options) t.true(known?.includes(option) ?? command === 'verify', option);
  }
});

test('templates: GitLab compares with the base, and before the first synth with nothing', async (t) => {
  const { repository, bin } = declared(t);
  const { verify } = load(text('gitlab/dot-gitlab-ci.yml')) as {
    verify: { readonly script: readonly string[] };
  };
  const [findBase = '', report = ''] = verify.script;
  const run = async (BASE: string): Promise<string> => {
    await bash(`${findBase}\n${report}`, { cwd: repository.root, bin, env: { BASE } });
    return repository.read('report.md');
  };
  t.is(await run('0'.repeat(40)), 'no report\n');
  const base = repository.git('rev-parse', 'HEAD');
  await repository.run(['synth']);
  t.regex(await run(base), /^## PKI changes: /u);
  repository.commit();
  t.regex(await run('0'.repeat(40)), /^## PKI: nothing differs/u);
});

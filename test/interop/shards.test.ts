import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { load } from 'js-yaml';
import { bash, programs, scratch } from '../_helpers/ci-jobs.ts';
import { declaration } from '../_helpers/declaration.ts';
import { writeKubernetesSchemas } from '../_helpers/kubernetes-schemas.ts';
import { newPerson, Repository } from '../_helpers/run-cli.ts';
import { toolTest } from '../_helpers/tool-test.ts';
import { toolPath } from '../_helpers/tools.ts';

/** The examples of `examples/shards`, judged by the programs of their field, and run as they stand. */
const ROOT = path.resolve(import.meta.dirname, '../..');
const EXAMPLES = path.join(ROOT, 'examples/shards');
const text = (name: string): string => readFileSync(path.join(EXAMPLES, name), 'utf8');

const NAMES = ['alpha', 'bravo', 'delta', 'echo', 'golf'];
const TOTAL = 8;
const alice = await newPerson();

/** A fleet in a repository, and a bare one that it was pushed to. */
function fleetWithRemote(t: ExecutionContext): { repository: Repository; remote: string } {
  const repository = new Repository(t, {
    'clusters/main.ts': declaration({ recipients: [alice.recipient], clusters: NAMES }),
  });
  repository.commit();
  const remote = path.join(scratch(t), 'remote.git');
  repository.git('init', '-q', '--bare', '-b', 'main', remote);
  repository.git('config', '--file', `${remote}/config`, 'receive.advertisePushOptions', 'true');
  repository.git('push', '-q', remote, 'main');
  return { repository, remote };
}

function clone(t: ExecutionContext, remote: string): { folder: string; git: Repository['git'] } {
  const folder = path.join(scratch(t), 'checkout');
  const base = new Repository(t);
  base.git('clone', '-q', remote, folder);
  return { folder, git: (...args) => base.git('-C', folder, ...args) };
}

/** Whether a branch holds the whole fleet, and nothing is left to do. */
async function isWhole(t: ExecutionContext, remote: string, branch: string): Promise<void> {
  const checkout = new Repository(t);
  checkout.git('fetch', '-q', remote, branch);
  checkout.git('checkout', '-q', '-f', 'FETCH_HEAD');
  const { stdout, stderr } = await checkout.run(['plan', '--app', 'clusters/main.ts']);
  t.is(stdout, `nothing to do: ${NAMES.length} clusters are as declared\n`, stderr);
  const clusters = [...checkout.read('deploy/authorities.yaml').matchAll(/cluster: (\w+)/gu)];
  t.deepEqual(
    clusters.map(([, name]) => name),
    NAMES,
  );
}

interface Steps {
  readonly steps: readonly { readonly run?: string }[];
}

toolTest(['actionlint'])('shards: actionlint has nothing to say of the workflow', async (t) => {
  const file = path.join(EXAMPLES, 'github-workflow.yml');
  const { stdout } = await execa(toolPath('actionlint'), ['-shellcheck=', '-pyflakes=', file]);
  t.is(stdout, '');
});

toolTest(['kubeconform', 'kubernetes-openapi'])(
  'shards: the Job is one of Kubernetes',
  async (t) => {
    const location = writeKubernetesSchemas(scratch(t), ['Job']);
    const file = path.join(EXAMPLES, 'kubernetes-job.yaml');
    const args = ['-strict', '-output', 'json', '-verbose', '-schema-location', location, file];
    const { stdout } = await execa(toolPath('kubeconform'), args);
    const { resources } = JSON.parse(stdout) as { resources: readonly { status: string }[] };
    t.deepEqual(
      resources.map(({ status }) => status),
      ['statusValid'],
    );
  },
);

test('shards: the jobs of the GitHub workflow, run one after the other, make the whole', async (t) => {
  const { remote } = fleetWithRemote(t);
  const bin = programs(t);
  const { jobs } = load(text('github-workflow.yml')) as {
    jobs: Readonly<Record<'synth' | 'merge', Steps>>;
  };
  const scriptOf = ({ steps }: Steps): string => steps.map(({ run = '' }) => run).join('\n');
  const temp = scratch(t);
  mkdirSync(path.join(temp, 'shards'));
  for (let shard = 1; shard <= TOTAL; shard += 1) {
    const { folder, git } = clone(t, remote);
    await bash(scriptOf(jobs.synth), {
      cwd: folder,
      bin,
      env: {
        SHARD: String(shard),
        SHARDS: String(TOTAL),
        GITHUB_SHA: git('rev-parse', 'HEAD'),
        SOPS_AGE_KEY: alice.identity,
      },
    });
    writeFileSync(
      path.join(temp, `shards/shard-${shard}.bundle`),
      readFileSync(path.join(folder, `shard-${shard}.bundle`)),
    );
  }
  const { folder } = clone(t, remote);
  await bash(scriptOf(jobs.merge), { cwd: folder, bin, env: { RUNNER_TEMP: temp } });
  await isWhole(t, remote, 'cdk8s-pki/synth');
});

test('shards: the jobs of GitLab, run one after the other, make the whole', async (t) => {
  const { remote } = fleetWithRemote(t);
  const bin = programs(t);
  const { synth, merge } = load(text('gitlab-ci.yml')) as Readonly<
    Record<'synth' | 'merge', { readonly script: readonly string[] }>
  >;
  const artifacts = clone(t, remote);
  for (let index = 1; index <= TOTAL; index += 1) {
    const { folder, git } = clone(t, remote);
    await bash(synth.script.join('\n'), {
      cwd: folder,
      bin,
      env: {
        CI_NODE_INDEX: String(index),
        CI_NODE_TOTAL: String(TOTAL),
        CI_COMMIT_SHA: git('rev-parse', 'HEAD'),
        SOPS_AGE_KEY: alice.identity,
      },
    });
    const bundle = `shard-${index}.bundle`;
    writeFileSync(path.join(artifacts.folder, bundle), readFileSync(path.join(folder, bundle)));
  }
  await bash(merge.script.join('\n'), {
    cwd: artifacts.folder,
    bin,
    env: { PUSH_TOKEN: 'none', CI_PROJECT_URL: remote.replace(/\.git$/u, '') },
  });
  await isWhole(t, remote, 'cdk8s-pki/synth');
});

test('shards: the pods of the Indexed Job, run one after the other, make the whole', async (t) => {
  const { remote, repository } = fleetWithRemote(t);
  const bin = programs(t);
  const { spec } = load(text('kubernetes-job.yaml')) as {
    spec: { template: { spec: { containers: readonly { args: readonly [string] }[] } } };
  };
  const [script] = spec.template.spec.containers[0]?.args ?? [''];
  const secret = scratch(t);
  writeFileSync(path.join(secret, 'identity'), `${alice.identity}\n`);
  writeFileSync(path.join(secret, 'token'), 'none');
  for (let index = 0; index < TOTAL; index += 1) {
    const work = scratch(t);
    await bash(script.replaceAll('/work', work).replaceAll('/secret', secret), {
      cwd: work,
      bin,
      env: { REPOSITORY: remote, SHARDS: String(TOTAL), JOB_COMPLETION_INDEX: String(index) },
    });
  }
  const branches = repository.git('ls-remote', '--heads', remote, 'cdk8s-pki/*').split('\n');
  t.is(branches.length, TOTAL);
  for (let shard = 1; shard <= TOTAL; shard += 1) {
    repository.git('fetch', '-q', remote, `cdk8s-pki/shard-${shard}`);
    repository.git('merge', '-q', '--no-edit', 'FETCH_HEAD');
  }
  repository.git('push', '-q', remote, 'HEAD:refs/heads/merged');
  await isWhole(t, remote, 'merged');
});

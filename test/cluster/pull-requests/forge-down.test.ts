import type { ExecutionContext } from 'ava';
import { DUE, Fleet } from './_fleet.ts';
import { gitea, onGitea } from './_gitea.ts';
import { faultyProxy } from './_proxy.ts';

// A request that goes wrong is sent five times: four answers with status 500, and then none at all.
const FAILURES = 4;

interface Outage {
  /** Method and end of the path. */
  readonly at: RegExp;
  readonly says: RegExp;
  /** What the forge has then. */
  readonly branch: boolean;
  readonly pull: boolean;
  /** What the next run says. */
  readonly next: RegExp;
}

const OUTAGES: Readonly<Record<string, Outage>> = {
  'the first request': {
    at: /^GET .*\/repos\/keeper\/[^/]*$/u,
    says: /127\.0\.0\.1:\d+ does not answer in time, after 5 tries \[ERR_FORGE\]\n/u,
    branch: false,
    pull: false,
    next: /^opened /u,
  },
  'the push': {
    at: /^POST .*\/git-receive-pack$/u,
    says: /git push with http:\/\/127\.0\.0\.1:\d+\/\S* failed; the forge does not answer \[ERR_GIT\]\n/u,
    branch: false,
    pull: false,
    next: /^opened /u,
  },
  'the opening': {
    at: /^POST .*\/pulls$/u,
    says: /127\.0\.0\.1:\d+ does not answer in time, after 5 tries \[ERR_FORGE\]\n/u,
    branch: true,
    pull: false,
    next: /^opened /u,
  },
  'the label': {
    at: /^POST .*\/issues\/\d+\/labels$/u,
    says: /127\.0\.0\.1:\d+ does not answer in time, after 5 tries \[ERR_FORGE\]\n/u,
    branch: true,
    pull: true,
    next: /^described /u,
  },
};

onGitea(
  'a forge that answers 500 and then hangs is a clear error, wherever it happens; nothing is half-made, and the next run makes it right',
  async (t) => {
    t.timeout(600_000);
    await Promise.all(Object.entries(OUTAGES).map((outage) => suffer(t, ...outage)));
  },
);

async function suffer(t: ExecutionContext, name: string, outage: Outage): Promise<void> {
  const { at, says, branch, pull, next } = outage;
  const own = await Fleet.create(t, gitea(), ['alpha']);
  const { repository } = own;
  let tries = 0;
  const proxy = await faultyProxy(t, gitea().url, (request) => {
    if (!at.test(request)) return 'pass';
    tries += 1;
    return tries > FAILURES ? 'hang' : 'fail';
  });
  // the push goes the same way
  repository.git('remote', 'set-url', 'origin', own.remoteUrl.replace(gitea().url, proxy));
  const state = (): string =>
    repository.git('status', '--porcelain=v2', '--branch') + repository.git('for-each-ref');
  const before = state();
  const { status, stdout, stderr } = await own.propose(DUE, [], { GITEA_URL: proxy });
  t.is(tries, FAILURES + 1, name);
  t.deepEqual([status, stdout], [1, ''], name);
  t.regex(stderr, /^cdk8s-pki: error: [^\n]*\ncdk8s-pki: hint: nothing is half-made[^\n]*\n$/u);
  t.regex(stderr, says, name);
  t.false(stderr.includes(own.token), name);

  t.is(state(), before, name);
  t.is(repository.git('worktree', 'list').split('\n').length, 1, name);
  const branches = (await own.api('GET', '/branches')) as { name: string }[];
  const ours = branch ? ['cdk8s-pki/renew/alpha'] : [];
  t.deepEqual(branches.map((one) => one.name).sort(), [...ours, 'main'], name);
  const [made] = await own.pulls();
  t.is(made !== undefined, pull, name);
  t.deepEqual(made?.labels ?? [], [], name);

  // the forge is well again
  repository.git('remote', 'set-url', 'origin', own.remoteUrl);
  const again = await own.propose(DUE);
  t.deepEqual([again.status, again.stderr], [0, ''], name);
  t.regex(again.stdout, next, name);
  const [open, ...others] = await own.pulls();
  t.deepEqual([open?.state, others], ['open', []], name);
  t.deepEqual(
    open?.labels.map((label) => label.name),
    ['cdk8s-pki'],
    name,
  );
  t.regex((await own.propose(DUE)).stdout, /^unchanged /u, name);
}

import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { hasMoved, readOwnBranch } from '../../../src/propose/branch.ts';
import {
  blobId,
  changedFiles,
  readBlobs,
  readCommit,
  writeCommit,
} from '../../../src/propose/git/objects.ts';
import type { Remote } from '../../../src/propose/git/program.ts';
import { remoteBranches, RunRefs } from '../../../src/propose/git/refs.ts';
import { withWorktree } from '../../../src/propose/git/worktree.ts';
import { commitMessage } from '../../../src/propose/marks.ts';
import { PkiError } from '../../../src/errors.ts';
import { Repository } from '../../_helpers/run-cli.ts';

const BRANCH = 'cdk8s-pki/renew/prod';
const DATE = new Date('2026-11-22T08:00:00Z');
const WORK = {
  name: 'prod',
  clusters: ['prod'],
  set: ['issue prod/web'],
  deadline: null,
  renewBefore: null,
};
const OURS = {
  isGenerated: (file: string): boolean => file.startsWith('deploy/'),
  isMade: (): Promise<boolean> => Promise.resolve(true),
};
const never = (): (() => void) => () => undefined;

/** A user's repository with one commit, and a real bare one that it was pushed to. */
function withRemote(t: ExecutionContext): { repository: Repository; remote: Remote; base: string } {
  const folder = mkdtempSync(path.join(tmpdir(), 'cdk8s-pki-remote-'));
  t.teardown(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const repository = new Repository(t, {
    'deploy/prod/a.yaml': 'a: 1\n',
    'deploy/prod/b.yaml': 'b: 1\n',
    'clusters/main.ts': 'export default 1;\n',
  });
  repository.commit();
  const url = path.join(folder, 'remote.git');
  repository.git('init', '-q', '--bare', '-b', 'main', url);
  repository.git('push', '-q', url, 'main');
  const remote = { url, authorization: 'Basic eA==', timeout: 60_000, pauses: [] };
  return { repository, remote, base: repository.git('rev-parse', 'main') };
}

const FILES = [
  { path: 'deploy/prod/a.yaml', content: 'a: 2 ü\n' },
  { path: 'deploy/prod/b.yaml', content: null },
  { path: 'deploy/prod/new file "x".yaml', content: 'no line break' },
];

/** A commit of ours on the base. */
async function ours(
  repository: Repository,
  base: string,
  ref = 'refs/cdk8s-pki/test/x',
): Promise<string> {
  const blobs = FILES.map((file) => ({
    path: file.path,
    blob: file.content === null ? null : blobId(file.content, base),
  }));
  const message = commitMessage('Renew', WORK, blobs);
  return writeCommit(repository.root, ref, { base, files: FILES, message, date: DATE });
}

test('writeCommit: one commit on the base, of plain files, the same every time', async (t) => {
  const { repository, base } = withRemote(t);
  const id = await ours(repository, base);
  t.is(await ours(repository, base), id);
  const { parents, message } = await readCommit(repository.root, id);
  t.deepEqual(parents, [base]);
  t.regex(message, /^Renew\n\nCdk8s-Pki-Set: [0-9a-f]{64}\nCdk8s-Pki-Files: [0-9a-f]{64}\n$/u);
  const changes = await changedFiles(repository.root, base, id);
  t.deepEqual(
    changes.map(({ path: file, mode }) => [file, mode]),
    [
      ['deploy/prod/a.yaml', '100644'],
      ['deploy/prod/b.yaml', null],
      ['deploy/prod/new file "x".yaml', '100644'],
    ],
  );
  const contents = await readBlobs(
    repository.root,
    changes.flatMap(({ blob }) => blob ?? []),
  );
  t.deepEqual([...contents.values()].map(String), ['a: 2 ü\n', 'no line break']);
  t.is(repository.git('status', '--porcelain'), '');
});

test('push: moves a branch only from where it was seen', async (t) => {
  const { repository, remote, base } = withRemote(t);
  const refs = new RunRefs(repository.root, remote, 'one');
  const id = await ours(repository, base);
  t.true(await refs.push(BRANCH, id, null));
  t.is((await remoteBranches(repository.root, remote, 'main')).get(BRANCH), id);
  const other = await writeCommit(repository.root, 'refs/cdk8s-pki/test/y', {
    base,
    files: FILES,
    message: 'other',
    date: DATE,
  });
  t.false(await refs.push(BRANCH, other, null), 'it is there already');
  t.false(await refs.push(BRANCH, other, base), 'it is elsewhere');
  t.is((await remoteBranches(repository.root, remote, 'main')).get(BRANCH), id);
  t.true(await refs.push(BRANCH, id, base), 'a push that arrived, and was taken for lost');
  t.true(await refs.push(BRANCH, other, id));
  t.false(await refs.push(BRANCH, null, id));
  t.true(await refs.push(BRANCH, null, other));
  t.deepEqual([...(await remoteBranches(repository.root, remote, 'main')).keys()], ['main']);
});

test('push: a branch whose name leaves no place for it is an error that names it', async (t) => {
  const { repository, remote, base } = withRemote(t);
  const refs = new RunRefs(repository.root, remote, 'one');
  const id = await ours(repository, base);
  for (const other of [`${BRANCH}/x/y`, 'cdk8s-pki/renew', 'cdk8s-pki']) {
    repository.git('push', '-q', remote.url, `main:refs/heads/${other}`);
    const error = await t.throwsAsync(refs.push(BRANCH, id, null), { instanceOf: PkiError });
    t.deepEqual(
      [error.code, error.message],
      ['ERR_BRANCH', `the branch "${other}" is in the way of "${BRANCH}"`],
    );
    t.is(error.hints.at(-1), `then: git push origin :refs/heads/${other}`);
    repository.git('push', '-q', remote.url, `:refs/heads/${other}`);
  }
  t.true(await refs.push(BRANCH, id, null));
});

test('push: never moves a branch that is not below cdk8s-pki/', async (t) => {
  const { repository, remote, base } = withRemote(t);
  const id = await ours(repository, base);
  const refs = new RunRefs(repository.root, remote, 'one');
  await t.throwsAsync(refs.push('main', id, base), { instanceOf: TypeError });
  t.is((await remoteBranches(repository.root, remote, 'main')).get('main'), base);
});

test('push: a remote that refuses says so, and what it prints stays unsaid', async (t) => {
  const { repository, remote, base } = withRemote(t);
  const hook = path.relative(repository.root, path.join(remote.url, 'hooks/pre-receive'));
  repository.write(hook, '#!/bin/sh\necho a secret >&2\nexit 1\n');
  repository.paste(`chmod +x '${hook}'`);
  const refs = new RunRefs(repository.root, remote, 'one');
  const error = await t.throwsAsync(refs.push(BRANCH, await ours(repository, base), null), {
    instanceOf: PkiError,
  });
  t.deepEqual(
    [error.code, error.message],
    ['ERR_GIT', `the forge refuses the push of "${BRANCH}"`],
  );
  t.false(JSON.stringify([error.message, error.hints]).includes('a secret'));
});

test('a remote that is not there is an error with a hint', async (t) => {
  const { repository, remote } = withRemote(t);
  const gone = { ...remote, url: 'http://127.0.0.1:9/a/b.git', pauses: [1] };
  const error = await t.throwsAsync(remoteBranches(repository.root, gone, 'main'), {
    instanceOf: PkiError,
  });
  t.is(
    error.message,
    'git ls-remote with http://127.0.0.1:9/a/b.git failed; the forge does not answer',
  );
  t.is(error.code, 'ERR_GIT');
});

test('a redirect to another host is not followed: the header that opens the remote would go along', async (t) => {
  const { repository, remote } = withRemote(t);
  const asked: (string | undefined)[] = [];
  const other = await serve(t, (request, response) => {
    asked.push(request.headers.authorization);
    response.writeHead(404).end();
  });
  const tricked: (string | undefined)[] = [];
  const forge = await serve(t, (request, response) => {
    tricked.push(request.headers.authorization);
    response.writeHead(302, { location: `http://localhost:${other}${request.url ?? ''}` }).end();
  });
  const away = { ...remote, url: `http://127.0.0.1:${forge}/a/b.git` };
  const error = await t.throwsAsync(remoteBranches(repository.root, away, 'main'), {
    instanceOf: PkiError,
  });
  t.is(error.code, 'ERR_GIT');
  t.deepEqual(tricked, [remote.authorization]);
  t.deepEqual(asked, []);
});

/** @returns the port. */
async function serve(t: ExecutionContext, answer: RequestListener): Promise<number> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  t.teardown(() => {
    server.close();
  });
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

test('fetch: brings commits, and changes no branch, no FETCH_HEAD, no index and no file', async (t) => {
  const { repository, remote } = withRemote(t);
  repository.git('remote', 'add', 'origin', remote.url);
  repository.git('fetch', '-q', 'origin');
  const elsewhere = new Repository(t, { 'deploy/prod/c.yaml': 'c\n' });
  elsewhere.commit();
  elsewhere.git('push', '-q', '-f', remote.url, 'HEAD:main', `HEAD:${BRANCH}`);
  const state = (): unknown => [
    repository.git('for-each-ref'),
    repository.read('.git/config'),
    readFileSync(repository.path('.git/index')).toString('base64'),
    readdirSync(repository.path('.git')).sort(),
    repository.files(),
  ];
  rmSync(repository.path('.git/FETCH_HEAD'), { force: true });
  const before = state();
  const refs = new RunRefs(repository.root, remote, 'one');
  const heads = await refs.fetch(['main', BRANCH]);
  const head = elsewhere.git('rev-parse', 'HEAD');
  t.deepEqual([...heads.values()], [head, head]);
  t.is(repository.git('cat-file', '-t', head), 'commit');
  await refs.clear();
  t.deepEqual(state(), before);
});

test('withWorktree: a checkout of another commit beside the own one, with its packages, and gone afterwards', async (t) => {
  const { repository, base } = withRemote(t);
  repository.write('deploy/prod/a.yaml', 'edited\n');
  const before = repository.files();
  let checkout = '';
  await withWorktree(repository.root, base, never, async ({ cwd, with: withFiles }) => {
    checkout = cwd;
    t.is(readFileSync(path.join(cwd, 'deploy/prod/a.yaml'), 'utf8'), 'a: 1\n');
    t.true(existsSync(path.join(cwd, 'node_modules/cdk8s-pki/package.json')));
    await withFiles(FILES, () => {
      t.is(readFileSync(path.join(cwd, 'deploy/prod/a.yaml'), 'utf8'), 'a: 2 ü\n');
      t.false(existsSync(path.join(cwd, 'deploy/prod/b.yaml')));
      return Promise.resolve();
    });
    t.is(readFileSync(path.join(cwd, 'deploy/prod/b.yaml'), 'utf8'), 'b: 1\n');
    t.deepEqual(readdirSync(path.join(cwd, 'deploy/prod')), ['a.yaml', 'b.yaml']);
  });
  t.false(existsSync(checkout));
  t.deepEqual(repository.files(), before);
  t.is(repository.git('worktree', 'list').split('\n').length, 1);
});

test('withWorktree: leaves other worktrees alone, also those whose folder is away', async (t) => {
  const { repository, base } = withRemote(t);
  repository.git('worktree', 'add', '-q', '--detach', `${repository.root}-other`, base);
  rmSync(`${repository.root}-other`, { recursive: true });
  await withWorktree(repository.root, base, never, () => Promise.resolve());
  t.is(repository.git('worktree', 'list').split('\n').length, 2);
});

test('readOwnBranch: ours is one commit whose files are those that it names', async (t) => {
  const { repository, base } = withRemote(t);
  const id = await ours(repository, base);
  const own = await readOwnBranch(repository.root, id, base, OURS);
  t.is(own?.on, base);
  t.is(own?.files.length, 3);
  t.is(
    await readOwnBranch(repository.root, id, base, { ...OURS, isGenerated: () => false }),
    undefined,
    'a file that is not generated',
  );
  t.is(
    await readOwnBranch(repository.root, id, base, {
      ...OURS,
      isMade: async (paths, was, is) => {
        t.deepEqual(
          [[...(await was(paths)).keys()], [...(await is(paths)).keys()]],
          [
            ['deploy/prod/a.yaml', 'deploy/prod/b.yaml'],
            ['deploy/prod/a.yaml', 'deploy/prod/new file "x".yaml'],
          ],
        );
        return false;
      },
    }),
    undefined,
    'a file that is not made here',
  );
  t.is(await readOwnBranch(repository.root, base, base, OURS), undefined, 'no commit of ours');
});

/** Ours with something done to it, checked out. */
const foreign = test.macro({
  title: (_, what: string) => `readOwnBranch: not ours alone: ${what}`,
  async exec(t, _what: string, change: (repository: Repository) => void) {
    const { repository, base } = withRemote(t);
    repository.git('checkout', '-q', '--detach', await ours(repository, base));
    change(repository);
    const head = repository.git('rev-parse', 'HEAD');
    t.is(await readOwnBranch(repository.root, head, base, OURS), undefined);
  },
});
test(foreign, 'a commit on top', (repository) => {
  repository.write('deploy/prod/a.yaml', 'mine\n');
  repository.commit();
});
test(foreign, 'an empty commit on top', (repository) => {
  repository.git('commit', '-q', '--allow-empty', '-m', 'again');
});
test(foreign, 'amended, with the message kept', (repository) => {
  repository.write('deploy/prod/a.yaml', 'mine\n');
  repository.git('commit', '-q', '-a', '--amend', '--no-edit');
});
test(foreign, 'a file made executable', (repository) => {
  repository.paste('chmod +x deploy/prod/a.yaml');
  repository.git('commit', '-q', '-a', '--amend', '--no-edit');
});
test(foreign, 'a merge of something that is not the base', (repository) => {
  repository.git('checkout', '-q', '-b', 'feature', 'main');
  repository.write('README.md', 'x\n');
  repository.commit();
  repository.git('checkout', '-q', '-');
  repository.git('merge', '-q', '-m', 'merge', 'feature');
});

test('readOwnBranch: a merge of the base into it is still ours, unless it brings something of its own', async (t) => {
  const { repository, base } = withRemote(t);
  const id = await ours(repository, base);
  repository.write('README.md', 'x\n');
  repository.commit();
  const moved = repository.git('rev-parse', 'HEAD');
  repository.git('checkout', '-q', '--detach', id);
  repository.git('merge', '-q', '-m', 'update', 'main');
  const head = repository.git('rev-parse', 'HEAD');
  const own = await readOwnBranch(repository.root, head, moved, OURS);
  t.is(own?.on, moved);
  repository.write('deploy/prod/a.yaml', 'mine\n');
  repository.git('commit', '-q', '-a', '--amend', '--no-edit');
  const evil = repository.git('rev-parse', 'HEAD');
  t.is(await readOwnBranch(repository.root, evil, moved, OURS), undefined);
});

test('hasMoved: only where the base changed files of the branch', async (t) => {
  const { repository, base } = withRemote(t);
  const id = await ours(repository, base);
  const own = await readOwnBranch(repository.root, id, base, OURS);
  if (own === undefined) throw new Error('ours');
  t.false(await hasMoved(repository.root, own, base));
  repository.write('README.md', 'x\n');
  repository.commit();
  t.false(await hasMoved(repository.root, own, repository.git('rev-parse', 'HEAD')));
  repository.write('deploy/prod/b.yaml', 'b: 3\n');
  repository.commit();
  t.true(await hasMoved(repository.root, own, repository.git('rev-parse', 'HEAD')));
});

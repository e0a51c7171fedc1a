import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { PkiError } from '../../src/errors.ts';
import { observeHead } from '../../src/observe/source/head.ts';

const scratch = mkdtempSync(path.join(tmpdir(), 'cdk8s-pki-head-'));
test.after.always(() => {
  rmSync(scratch, { recursive: true });
});

async function repository(name: string, files: readonly string[]): Promise<string> {
  const folder = path.join(scratch, name);
  mkdirSync(folder);
  const git = (...args: readonly string[]): Promise<unknown> => execa('git', args, { cwd: folder });
  await git('init', '-q');
  for (const file of files) {
    mkdirSync(path.join(folder, path.dirname(file)), { recursive: true });
    writeFileSync(path.join(folder, file), 'x');
  }
  if (files.length > 0) {
    await git('add', '-A');
    await git('-c', 'user.name=t', '-c', 'user.email=t@example.com', 'commit', '-qm', 'x');
  }
  return folder;
}

const keysetsOf = async (folder: string, tree: string): Promise<string[]> => [
  ...(await observeHead(folder, tree)).keysets,
];

const KEYSET = 'deploy/prod/pki/ca/keyset.yaml';

test('observeHead: the keysets of the last commit, whatever became of the work tree', async (t) => {
  const folder = await repository('whole', [
    KEYSET,
    'deploy/prod/pki/web.sops.yaml',
    'keyset.yaml',
  ]);
  rmSync(path.join(folder, 'deploy'), { recursive: true });
  t.deepEqual(await keysetsOf(folder, 'deploy'), ['prod/ca']);
  t.deepEqual(await keysetsOf(folder, 'other'), []);
});

test('observeHead: from a folder below the top of the repository', async (t) => {
  const folder = path.join(await repository('below', [`fleet/${KEYSET}`, KEYSET]), 'fleet');
  t.deepEqual(await keysetsOf(folder, 'deploy'), ['prod/ca']);
});

test('observeHead: none outside a repository and before the first commit', async (t) => {
  const outside = path.join(scratch, 'outside');
  mkdirSync(outside);
  t.deepEqual(await keysetsOf(outside, 'deploy'), []);
  t.deepEqual(await keysetsOf(await repository('unborn', []), 'deploy'), []);
});

test('observeHead: a repository that git cannot read is an error, never an empty one', async (t) => {
  const folder = path.join(scratch, 'broken');
  mkdirSync(folder);
  writeFileSync(path.join(folder, '.git'), 'gitdir: /nowhere');
  const error = await t.throwsAsync<PkiError>(observeHead(folder, 'deploy'), {
    instanceOf: PkiError,
  });
  t.is(error.code, 'ERR_READ');
  t.regex(error.hints.join('\n'), /safe\.directory/u);
});

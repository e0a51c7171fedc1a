import test, { type ExecutionContext } from 'ava';
import { declaration } from '../_helpers/declaration.ts';
import { refused } from '../_helpers/refusal.ts';
import { newPerson, type Repository, synthesized } from '../_helpers/run-cli.ts';

const alice = await newPerson();
const at = (day: number): string => `2026-12-${String(day).padStart(2, '0')}T00:00:00Z`;
const KEYSET = 'deploy/prod/pki/ca/keyset.yaml';
const REPLACE = ['rotate', 'prod', 'ca', '--compromised'] as const;

const made = (t: ExecutionContext): Promise<Repository> =>
  synthesized(t, declaration({ recipients: [alice.recipient] }), at(1));

async function done(t: ExecutionContext, repository: Repository, ...args: readonly string[]) {
  const { status, stderr } = await repository.run(args, { as: alice });
  t.is(status, 0, stderr);
}

const UNCOMMITTED = {
  code: 'ERR_ROTATION',
  message: /^the entry of "prod\/ca" that issues is not committed: /u,
  hint: /^it may be the replacement that is asked for: git diff shows it/u,
};

test('rotate --compromised: what it has made is not replaced again before it is committed, which nobody could merge', async (t) => {
  const repository = await made(t);
  await done(t, repository, ...REPLACE, '--now', at(2));
  const once = repository.files();
  for (const more of [[], ['--dry-run']])
    await refused(t, repository, [...REPLACE, ...more, '--now', at(2)], UNCOMMITTED, { as: alice });
  t.deepEqual(repository.files(), once);
  repository.commit('replaced', at(2));
  await done(t, repository, ...REPLACE, '--now', at(3));
  t.not(repository.read(KEYSET), once[KEYSET]);
});

test('rotate --compromised: follows a stage that is not committed where the committed entry still issues', async (t) => {
  const repository = await made(t);
  await done(t, repository, 'rotate', 'prod', 'ca', '--now', at(2));
  await done(t, repository, ...REPLACE, '--now', at(2));
  t.is(repository.read(KEYSET).match(/state: issuing/gu)?.length, 1);
  t.notRegex(repository.read(KEYSET), /state: (?:incoming|outgoing)/u);
});

test('rotate --compromised: does not follow an issue that is not committed', async (t) => {
  const repository = await made(t);
  await done(t, repository, 'rotate', 'prod', 'ca', '--now', at(2));
  repository.commit('accept', at(2));
  await done(t, repository, 'rotate', 'prod', 'ca', '--now', at(5));
  await refused(t, repository, [...REPLACE, '--now', at(5)], UNCOMMITTED, { as: alice });
});

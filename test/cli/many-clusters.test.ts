import { randomBytes } from 'node:crypto';
import test from 'ava';
import { declaration } from '../_helpers/declaration.ts';
import { changed, newPerson, Repository } from '../_helpers/run-cli.ts';

/** So many that worker threads share them, where there is more than one processor. */
const names = Array.from({ length: 60 }, (_, index) => `c${String(index).padStart(2, '0')}`);

const alice = await newPerson();
const main = (over: Partial<Parameters<typeof declaration>[0]> = {}): string =>
  declaration({ recipients: [alice.recipient], clusters: names, ...over });

interface Plan {
  readonly actions: readonly { readonly credential: string }[];
}

test('synth of many clusters: makes all, in the order of the declaration, and then nothing', async (t) => {
  const repository = new Repository(t, { 'clusters/main.js': main() });
  const { status, stdout } = await repository.run(['synth', '--output', 'json']);
  t.is(status, 0);
  const { actions } = JSON.parse(stdout) as Plan;
  t.deepEqual(
    actions.map(({ credential }) => credential),
    names.flatMap((name) => [`${name}/ca`, `${name}/web`]),
  );
  const before = repository.files();
  const again = await repository.run(['synth']);
  t.is(again.stdout, 'nothing to do: 60 clusters are as declared\n');
  t.deepEqual(changed(before, repository.files()), []);

  // what a thread cannot read comes back as the error that it is
  const file = 'deploy/c30/pki/ca/keyset.yaml';
  repository.write(file, repository.read(file).replace('revision: 1', 'revision: 2'));
  const damaged = await repository.run(['plan']);
  t.is(damaged.status, 1);
  t.regex(damaged.stderr, /^cdk8s-pki: error: "deploy\/c30\/pki\/ca\/keyset.yaml"/);
  t.regex(damaged.stderr, /\ncdk8s-pki: hint: /);

  // and what is wrong elsewhere is told with it
  repository.remove('deploy/c07/pki/ca');
  const both = await repository.run(['synth']);
  t.is(both.status, 1);
  t.regex(both.stderr, /^cdk8s-pki: error: 2 clusters have errors \[ERR_[A-Z_]+\]\n/);
  t.regex(
    both.stderr,
    /\n.*\[c07\] ERR_AUTHORITY_MISSING .*\n(?:.*\n)*.*\[c30\] ERR_KEYSET_SIGNATURE /,
  );
});

test('synth of many clusters: an identity is looked for once, and only where one is needed', async (t) => {
  const repository = new Repository(t, { 'clusters/main.js': main() });
  const asked = `asked-${randomBytes(4).toString('hex')}`;
  repository.write('identity.sh', `echo asked >> ${asked}\necho ${alice.identity}\n`);
  const environment = { SOPS_AGE_KEY_CMD: 'sh identity.sh' };
  const fresh = await repository.run(['synth'], { environment });
  t.is(fresh.status, 0, fresh.stderr);
  t.false(asked in repository.files());

  repository.write('clusters/main.js', main({ sans: ['web.example.com', 'www.example.com'] }));
  const before = repository.files();
  const without = await repository.run(['synth']);
  t.is(without.status, 1);
  t.regex(without.stderr, /error: \d+ actions need an identity of a custodian/);
  for (const name of names) t.true(without.stderr.includes(`issue ${name}/web`), name);
  t.deepEqual(changed(before, repository.files()), []);

  const renewed = await repository.run(['synth'], { environment });
  t.is(renewed.status, 0, renewed.stderr);
  t.is(repository.read(asked), 'asked\n');
  t.is((await repository.run(['plan'])).status, 0);
});

test('synth --shard: clones that share the work, merged by git, are the whole', async (t) => {
  const few = names.slice(0, 7);
  const files = { 'clusters/main.js': main({ clusters: [...few].reverse() }) };
  const whole = new Repository(t, files);
  await whole.run(['synth']);
  const base = new Repository(t, files);
  base.commit();
  const total = 3;
  for (let index = 1; index <= total; index += 1) {
    base.git('checkout', '-q', '-b', `shard-${index}`, 'main');
    const { status, stderr } = await base.run(['synth', '--shard', `auto/${total}`], {
      environment: { JOB_COMPLETION_INDEX: String(index - 1) },
    });
    t.is(status, 0, stderr);
    base.commit();
  }
  base.git('checkout', '-q', 'shard-1');
  for (const other of ['shard-2', 'shard-3']) base.git('merge', '-q', '--no-edit', other);

  t.deepEqual(Object.keys(base.files()).sort(), withIdsOf(base, whole));
  const ledger = (repository: Repository): string[] =>
    repository
      .read('deploy/authorities.yaml')
      .replaceAll(/id: .*/gu, '')
      .split('\n');
  t.deepEqual(ledger(base), ledger(whole));
  for (const file of ['.sops.yaml', '.gitattributes']) t.is(base.read(file), whole.read(file));
  const planned = await base.run(['plan']);
  t.is(planned.stdout, 'nothing to do: 7 clusters are as declared\n');
});

/** The files of `whole`, with the ids that the keys of `base` have. */
function withIdsOf(base: Repository, whole: Repository): string[] {
  const idOf = (repository: Repository, cluster: string): string =>
    /id: "?([0-9a-f]{16})/u.exec(repository.read(`deploy/${cluster}/pki/ca/keyset.yaml`))?.[1] ??
    '';
  return Object.keys(whole.files())
    .map((file) => {
      const cluster = /^deploy\/(c\d+)\/pki\/ca\/[0-9a-f]{16}/u.exec(file)?.[1];
      return cluster === undefined ? file : file.replace(idOf(whole, cluster), idOf(base, cluster));
    })
    .sort();
}

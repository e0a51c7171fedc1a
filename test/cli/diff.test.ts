import process from 'node:process';
import test from 'ava';
import { declaration } from '../_helpers/declaration.ts';
import { newPerson, Repository } from '../_helpers/run-cli.ts';

const alice = await newPerson();
const main = (over: Partial<Parameters<typeof declaration>[0]> = {}): string =>
  declaration({ recipients: [alice.recipient], clusters: ['prod', 'test'], ...over });

interface Report {
  readonly base: { readonly revision: string; readonly commit: string };
  readonly flags: readonly { readonly code: string; readonly cluster: string | null }[];
  readonly totals: Readonly<Record<string, number>>;
  readonly clusters: readonly {
    readonly name: string;
    readonly certificates: readonly { readonly before: { readonly notAfter: string } }[];
  }[];
}

/** A committed tree of two clusters, and another name for the certificate of one of them. */
async function changedRepository(
  t: ConstructorParameters<typeof Repository>[0],
): Promise<Repository> {
  const repository = new Repository(t, { 'clusters/main.js': main() });
  await repository.run(['synth']);
  repository.commit('the first');
  return repository;
}

async function issueAgain(repository: Repository): Promise<void> {
  const names = main({ sans: ['web.example.com', 'b.example.com'], clusters: ['prod'] });
  const both = main().replace(
    /dnsNames: \[[^\]]*\]/u,
    /dnsNames: \[[^\]]*\]/u.exec(names)?.[0] ?? '',
  );
  repository.write('clusters/main.js', both);
  const { status, stderr } = await repository.run(['synth'], { as: alice });
  if (status !== 0) throw new Error(stderr);
}

test('diff: nothing differs right after a commit, without an identity', async (t) => {
  const repository = await changedRepository(t);
  const { status, stdout, stderr } = await repository.run(['diff']);
  t.deepEqual([status, stderr], [0, '']);
  t.regex(
    stdout,
    /^## PKI: nothing differs\n\nNothing in `deploy\/`, .* differs from `HEAD` \(`[0-9a-f]{12}`\)\. .*`synth`.*\n$/u,
  );
});

test('diff: a declaration that is not yet synthesized differs in nothing that was generated, and is not called the same', async (t) => {
  const repository = await changedRepository(t);
  repository.write('clusters/main.ts', main({ sans: ['b.example.com'] }));
  const { status, stdout } = await repository.run(['diff']);
  t.is(status, 0);
  t.regex(
    stdout,
    /^Nothing in `deploy\/`, .* What a declaration changes shows here once `synth`/mu,
  );
  t.notRegex(stdout, /work tree is as/u);
});

test('diff: markdown and JSON of the work tree against HEAD and against an earlier commit', async (t) => {
  const repository = await changedRepository(t);
  await issueAgain(repository);
  const before = repository.files();
  const { status, stdout, stderr } = await repository.run(['diff']);
  t.deepEqual([status, stderr], [0, '']);
  t.regex(stdout, /^## PKI changes: 1 warning\n/u);
  t.regex(
    stdout,
    /^- \*\*warning: SAN added\*\*: `prod\/web` is now valid for `DNS:b\.example\.com` too$/mu,
  );
  repository.commit('the second');
  t.regex((await repository.run(['diff'])).stdout, /nothing differs/u);
  const first = repository.git('rev-parse', 'HEAD^');
  const json = await repository.run(['diff', 'HEAD^', '--output', 'json']);
  const report = JSON.parse(json.stdout) as Report;
  t.deepEqual(report.base, { revision: 'HEAD^', commit: first });
  t.deepEqual(
    report.flags.map(({ code, cluster }) => [code, cluster]),
    [['SanAdded', 'prod']],
  );
  t.deepEqual(
    report.clusters.map(({ name }) => name),
    ['prod'],
  );
  t.regex(report.clusters[0]?.certificates[0]?.before.notAfter ?? '', /^\d{4}-.*Z$/u);
  t.deepEqual(repository.files(), before, 'no file is written');
});

test('diff: from a worktree, a folder of the repository, and a shallow clone', async (t) => {
  const repository = await changedRepository(t);
  await issueAgain(repository);
  repository.commit('the second');
  repository.git('worktree', 'add', '-q', 'elsewhere', 'HEAD^');
  const worktree = await repository.run(['diff', 'main'], { folder: 'elsewhere' });
  t.regex(worktree.stdout, /1 cluster; certificates: 1 changed/u);
  repository.git('worktree', 'remove', '--force', 'elsewhere');

  repository.git('clone', '-q', '--depth=1', `file://${repository.root}`, 'shallow');
  const shallow = await repository.run(['diff'], { folder: 'shallow' });
  t.regex(shallow.stdout, /nothing differs/u);
  const unknown = await repository.run(['diff', 'HEAD^'], { folder: 'shallow' });
  t.is(unknown.status, 2);
  t.regex(
    unknown.stderr,
    /"HEAD\^" is not a revision of this repository \[ERR_USAGE\]\n.*git fetch --depth=1/su,
  );

  repository.remove('shallow');
  repository.git('checkout', '-q', '-b', 'below', 'HEAD^');
  for (const name of ['deploy', 'clusters']) {
    repository.write(`fleet/${name}/.keep`, '');
    repository.remove(`fleet/${name}`);
    repository.git('mv', name, `fleet/${name}`);
  }
  repository.commit('moved below');
  repository.write('fleet/deploy/prod/pki/web.sops.yaml', 'x');
  const below = await repository.run(['diff'], { folder: 'fleet' });
  t.regex(
    below.stdout,
    /^Against `HEAD` \(`\w+`\): 1 cluster; certificates: 1 damaged; files: 1\.$/mu,
  );
});

for (const revision of ['nowhere', 'HEAD:deploy', 'HEAD..HEAD', '', ' ', '-x', 'HEAD^{tree}']) {
  test(`diff: "${revision}" is no revision: a usage error that names it`, async (t) => {
    const repository = new Repository(t, { 'deploy/authorities.yaml': '' });
    repository.commit();
    const { status, stdout, stderr } = await repository.run(['diff', '--', revision]);
    t.deepEqual([status, stdout], [2, '']);
    t.true(
      stderr.startsWith(
        `cdk8s-pki: error: "${revision}" is not a revision of this repository [ERR_USAGE]\n`,
      ),
    );
  });
}

test('diff: before the first commit there is nothing to compare with, and the hint is to commit', async (t) => {
  const repository = new Repository(t, { 'deploy/authorities.yaml': '' });
  const { status, stderr } = await repository.run(['diff']);
  t.is(status, 2);
  t.regex(stderr, /"HEAD" is not a revision .*\n.*hint: .*no commit yet.*git commit first/u);
  t.notRegex(stderr, /shallow/u);
  repository.commit();
  t.is((await repository.run(['diff'])).status, 0);
  const { stderr: whole } = await repository.run(['diff', 'nowhere']);
  t.notRegex(whole, /shallow/u);
});

test('diff: outside a repository is a usage error, and so is --textconv with a revision', async (t) => {
  const repository = new Repository(t, { 'deploy/authorities.yaml': '' });
  repository.remove('.git');
  const outside = await repository.run(['diff']);
  t.is(outside.status, 2);
  t.regex(outside.stderr, /hint: run it in a work tree of git/u);
  t.is((await repository.run(['diff', 'HEAD', '--textconv', 'x'])).status, 2);
});

test('diff: files that are links, damaged or hostile are reported, and nothing of the repository is run', async (t) => {
  const repository = await changedRepository(t);
  repository.write('.gitattributes', 'deploy/** filter=evil diff=evil\n');
  const evil = 'touch ran; cat';
  for (const key of ['filter.evil.clean', 'filter.evil.smudge', 'diff.evil.textconv']) {
    repository.git('config', key, evil);
  }
  repository.git('config', 'core.fsmonitor', 'touch ran');
  repository.write('deploy/prod/pki/web.sops.yaml', '<<<<<<< ours\n');
  repository.write('deploy/prod/pki/ca/keyset.yaml', Buffer.from([0, 0xff, 0x1b]));
  repository.write('deploy/prod/pki/@everyone\u001b[2J`.sops.yaml', 'x');
  repository.paste('ln -s /etc/passwd deploy/test/pki/link.sops.yaml');
  const { status, stdout, stderr } = await repository.run(['diff']);
  t.deepEqual([status, stderr], [0, '']);
  t.false('ran' in repository.files());
  repository.git('diff');
  t.true('ran' in repository.files(), 'git itself would have');
  // eslint-disable-next-line no-control-regex -- exactly this is meant
  t.notRegex(stdout, /\u001B/u);
  for (const name of ['prod/web', 'prod/ca', 'link.sops.yaml']) {
    t.regex(stdout, new RegExp(`damaged file\\*\\*: .*${name}`, 'u'));
  }
});

test('diff --textconv: git diff and git log -p show certificates and encrypted files as text', async (t) => {
  const repository = await changedRepository(t);
  await issueAgain(repository);
  t.regex(repository.read('.gitattributes'), /^deploy\/\*\* .* diff=cdk8s-pki$/mu);
  const program = repository.path('node_modules/cdk8s-pki/dist/cli.js');
  repository.git(
    'config',
    'diff.cdk8s-pki.textconv',
    `'${process.execPath}' '${program}' diff --textconv`,
  );
  const path = 'deploy/prod/manifests/Secret.default.web-tls.sops.yaml';
  const diff = repository.git('diff', '--', path);
  t.regex(diff, /^\+ {8}DNS:b\.example\.com$/mu);
  t.regex(diff, /^[-+] {6}serial number: [0-9A-F]+$/mu);
  t.notRegex(diff, /ENC\[|BEGIN |AGE ENCRYPTED/u);
  repository.commit('the second');
  const log = repository.git('log', '-p', '-1', '--', path, 'deploy/prod/pki');
  t.regex(log, /^ {4}the second$/mu);
  t.regex(log, /^\+ {8}DNS:b\.example\.com$/mu);
  t.notRegex(log, /ENC\[|BEGIN /u);
});

test('diff --textconv: a file that is not there is an error, and any other file comes back as it is', async (t) => {
  const repository = new Repository(t, { 'a.txt': 'one\r\n\ttwo' });
  const { status, stdout } = await repository.run(['diff', '--textconv', 'a.txt']);
  t.deepEqual([status, stdout], [0, 'one\r\n\ttwo\n']);
  const missing = await repository.run(['diff', '--textconv', 'b.txt']);
  t.is(missing.status, 1);
  t.regex(missing.stderr, /cannot read ".*b\.txt": ENOENT/u);
});

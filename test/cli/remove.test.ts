import test from 'ava';
import { thisProcess } from '../../src/write/process.ts';
import { declaration } from '../_helpers/declaration.ts';
import { committed, refused, synthesized, type Files } from '../_helpers/refusal.ts';
import { changed, newPerson, type Repository } from '../_helpers/run-cli.ts';

const alice = await newPerson();
const main = (over: Partial<Parameters<typeof declaration>[0]> = {}): string =>
  declaration({ recipients: [alice.recipient], ...over });

const TWO = { clusters: ['prod', 'test'] };
const NOW = ['--now', '2026-11-22T08:00:00.500Z'];
const LEDGER = 'deploy/authorities.yaml';

let made: Files;

test.before(async () => {
  made = await synthesized([alice], TWO);
});

const below = (files: Files, folder: string): string[] =>
  Object.keys(files).filter((file) => file.startsWith(`${folder}/`));

/** A repository whose tree has cluster "test" as well, which is not declared any more. */
function orphaned(t: Parameters<typeof committed>[0], over = {}): Repository {
  const repository = committed(t, made);
  repository.write('clusters/main.js', main(over));
  return repository;
}

test('remove takes an undeclared cluster out of the tree, without an identity, and leaves a tombstone', async (t) => {
  const repository = orphaned(t);
  const before = repository.files();
  const { status, stdout, stderr } = await repository.run(['remove', 'test', ...NOW]);
  const gone = below(before, 'deploy/test');
  t.deepEqual([status, stderr], [0, '']);
  t.is(stdout, `removed test: ${gone.length} files deleted\n`);
  const after = repository.files();
  t.deepEqual(changed(before, after), ['.sops.yaml', LEDGER, ...gone].sort());
  t.deepEqual(below(after, 'deploy/test'), []);
  t.is(
    after[LEDGER],
    `${before[LEDGER] ?? ''}- {cluster: test, removed: "2026-11-22T08:00:00Z"}\n`,
  );
  t.true(before['.sops.yaml']?.includes('^deploy/test/'));
  t.false(after['.sops.yaml']?.includes('^deploy/test/'));
  t.deepEqual(await repository.run(['plan']), {
    status: 0,
    stdout: 'nothing to do: 1 cluster is as declared\n',
    stderr: '',
  });
  t.is((await repository.run(['check'])).status, 0);
});

test('remove --dry-run says the same and does nothing; JSON names every file', async (t) => {
  const repository = orphaned(t);
  const before = repository.files();
  const args = ['remove', 'test', '--output', 'json', ...NOW];
  const dry = await repository.run([...args, '--dry-run']);
  t.deepEqual(repository.files(), before);
  t.deepEqual(await repository.run(args), dry);
  const { removed, files, left } = JSON.parse(dry.stdout) as {
    removed: string;
    files: { path: string; change: string }[];
    left: string[];
  };
  t.deepEqual([removed, left], ['test', []]);
  t.deepEqual(
    files.map(({ path }) => path).sort(),
    changed(before, repository.files()),
    'what it says is what it did',
  );
  t.deepEqual(
    files.filter(({ change }) => change !== 'delete').map(({ path }) => path),
    [LEDGER, '.sops.yaml'],
  );
});

test('files of the user in the folder of a removed cluster stay, and are no orphan', async (t) => {
  const repository = orphaned(t);
  const own = ['deploy/test/notes.md', 'deploy/test/pki/README', 'deploy/test/manifests/own.yaml'];
  for (const file of own) repository.write(file, 'mine\n');
  const { status, stderr } = await repository.run(['remove', 'test']);
  t.is(status, 0);
  t.deepEqual(below(repository.files(), 'deploy/test').sort(), [...own].sort());
  t.deepEqual(
    stderr.trimEnd().split('\n').sort(),
    own.map((file) => `left as it is, it was not made here: ${file}`).sort(),
  );
  t.is((await repository.run(['plan'])).status, 0);
});

test('a damaged store can be removed too', async (t) => {
  const repository = orphaned(t);
  repository.write('deploy/test/pki/ca/keyset.yaml', '<<<<<<< HEAD\n');
  repository.write('deploy/test/pki/web.sops.yaml', '');
  t.is((await repository.run(['remove', 'test'])).status, 0);
  t.deepEqual(below(repository.files(), 'deploy/test'), []);
});

test('a removed cluster that is declared again says when it was removed, and how it comes back', async (t) => {
  const repository = orphaned(t);
  const before = repository.files();
  await repository.run(['remove', 'test', ...NOW]);
  repository.commit('removed');
  repository.write('clusters/main.js', main(TWO));
  const { hints } = await refused(t, repository, ['synth'], {
    code: 'ERR_AUTHORITY_MISSING',
    message: 'cluster "test" declares keysets that were removed',
    details: ['test/ca was removed on 2026-11-22T08:00:00Z'],
    hint: /^to replace it for good, which locks out all that trust it: cdk8s-pki synth --new-authority test\/ca$/u,
  });
  repository.paste((hints[0] ?? 'false').replace('restore it from git: ', ''));
  const restored = repository.files();
  t.deepEqual(
    below(restored, 'deploy/test').map((file) => restored[file]),
    below(before, 'deploy/test').map((file) => before[file]),
  );
  t.is((await repository.run(['synth'])).status, 0);
  t.is((await repository.run(['plan'])).status, 0);
});

test('a removed cluster can be made anew, deliberately; the ledger keeps everything', async (t) => {
  const repository = orphaned(t);
  await repository.run(['remove', 'test', ...NOW]);
  repository.commit('removed');
  const ledger = repository.read(LEDGER);
  repository.write('clusters/main.js', main(TWO));
  const { status, stdout } = await repository.run(['synth', '--new-authority', 'test/ca']);
  t.is(status, 0);
  t.regex(stdout, /^create test\/ca: Replaced, /mu);
  const lines = repository.read(LEDGER);
  t.true(lines.startsWith(ledger));
  t.regex(lines.slice(ledger.length), /^- \{cluster: test, keyset: ca, id: ".*\}\n$/u);
  repository.commit();
  t.is((await repository.run(['plan'])).status, 0);
  repository.remove('deploy/test/pki/ca');
  await refused(t, repository, ['plan'], {
    code: 'ERR_AUTHORITY_MISSING',
    message: 'the store of "test" lacks a keyset that was made before',
    hint: /git checkout HEAD/u,
  });
});

for (const [title, name, over, expected] of [
  [
    'a declared cluster',
    'prod',
    {},
    {
      code: 'ERR_IN_USE',
      message: 'cluster "prod" is declared',
      hint: /^take it out of the declaration first/u,
    },
  ],
  [
    'a declared keyset',
    'prod/ca',
    {},
    {
      code: 'ERR_IN_USE',
      message: 'node or keyset "prod/ca" is declared',
      hint: /^take it out of the declaration first/u,
    },
  ],
  [
    'a cluster that is not there',
    'tset',
    {},
    { code: 'ERR_USAGE', status: 2, message: 'the tree has no store of "tset"', hint: /plan/u },
  ],
  [
    'a node that is not there',
    'prod/cp-7',
    {},
    {
      code: 'ERR_USAGE',
      status: 2,
      message: 'the tree has no store of "prod/cp-7"',
      hint: /plan/u,
    },
  ],
  [
    'a part of a cluster that is not declared',
    'test/ca',
    {},
    {
      code: 'ERR_USAGE',
      status: 2,
      message: 'cluster "test" is not declared',
      hint: /^remove all of it: cdk8s-pki remove test$/u,
    },
  ],
  [
    'a path',
    '../prod',
    {},
    {
      code: 'ERR_USAGE',
      status: 2,
      message: '"../prod" is not the name of a cluster, a node or a keyset',
      hint: /such as prod/u,
    },
  ],
] as const) {
  test(`remove refuses ${title}`, async (t) => {
    const repository = orphaned(t, over);
    await repository.run(['plan']);
    await refused(t, repository, ['remove', name], expected);
  });
}

test('remove twice says when it was removed', async (t) => {
  const repository = orphaned(t);
  await repository.run(['remove', 'test', ...NOW]);
  await refused(t, repository, ['remove', 'test'], {
    code: 'ERR_USAGE',
    status: 2,
    message: '"test" was removed on 2026-11-22T08:00:00Z',
    hint: /plan/u,
  });
});

test('a cluster whose authority issued what others use stays, and they are named', async (t) => {
  const shared = `
new pki.Certificate(prod, 'mesh', { issuer: testCa, profile: 'peer', dnsNames: ['mesh.example.com'] });`;
  const repository = committed(t, await synthesized([alice], { ...TWO, extra: shared }));
  repository.write('clusters/main.js', main());
  const used = {
    code: 'ERR_IN_USE',
    message: '"test" has issued certificates that stand in trees of declared clusters',
    details: ['deploy/prod/pki/mesh.sops.yaml'],
    hint: /^declare it again, give these another issuer and run cdk8s-pki synth$/u,
  };
  await refused(t, repository, ['remove', 'test'], used);
  repository.write('clusters/main.js', main(TWO)); // as the hint says
  t.is((await repository.run(['synth'])).status, 0);
  repository.write('clusters/main.js', main());
  t.is((await repository.run(['remove', 'test'])).status, 0);
});

test('an undeclared node goes with its files; its cluster stays consistent and gets no tombstone', async (t) => {
  const nodes = (names: readonly string[]): string =>
    `import { App, KubeadmCluster } from 'cdk8s-pki';
const app = new App({ recipients: ['${alice.recipient}'] });
new KubeadmCluster(app, 'prod', {
  controlPlaneEndpoint: 'api.example.com',
  controlPlaneNodes: [${names.map((name, index) => `{ name: '${name}', advertiseAddress: '10.0.0.${index + 1}' }`).join(', ')}],
});
export default app;
`;
  const repository = committed(t, {
    ...(await synthesized([alice], { clusters: [] })),
    'clusters/main.js': nodes(['cp-1', 'cp-2', 'cp-9']),
  });
  t.is((await repository.run(['synth'])).status, 0);
  repository.commit();
  repository.write('clusters/main.js', nodes(['cp-1', 'cp-2']));
  await refused(
    t,
    repository,
    ['synth'],
    {
      code: 'ERR_ORPHANED',
      message: 'the tree has stores that the declaration does not know',
      details: ['node "prod/cp-9" has a store but no declaration'],
      hint: /cdk8s-pki remove prod\/cp-9$/u,
    },
    { as: alice },
  );
  const before = repository.files();
  t.is((await repository.run(['remove', 'prod/cp-9'])).status, 0);
  const after = repository.files();
  t.deepEqual(
    changed(before, after).filter((file) => !/\/cp-9\//u.test(file)),
    ['.sops.yaml', 'deploy/prod/INVENTORY.md', 'deploy/prod/inventory.json'],
  );
  t.deepEqual(
    Object.keys(after).filter((file) => /\/cp-9\//u.test(file)),
    [],
  );
  for (const file of ['.sops.yaml', 'deploy/prod/INVENTORY.md', 'deploy/prod/inventory.json'])
    t.false(after[file]?.includes('cp-9'), file);
  t.is((await repository.run(['synth'], { as: alice })).status, 0);
  const synthesizedAfter = repository.files();
  for (const file of ['deploy/prod/INVENTORY.md', 'deploy/prod/inventory.json'])
    t.is(after[file], synthesizedAfter[file], 'as synth writes it');
});

test('an undeclared keyset goes with a tombstone', async (t) => {
  const extra = `new pki.CertificateAuthority(prod, 'old-ca', { subject: { commonName: 'old' } });`;
  const repository = committed(t, await synthesized([alice], { extra }));
  repository.write('clusters/main.js', main());
  await refused(t, repository, ['synth'], {
    code: 'ERR_ORPHANED',
    message: 'the tree has stores that the declaration does not know',
    hint: /cdk8s-pki remove prod\/old-ca$/u,
  });
  t.is((await repository.run(['remove', 'prod/old-ca', ...NOW])).status, 0);
  t.is((await repository.run(['plan'])).status, 0);
  t.true(
    repository
      .read(LEDGER)
      .endsWith('\n- {cluster: prod, keyset: old-ca, removed: "2026-11-22T08:00:00Z"}\n'),
  );
  repository.write('clusters/main.js', main({ extra }));
  await refused(t, repository, ['plan'], {
    code: 'ERR_AUTHORITY_MISSING',
    message: 'cluster "prod" declares keysets that were removed',
    details: ['prod/old-ca was removed on 2026-11-22T08:00:00Z'],
    hint: /git checkout HEAD -- 'deploy\/prod\/pki\/old-ca'$/u,
  });
});

test('remove waits for no other run: a lock of a live one stops it', async (t) => {
  const repository = orphaned(t);
  const holder = { ...thisProcess(), since: new Date().toISOString() };
  repository.write('.cdk8s-pki/lock', JSON.stringify(holder));
  await refused(t, repository, ['remove', 'test'], {
    code: 'ERR_LOCKED',
    message: /^another run works on this tree/u,
    hint: /wait for it/u,
  });
});

for (const [title, move] of [
  ['with git', (repository) => repository.git('mv', 'deploy/prod', 'deploy/gamma')],
  [
    'by hand, of a declared cluster',
    (repository) => {
      repository.paste('mv deploy/prod deploy/gamma');
    },
  ],
  [
    'and committed',
    (repository) => {
      repository.git('mv', 'deploy/prod', 'deploy/gamma');
      repository.commit();
    },
  ],
] as readonly (readonly [string, (repository: Repository) => unknown])[]) {
  test(`keys of a cluster whose folder was renamed ${title} are not removed, and the hint moves it back`, async (t) => {
    const repository = committed(t, made);
    move(repository);
    const expected = {
      code: 'ERR_STORE',
      message: /^"deploy\/gamma" holds the store of "prod": "deploy\/gamma\/pki\/.*" says so$/u,
      hint: /^move it back: git mv 'deploy\/gamma' 'deploy\/prod' \|\| mv/u,
    };
    for (const args of [['plan'], ['synth'], ['remove', 'gamma', '--dry-run']])
      await refused(t, repository, args, expected, { as: alice });
    const { hints } = await refused(t, repository, ['remove', 'gamma'], expected, { as: alice });
    repository.paste((hints[0] ?? 'false').replace('move it back: ', ''));
    t.deepEqual(repository.files(), made);
    t.is((await repository.run(['plan'])).status, 0);
  });
}

test('the copy of a cluster under another name is told from a renamed one', async (t) => {
  const repository = committed(t, made);
  repository.paste('cp -r deploy/prod deploy/gamma');
  const { hints } = await refused(t, repository, ['remove', 'gamma'], {
    code: 'ERR_STORE',
    message: /^"deploy\/gamma" holds the store of "prod"/u,
    hint: /^it is a copy, "deploy\/prod" is there as well: delete the copy: rm -r 'deploy\/gamma'$/u,
  });
  repository.paste((hints[0] ?? 'false').replace(/^.*delete the copy: /u, ''));
  t.deepEqual(repository.files(), made);
});

test('a keyset whose folder was renamed is not removed under its new name', async (t) => {
  const repository = committed(t, made);
  repository.git('mv', 'deploy/prod/pki/ca', 'deploy/prod/pki/gone-ca');
  const { hints } = await refused(t, repository, ['remove', 'prod/gone-ca'], {
    code: 'ERR_STORE',
    message: /^"deploy\/prod\/pki\/gone-ca" holds the store of "prod\/ca": ".*" says so$/u,
    hint: /^move it back: git mv/u,
  });
  repository.paste((hints[0] ?? 'false').replace('move it back: ', ''));
  t.is((await repository.run(['plan'])).status, 0);
});

const PAGE = 'deploy/prod/ROTATION.md';
const keysets = (...names: readonly string[]): string =>
  main({
    extra: names.map((name) => `new pki.CertificateAuthority(prod, '${name}');`).join('\n'),
  });

for (const [others, sections] of [
  [[], undefined],
  [['other'], ['## other: accept']],
] as const)
  test(`remove of a keyset in the middle of its rotation takes its runbook along${others.length === 0 ? '' : ', and leaves that of another one'}`, async (t) => {
    const repository = committed(t, made);
    const steps = [
      [keysets(...others, 'extra'), ['remove', 'test']],
      [keysets(...others, 'extra'), ['synth']],
      ...[...others, 'extra'].map(
        (name) => [keysets(...others, 'extra'), ['rotate', 'prod', name]] as const,
      ),
    ] as const;
    for (const [text, args] of steps) {
      repository.write('clusters/main.js', text);
      const { status, stderr } = await repository.run(args, { as: alice });
      t.is(status, 0, stderr);
      repository.commit(args.join(' '));
    }
    t.true(repository.read(PAGE).includes('## extra: accept'));
    repository.write('clusters/main.js', keysets(...others));
    const { status, stderr } = await repository.run(['remove', 'prod/extra']);
    t.is(status, 0, stderr);
    t.deepEqual(repository.files()[PAGE]?.match(/^## .*$/gmu), sections);
    const plan = await repository.run(['plan']);
    t.deepEqual([plan.status, plan.stdout], [0, 'nothing to do: 1 cluster is as declared\n']);
  });

import test from 'ava';
import { declaration } from '../_helpers/declaration.ts';
import { changed, newPerson, Repository, type Result } from '../_helpers/run-cli.ts';

const alice = await newPerson();
const bob = await newPerson();
const eve = await newPerson();
const main = (over: Partial<Parameters<typeof declaration>[0]> = {}): string =>
  declaration({ recipients: [alice.recipient], ...over });

const WEB = 'deploy/prod/pki/web.sops.yaml';
const SECRET = 'deploy/prod/manifests/Secret.default.web-tls.sops.yaml';
const INVENTORY = ['deploy/prod/INVENTORY.md', 'deploy/prod/inventory.json'];

/** On another day, or what is issued again would end on the same one. */
const LATER = ['--now', '2026-11-25T08:00:00Z'];

/** A repository with a committed tree, and its files. */
async function made(
  t: ConstructorParameters<typeof Repository>[0],
  over: Partial<Parameters<typeof declaration>[0]> = {},
): Promise<{ repository: Repository; before: Record<string, string> }> {
  const repository = new Repository(t, { 'clusters/main.js': main(over) });
  const { status, stderr } = await repository.run(['synth', '--now', '2026-11-22T08:00:00Z']);
  if (status !== 0) throw new Error(stderr);
  repository.commit();
  return { repository, before: repository.files() };
}

const errorLine = ({ stderr }: Result): string | undefined => stderr.split('\n')[0];

test('synth: a fresh tree is made without any identity', async (t) => {
  const repository = new Repository(t, { 'clusters/main.js': main() });
  const { status, stdout, stderr } = await repository.run(['synth']);
  t.deepEqual([status, stderr], [0, '']);
  t.is(
    stdout,
    [
      'create prod/ca: Missing, the store has no such keyset',
      'issue prod/web: Missing, the store has no such credential',
      'files: 9 created',
      '1 cluster is as declared',
      '',
    ].join('\n'),
  );
  const files = Object.keys(repository.files()).filter((file) => file.startsWith('deploy/'));
  t.deepEqual(
    files.map((file) => file.replace(/[0-9a-f]{16}/u, 'ID')).sort(),
    [
      'deploy/authorities.yaml',
      ...INVENTORY,
      SECRET,
      'deploy/prod/pki/ca/ID.sops.yaml',
      'deploy/prod/pki/ca/keyset.yaml',
      WEB,
    ].sort(),
  );
});

test('synth: git sees neither lock nor journal', async (t) => {
  const { repository } = await made(t);
  t.is(repository.git('status', '--porcelain'), '');
  t.deepEqual(
    Object.keys(repository.files()).filter((file) => file.startsWith('.cdk8s-pki/')),
    ['.cdk8s-pki/.gitignore'],
  );
});

test('synth: a second run changes no byte and looks for no identity', async (t) => {
  const { repository, before } = await made(t);
  const environment = {
    SOPS_AGE_KEY: 'not an identity',
    SOPS_AGE_KEY_FILE: '/nonexistent',
    SOPS_AGE_KEY_CMD: 'false',
  };
  t.deepEqual(await repository.run(['synth', '--now', '2030-01-01T00:00:00Z'], { environment }), {
    status: 0,
    stdout: 'nothing to do: 1 cluster is as declared\n',
    stderr: '',
  });
  t.deepEqual(repository.files(), before);
});

test('synth: JSON on standard output and nothing else', async (t) => {
  const repository = new Repository(t, { 'clusters/main.js': main() });
  const { status, stdout, stderr } = await repository.run(['synth', '-o', 'json']);
  t.deepEqual([status, stderr], [0, '']);
  const result = JSON.parse(stdout) as Record<string, readonly unknown[]>;
  t.deepEqual(
    Object.entries(result).map(([key, list]) => [key, list.length]),
    [
      ['actions', 2],
      ['files', 9],
      ['findings', 0],
    ],
  );
});

test('synth: a changed SAN without an identity fails and leaves everything as it was', async (t) => {
  const { repository } = await made(t);
  repository.write('clusters/main.js', main({ sans: ['new.example.com'] }));
  const before = repository.files();
  const { status, stdout, stderr } = await repository.run(['synth']);
  t.deepEqual([status, stdout], [1, '']);
  t.is(
    stderr,
    [
      'cdk8s-pki: error: 1 action needs an identity of a custodian [ERR_IDENTITY_NEEDED]',
      'cdk8s-pki:   issue prod/web (SansChanged)',
      'cdk8s-pki: hint: set SOPS_AGE_KEY_FILE to the identity file of a custodian; nothing was written',
      'cdk8s-pki: hint: or leave these clusters as they are: cdk8s-pki synth --partial',
      '',
    ].join('\n'),
  );
  t.deepEqual(repository.files(), before);
});

test('synth: a changed SAN with an identity changes exactly that leaf and what holds it', async (t) => {
  const { repository, before } = await made(t);
  repository.write('clusters/main.js', main({ sans: ['new.example.com'] }));
  const { status, stdout, stderr } = await repository.run(['synth', ...LATER], { as: alice });
  t.deepEqual([status, stderr], [0, '']);
  t.is(
    stdout,
    [
      'issue prod/web: SansChanged, subject alternative names: added DNS:new.example.com; removed DNS:web.example.com',
      'files: 4 updated',
      '1 cluster is as declared',
      '',
    ].join('\n'),
  );
  t.deepEqual(
    changed(before, repository.files()),
    [...INVENTORY, SECRET, WEB, 'clusters/main.js'].sort(),
  );
});

test('synth: the identity of somebody else decrypts nothing and changes nothing', async (t) => {
  const { repository } = await made(t);
  repository.write('clusters/main.js', main({ sans: ['new.example.com'] }));
  const before = repository.files();
  const result = await repository.run(['synth'], { as: eve });
  t.deepEqual([result.status, result.stdout], [1, '']);
  t.regex(
    errorLine(result) ?? '',
    /^cdk8s-pki: error: cannot decrypt "deploy\/prod\/pki\/ca\/[0-9a-f]{16}\.sops\.yaml": /u,
  );
  t.deepEqual(repository.files(), before);
});

test('synth: nobody’s private key is printed, in no mode', async (t) => {
  const { repository } = await made(t);
  repository.write('clusters/main.js', main({ sans: ['new.example.com'] }));
  for (const environment of [{}, { CDK8S_PKI_DEBUG: '1' }]) {
    for (const as of [eve, alice]) {
      const { stdout, stderr } = await repository.run(['synth'], { as, environment });
      t.false(`${stdout}${stderr}`.includes('PRIVATE KEY'));
      t.false(`${stdout}${stderr}`.includes(as.identity));
    }
  }
});

test('synth --partial: leaves clusters that need an identity, does the others, and says so', async (t) => {
  const { repository, before } = await made(t);
  repository.write(
    'clusters/main.js',
    main({ sans: ['new.example.com'], clusters: ['prod', 'test'] }),
  );
  const { status, stdout, stderr } = await repository.run(['synth', '--partial']);
  t.is(status, 0);
  t.is(stderr, 'left as it is, it needs an identity: prod\n');
  t.regex(stdout, /^create test\/ca/u);
  t.regex(stdout, /\n1 cluster is as declared\n$/u);
  t.deepEqual(
    changed(before, repository.files()).filter((file) => file.startsWith('deploy/prod/')),
    [],
  );
  t.truthy(repository.read('deploy/test/pki/web.sops.yaml'));
});

test('synth --partial: with nothing else to do, it does not say that all is as declared', async (t) => {
  const { repository } = await made(t);
  repository.write('clusters/main.js', main({ sans: ['new.example.com'] }));
  t.deepEqual(await repository.run(['synth', '--partial']), {
    status: 0,
    stdout: '0 clusters are as declared\n',
    stderr: 'left as it is, it needs an identity: prod\n',
  });
});

test('synth --cluster: touches the named cluster alone', async (t) => {
  const repository = new Repository(t, {
    'clusters/main.js': main({ clusters: ['prod', 'test'] }),
  });
  const { status } = await repository.run(['synth', '--cluster', 'test']);
  t.is(status, 0);
  const files = Object.keys(repository.files());
  t.true(files.includes('deploy/test/pki/web.sops.yaml'));
  t.false(files.some((file) => file.startsWith('deploy/prod/')));
  t.is((await repository.run(['synth'])).status, 0);
  t.is((await repository.run(['plan'])).status, 0);
});

test('synth: a leaf that is no longer declared goes, with everything made of it', async (t) => {
  const extra = `
const more = new pki.Certificate(prod, 'more', { issuer: prodCa, profile: 'server', dnsNames: ['more.example.com'] });
new pki.TlsSecret(prod, 'more-tls', { certificate: more });`;
  const { repository, before } = await made(t, { extra });
  repository.write('clusters/main.js', main());
  const { status, stdout } = await repository.run(['synth']);
  t.is(status, 0);
  t.regex(
    stdout,
    /^delete prod\/more: NotDeclared, it is no longer declared; unless it is revoked, its certificate is good until \S+\nfiles: 2 updated, 2 deleted\n/u,
  );
  const now = repository.files();
  t.deepEqual(
    Object.keys(before).filter((file) => !(file in now)),
    ['deploy/prod/manifests/Secret.more-tls.sops.yaml', 'deploy/prod/pki/more.sops.yaml'],
  );
  t.deepEqual(
    changed(before, now)
      .filter((file) => file in now)
      .sort(),
    [...INVENTORY, 'clusters/main.js'].sort(),
  );
});

test('synth: files in the tree that it did not make are never deleted', async (t) => {
  const { repository } = await made(t);
  const own = [
    'deploy/README.md',
    'deploy/prod/notes.txt',
    'deploy/prod/manifests/mine.yaml',
    'deploy/prod/pki/README.md',
  ];
  for (const file of own) repository.write(file, 'mine\n');
  repository.write('clusters/main.js', main({ sans: ['new.example.com'] }));
  t.is((await repository.run(['synth'], { as: alice })).status, 0);
  for (const file of own) t.is(repository.read(file), 'mine\n');
});

for (const [what, file, edit] of [
  ['a public value edited', SECRET, (text: string) => text.replace('name: web-tls', 'name: mine')],
  [
    'a Secret decrypted in place',
    SECRET,
    (text: string) =>
      text.replace(/tls\.key: .*/u, 'tls.key: c2VjcmV0').replace(/^sops:[^]*/mu, ''),
  ],
  [
    'a Secret whose encrypted value is plain',
    SECRET,
    (text: string) => text.replace(/tls\.key: .*/u, 'tls.key: c2VjcmV0'),
  ],
  [
    'a Secret with conflict markers',
    SECRET,
    (text: string) => `<<<<<<< HEAD\n${text}=======\n>>>>>>> x\n`,
  ],
] as const) {
  test(`synth: ${what} is repaired, with an identity, and nothing else changes`, async (t) => {
    const { repository, before } = await made(t);
    repository.write(file, edit(repository.read(file)));
    const edited = repository.files();
    const without = await repository.run(['synth']);
    t.deepEqual(
      [without.status, errorLine(without)],
      [1, 'cdk8s-pki: error: 1 action needs an identity of a custodian [ERR_IDENTITY_NEEDED]'],
    );
    t.deepEqual(repository.files(), edited);
    t.is((await repository.run(['synth'], { as: alice })).status, 0);
    t.deepEqual(changed(before, repository.files()), [file]);
    t.false(repository.read(file).includes('c2VjcmV0'));
    t.is((await repository.run(['plan'])).status, 0);
  });
}

for (const file of [...INVENTORY, '.sops.yaml', '.gitattributes']) {
  test(`synth: ${file} removed or edited is written again without an identity`, async (t) => {
    const { repository, before } = await made(t);
    repository.remove(file);
    t.is((await repository.run(['synth'])).status, 0);
    t.deepEqual(repository.files(), before);
  });
}

test('synth: a leaf that is deleted or damaged is issued again, with an identity', async (t) => {
  const { repository, before } = await made(t);
  repository.write(WEB, `<<<<<<< HEAD\n${repository.read(WEB)}`);
  const without = await repository.run(['synth']);
  t.is(without.status, 1);
  t.true(without.stderr.includes('issue prod/web (Unreadable)'));
  const { status, stdout } = await repository.run(['synth', ...LATER], { as: alice });
  t.is(status, 0);
  t.true(
    stdout.includes(`issue prod/web: Unreadable, "${WEB}": the file holds merge-conflict markers`),
  );
  t.deepEqual(changed(before, repository.files()), [...INVENTORY, SECRET, WEB].sort());
});

test('synth: recipients added are given every file, with new data keys', async (t) => {
  const { repository, before } = await made(t);
  repository.write('clusters/main.js', main({ recipients: [alice.recipient, bob.recipient] }));
  const { status, stdout } = await repository.run(['synth'], { as: alice });
  t.is(status, 0);
  t.regex(stdout, /^reencrypt prod\/ca: RecipientsChanged/u);
  for (const file of changed(before, repository.files()).filter((name) =>
    name.endsWith('.sops.yaml'),
  ))
    t.true(repository.read(file).includes(bob.recipient), file);
  repository.write(
    'clusters/main.js',
    main({ recipients: [alice.recipient, bob.recipient], sans: ['b.example.com'] }),
  );
  t.is((await repository.run(['synth'], { as: bob })).status, 0, 'the new one can issue');
});

test('synth: a recipient taken away needs to be named as removed', async (t) => {
  const { repository, before } = await made(t, { recipients: [alice.recipient, bob.recipient] });
  repository.write('clusters/main.js', main());
  const refused = await repository.run(['synth'], { as: alice });
  t.is(refused.status, 1);
  t.regex(
    errorLine(refused) ?? '',
    /is encrypted to a recipient that is not declared \[ERR_UNKNOWN_RECIPIENT\]$/u,
  );
  t.true(refused.stderr.includes(bob.recipient));
  t.deepEqual(changed(before, repository.files()), ['clusters/main.js']);
  const app = `removedRecipients: [{ recipient: '${bob.recipient}', since: '2026-11-22' }]`;
  repository.write('clusters/main.js', main({ app }));
  t.is((await repository.run(['synth'], { as: alice })).status, 0);
  for (const [file, content] of Object.entries(repository.files()))
    if (file.startsWith('deploy/')) {
      // a document remembers who could open it
      t.false(content.replace(/^formerRecipients: .*$/mu, '').includes(bob.recipient), file);
    }
});

test('synth: a recipient planted in a file is refused, in store and output alike', async (t) => {
  for (const file of [WEB, SECRET]) {
    const { repository, before } = await made(t);
    repository.write(
      file,
      repository
        .read(file)
        .replace(
          / {8}- enc: \|\n(?: {12}.*\n)+ {10}recipient: .*\n/u,
          (entry) => entry + entry.replace(alice.recipient, eve.recipient),
        ),
    );
    const planted = repository.files();
    t.deepEqual(changed(before, planted), [file]);
    const result = await repository.run(['synth'], { as: alice });
    t.is(result.status, 1);
    t.is(
      errorLine(result),
      `cdk8s-pki: error: "${file}" is encrypted to a recipient that is not declared [ERR_UNKNOWN_RECIPIENT]`,
    );
    t.true(result.stderr.includes(eve.recipient));
    t.deepEqual(repository.files(), planted);
  }
});

test('synth: what a compromised recipient could open is issued again', async (t) => {
  const { repository, before } = await made(t, { recipients: [alice.recipient, bob.recipient] });
  const app = `removedRecipients: [{ recipient: '${bob.recipient}', since: '2026-11-22', compromised: true }]`;
  repository.write('clusters/main.js', main({ app }));
  const { status, stdout } = await repository.run(['synth'], { as: alice });
  t.is(status, 0);
  t.true(
    stdout.includes(
      `issue prod/web: Exposed, its private key is encrypted to the compromised recipient ${bob.recipient}`,
    ),
  );
  t.not(before[WEB], repository.files()[WEB]);
});

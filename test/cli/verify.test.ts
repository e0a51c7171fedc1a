import { cpSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { generateKeyPairSync } from 'node:crypto';
import test, { type ExecutionContext } from 'ava';
import { declaration } from '../_helpers/declaration.ts';
import { newPerson, Repository, type RunOptions } from '../_helpers/run-cli.ts';

const [alice, mallory] = [await newPerson(), await newPerson()];
const main = (over: Partial<Parameters<typeof declaration>[0]> = {}): string =>
  declaration({ recipients: [alice.recipient], clusters: ['prod', 'test'], ...over });

const LEAF = 'deploy/prod/pki/web.sops.yaml';
const SECRET = 'deploy/prod/manifests/Secret.default.web-tls.sops.yaml';
const KEYSET = 'deploy/prod/pki/ca/keyset.yaml';
const later = '2027-06-01T00:00:00Z';

interface Item {
  readonly code: string;
  readonly level: string;
  readonly credential: string | null;
  readonly file: string | null;
  readonly line: number | null;
}

interface Report {
  readonly base: { readonly commit: string } | null;
  readonly findings: readonly Item[];
  readonly notes: readonly Item[];
  readonly pending: readonly {
    readonly credential: string;
    readonly reason: string;
    readonly needsIdentity: boolean;
  }[];
  readonly checked: Readonly<Record<string, number | null>>;
}

/** Made once: two clusters, committed as `main`, the certificates of `prod` renewed once so that there is an older one. */
const made = await (async () => {
  const cleanups: (() => unknown)[] = [];
  const repository = new Repository(
    { teardown: (fn) => cleanups.push(fn) },
    { 'clusters/main.js': main(), '.github/workflows/pki.yaml': 'on: push\n' },
  );
  const run = async (args: readonly string[], options: RunOptions = {}): Promise<void> => {
    const { status, stderr } = await repository.run(args, options);
    if (status !== 0) throw new Error(stderr);
  };
  await run(['synth']);
  repository.commit('the first');
  await run(['renew', 'prod/web'], { as: alice });
  repository.commit('the second');
  const first = new Map(
    [LEAF, SECRET].map((file) => [file, repository.git('show', `HEAD^:${file}`)]),
  );
  return { repository, first, cleanups };
})();
test.after.always(() => {
  for (const cleanup of made.cleanups) cleanup();
});

/** A copy of it, on a branch that goes to `main`. */
function branch(t: ExecutionContext): Repository {
  const copy = new Repository(t);
  rmSync(copy.root, { recursive: true });
  cpSync(made.repository.root, copy.root, { recursive: true, verbatimSymlinks: true });
  copy.git('checkout', '-q', '-b', 'change');
  return copy;
}

async function verify(
  repository: Repository,
  args: readonly string[] = ['--base', 'main'],
  options: RunOptions = {},
): Promise<Report & { readonly status: number | undefined }> {
  const { status, stdout, stderr } = await repository.run(
    ['verify', '-o', 'json', ...args],
    options,
  );
  const report = JSON.parse(stdout) as Report & { readonly error?: unknown };
  if (report.error !== undefined) throw new Error(stderr);
  return { ...report, status };
}

const codes = (items: readonly Item[]): string[] => [...new Set(items.map(({ code }) => code))];

function edit(repository: Repository, file: string, from: string | RegExp, to: string): void {
  const before = repository.read(file);
  const after = before.replace(from, to);
  if (before === after) throw new Error(`${file} has no ${String(from)}`);
  repository.write(file, after);
}

function newKey(): { readonly pem: string; readonly der: Buffer } {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    pem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    der: privateKey.export({ type: 'pkcs8', format: 'der' }),
  };
}

test('verify: a sound tree passes without an identity, alone and against its base', async (t) => {
  const repository = branch(t);
  const before = repository.files();
  for (const args of [[], ['--base', 'main']]) {
    const { status, findings, notes, pending, checked } = await verify(repository, args);
    t.deepEqual([status, findings, notes, pending], [0, [], [], []]);
    t.like(checked, { clusters: 2, certificates: 2, keysets: 2, opened: null });
  }
  t.deepEqual(repository.files(), before, 'no file is written');
});

test('verify: with an identity every document is opened; one of a stranger opens none', async (t) => {
  const repository = branch(t);
  const own = await verify(repository, [], { as: alice });
  t.deepEqual([own.status, own.findings], [0, []]);
  t.like(own.checked, { opened: 6, closed: 0 });
  const other = await verify(repository, [], { as: mallory });
  t.deepEqual([other.status, other.findings], [0, []]);
  t.like(other.checked, { opened: 0, closed: 6 });
});

test('verify: what synth made of a changed declaration passes, and the flags that it explains are notes', async (t) => {
  const repository = branch(t);
  repository.write('clusters/main.js', main({ sans: ['web.example.com', 'b.example.com'] }));
  await repository.run(['synth'], { as: alice });
  const { status, findings, notes } = await verify(repository);
  t.deepEqual([status, findings], [0, []]);
  t.deepEqual(
    notes.map(({ code, level, credential }) => [code, level, credential]),
    [
      ['SanAdded', 'note', 'prod/web'],
      ['SanAdded', 'note', 'test/web'],
    ],
  );
});

test('verify: a changed declaration that needs a CA key passes, with what is pending', async (t) => {
  const repository = branch(t);
  repository.write('clusters/main.js', main({ sans: ['web.example.com', 'b.example.com'] }));
  repository.commit('a name');
  for (const args of [['--base', 'main'], []]) {
    const { status, findings, pending } = await verify(repository, args);
    t.deepEqual([status, findings], [0, []]);
    t.deepEqual(
      pending.filter(({ reason }) => reason === 'SansChanged').map((item) => item.credential),
      ['prod/web', 'test/web'],
    );
    t.true(pending.every(({ needsIdentity }) => needsIdentity));
  }
});

test('verify: a new cluster passes with notes of its authority; a removed one only with its tombstone', async (t) => {
  const repository = branch(t);
  repository.write('clusters/main.js', main({ clusters: ['prod', 'test', 'dev'] }));
  await repository.run(['synth']);
  const added = await verify(repository);
  t.deepEqual([added.status, added.findings], [0, []]);
  t.deepEqual(codes(added.notes).slice(0, 1), ['NewAuthority']);
  repository.commit('a cluster');
  repository.git('branch', '-q', '-f', 'main');
  repository.write('clusters/main.js', main());
  repository.remove('deploy/dev');
  const gone = await verify(repository);
  t.is(gone.status, 3);
  t.true(codes(gone.findings).includes('AuthorityRemoved'));
  repository.git('checkout', '-q', '--', 'deploy');
  await repository.run(['remove', 'dev']);
  await repository.run(['synth']);
  const removed = await verify(repository);
  t.deepEqual([removed.status, removed.findings], [0, []]);
});

/** Nine of the ten pull requests that must not pass, the tenth has a test of its own: what is done, and the codes of which the first finding has one. */
const ATTACKS: readonly (readonly [
  name: string,
  attack: (repository: Repository) => unknown,
  first: readonly string[],
])[] = [
  [
    'a new authority, made by somebody who has public recipients only, in the place of one that is there',
    async (repository) => {
      repository.remove('deploy/prod');
      const ledger = repository.read('deploy/authorities.yaml');
      repository.write('deploy/authorities.yaml', ledger.replace(/^- \{cluster: prod.*\n/gmu, ''));
      const git = repository.path('.git');
      cpSync(git, `${git}-away`, { recursive: true });
      rmSync(git, { recursive: true });
      await repository.run(['synth']);
      cpSync(`${git}-away`, git, { recursive: true });
      rmSync(`${git}-away`, { recursive: true });
    },
    ['ERR_AUTHORITY_MISSING', 'KeysetNotSigned'],
  ],
  [
    'an edited keyset',
    (repository) => {
      edit(repository, KEYSET, /revision: 1/u, 'revision: 2');
    },
    ['ERR_KEYSET_SIGNATURE'],
  ],
  [
    'a replayed document: that of another cluster',
    (repository) => {
      repository.write(LEAF, repository.read(LEAF.replace('/prod/', '/test/')));
    },
    ['ERR_STORE', 'Damaged'],
  ],
  [
    'a planted recipient',
    (repository) => {
      edit(
        repository,
        LEAF,
        /^( *)- enc: /mu,
        `$1- enc: x\n$1  recipient: ${mallory.recipient}\n$1- enc: `,
      );
    },
    ['ERR_UNKNOWN_RECIPIENT'],
  ],
  [
    'a name added by hand: a certificate that the declaration does not ask for',
    async (repository) => {
      repository.write('clusters/main.js', main({ sans: ['web.example.com', 'evil.example.com'] }));
      await repository.run(['synth'], { as: alice });
      repository.write('clusters/main.js', main());
    },
    ['SanAdded', 'EditedByHand'],
  ],
  [
    'a mixed merge: the certificate of one branch, the key of the other',
    (repository) => {
      const older = made.first.get(LEAF) ?? '';
      const certificate = /^certificate: \|\n(?: +.*\n)+/mu;
      edit(repository, LEAF, certificate, certificate.exec(older)?.[0] ?? '');
    },
    ['OlderCertificate', 'ChainBroken', 'EditedByHand'],
  ],
  [
    'a private key in the clear, as base64 in another file',
    (repository) => {
      repository.write('docs/notes.yaml', `backup: ${newKey().der.toString('base64')}\n`);
    },
    ['PlaintextKey'],
  ],
  [
    'a workflow that is edited',
    (repository) => {
      repository.write('.github/workflows/pki.yaml', 'on: pull_request_target\n');
    },
    ['WorkflowChanged'],
  ],
  [
    'the key of another in the place of one, encrypted to the right people',
    (repository) => {
      const file = (cluster: string): string => SECRET.replace('prod', cluster);
      const key = /^ +tls\.key: ENC\[.*$/mu;
      edit(repository, file('prod'), key, key.exec(repository.read(file('test')))?.[0] ?? '');
    },
    ['EncryptedAnew'],
  ],
  [
    'an older certificate, with all its files',
    (repository) => {
      for (const [file, content] of made.first) repository.write(file, `${content}\n`);
    },
    ['OlderCertificate'],
  ],
];

for (const [name, attack, first] of ATTACKS) {
  test(`verify: ${name} is the first finding`, async (t) => {
    const repository = branch(t);
    await attack(repository);
    repository.commit('nothing to see here');
    const { status, findings } = await verify(repository);
    t.is(status, 3);
    t.true(first.includes(findings[0]?.code ?? ''), JSON.stringify(findings, null, 1));
  });
}

test('verify: dependencies that change are a note, which a review is for', async (t) => {
  const repository = branch(t);
  repository.write('package-lock.json', '{ "lockfileVersion": 3 }\n');
  repository.commit('a dependency');
  const { status, findings, notes } = await verify(repository);
  t.deepEqual([status, findings], [0, []]);
  t.deepEqual(
    notes.map(({ code, file }) => [code, file]),
    [['DependencyChanged', 'package-lock.json']],
  );
});

/** The fleet in a folder of a larger repository. */
function moved(t: ExecutionContext): Repository {
  const repository = branch(t);
  for (const name of ['deploy', 'clusters', '.sops.yaml', '.gitattributes']) {
    repository.write('infra/pki/.keep', '');
    repository.git('mv', name, `infra/pki/${name}`);
  }
  repository.remove('infra/pki/.keep');
  repository.commit('a folder of its own');
  repository.git('tag', 'moved');
  return repository;
}

test('verify and diff: below the root of a repository its guards are those of the root', async (t) => {
  const repository = moved(t);
  const folder = { folder: 'infra/pki' };
  const sound = await verify(repository, ['--base', 'moved'], folder);
  t.deepEqual([sound.status, sound.findings, sound.notes], [0, [], []]);
  repository.write('.github/workflows/pki.yaml', 'on: pull_request_target\n');
  repository.write('CODEOWNERS', '* @evil\n');
  repository.write('infra/.npmrc', 'registry=https://example.com\n');
  repository.git('mv', 'package.json', 'infra/package.json');
  repository.commit('nothing to see here');
  const { status, findings, notes } = await verify(repository, ['--base', 'moved'], folder);
  t.is(status, 3);
  t.deepEqual(
    findings.map(({ code, file }) => [code, file]),
    ['../.npmrc', '../../.github/workflows/pki.yaml', '../../CODEOWNERS']
      .sort()
      .map((file) => ['WorkflowChanged', file]),
  );
  t.deepEqual(
    notes.map(({ code, file }) => [code, file]),
    ['../../package.json', '../package.json'].map((file) => ['DependencyChanged', file]),
  );
  const { stdout } = await repository.run(['diff', 'moved'], folder);
  t.regex(stdout, /^## PKI changes: 5 warnings\n/u);
});

test('verify: links of folders around the fleet are not followed out of the repository', async (t) => {
  const repository = moved(t);
  repository.remove('.github/workflows');
  repository.paste('ln -s / .github/workflows');
  repository.commit('a link');
  const { status, findings } = await verify(repository, ['--base', 'moved'], {
    folder: 'infra/pki',
  });
  t.is(status, 3);
  t.true(findings.length > 0 && findings.length < 10, JSON.stringify(findings));
});

const ownRule = (rule: string) => (repository: Repository) => {
  edit(repository, '.sops.yaml', 'creation_rules:\n', `creation_rules:\n${rule}`);
};
const planted = (file: string) => (repository: Repository) => {
  repository.write(file, 'apiVersion: v1\nkind: Pod\n');
};

/** What sops, git, a kubelet, Flux or people obey, and the declaration knows nothing of; each is found without a base too. */
const STRANGERS: readonly (readonly [
  name: string,
  attack: (repository: Repository) => unknown,
  code: string,
  file: string,
  level?: string,
])[] = [
  [
    'a recipient in a rule that not everybody can parse',
    ownRule(`  - path_regex: .*\n    age: ${mallory.recipient}\n    x: !foo bar\n`),
    'RulesBypassed',
    '.sops.yaml',
  ],
  [
    'a rule of known recipients before ours',
    ownRule(`  - path_regex: .*\n    age: ${alice.recipient}\n`),
    'RulesBypassed',
    '.sops.yaml',
  ],
  ...[
    'deploy/prod/.sops.yaml',
    'deploy/prod/.gitattributes',
    'deploy/prod/nodes/cp-1/etc/kubernetes/manifests/evil.yaml',
    'deploy/prod/manifests/kustomization.yaml',
    'deploy/prod/kubeconfigs/evil.conf',
    'deploy/prod/ROTATION.md',
    'deploy/prod/pki/kustomization.yaml',
    'deploy/prod/pki/x/revocations.yaml',
    'deploy/evil/manifests/evil.yaml',
  ].map((file) => [file, planted(file), 'UnknownFile', file] as const),
  [
    'a line of the ledger of an authority that is nowhere',
    (repository) => {
      const ledger = 'deploy/authorities.yaml';
      const [line = ''] =
        /^- \{cluster: prod, keyset: ca, .*$/mu.exec(repository.read(ledger)) ?? [];
      const planted = line.replace('cluster: prod, keyset: ca', 'cluster: prod, keyset: evil-ca');
      repository.write(ledger, `${repository.read(ledger)}${planted}\n`);
    },
    'LedgerLineUnknown',
    'deploy/authorities.yaml',
    'warning',
  ],
  [
    'a cluster that is a link',
    (repository) => {
      renameSync(repository.path('deploy/prod'), repository.path('elsewhere'));
      symlinkSync('../elsewhere', repository.path('deploy/prod'));
    },
    'UnknownFile',
    'deploy/prod',
  ],
];

for (const [name, attack, code, file, level = 'error'] of STRANGERS) {
  test(`verify: what nobody declared is found, with and without a base: ${name}`, async (t) => {
    const repository = branch(t);
    await attack(repository);
    repository.commit('nothing to see here');
    for (const args of [['--base', 'main'], []]) {
      const { status, findings } = await verify(repository, args);
      const found = findings.map((item) => [item.level, item.code, item.file]);
      t.is(status, 3);
      t.deepEqual(found[0], [level, code, file], JSON.stringify(findings, null, 1));
    }
    const text = await repository.run(['diff', 'main']);
    t.true(level !== 'error' || text.stdout.includes(`\`${file}\``), text.stdout);
    const { stdout } = await repository.run(['diff', 'main', '-o', 'json']);
    const { flags } = JSON.parse(stdout) as { flags: readonly Item[] };
    t.true(
      flags.some((item) => item.code === code && item.file === file),
      JSON.stringify(flags, null, 1),
    );
  });
}

test("verify: a user's own manifest in the tree: which file, who uses it, and where to keep it instead", async (t) => {
  const repository = branch(t);
  repository.write('deploy/apps/x.yaml', 'kind: Deployment\n');
  const { status, stdout } = await repository.run(['verify']);
  t.is(status, 3);
  const [found = '', ...hints] = stdout.split('\n').slice(0, 4);
  t.is(
    found,
    'error UnknownFile: file that nobody declared: deploy/apps/x.yaml is in no inventory: cdk8s-pki did not make it, and whatever applies that folder applies it',
  );
  t.regex(hints[0] ?? '', /^ {2}hint: if it is yours, move it out of the tree.* such as apps\//u);
  t.regex(hints[1] ?? '', /^ {2}hint: or declare it, as an ApiObject/u);
  t.regex(hints[2] ?? '', /^ {2}hint: if nobody knows it, delete it/u);
  repository.paste('mkdir apps && mv deploy/apps/x.yaml apps/ && rmdir deploy/apps');
  const moved = await repository.run(['verify']);
  t.is(moved.status, 0, moved.stdout);
});

test('verify and diff: links in circles, pipes, and thousands of files are findings, at once', async (t) => {
  const repository = branch(t);
  for (const name of ['l1', 'l2']) symlinkSync('..', repository.path(`deploy/prod/${name}`));
  symlinkSync('.', repository.path('deploy/prod/pki/l3'));
  repository.paste('mkfifo deploy/prod/pipe deploy/prod/pki/pipe.sops.yaml');
  const many = Array.from({ length: 3000 }, (_, index) => `deploy/prod/manifests/${index}.yaml`);
  for (const file of many) repository.write(file, 'kind: Pod\n');
  const links = ['l1', 'l2', 'pki/l3'].map((name) => `deploy/prod/${name}`);
  const expected = [...links, 'deploy/prod/pipe', ...many].sort();
  const filesOf = (items: readonly Item[]): (string | null)[] =>
    items
      .filter(({ code }) => code === 'UnknownFile')
      .map(({ file }) => file)
      .sort();
  for (const args of [['--base', 'main'], []]) {
    const { status, findings } = await verify(repository, args);
    t.is(status, 3);
    t.deepEqual(filesOf(findings), expected);
    t.true(
      findings.some(
        ({ code, file }) => code === 'ERR_STORE' && file === 'deploy/prod/pki/pipe.sops.yaml',
      ),
    );
  }
  const { stdout } = await repository.run(['diff', 'main', '-o', 'json']);
  t.deepEqual(filesOf((JSON.parse(stdout) as { flags: readonly Item[] }).flags), expected);
  for (const command of ['plan', 'synth', 'check']) {
    const { status, stderr } = await repository.run([command]);
    t.is(status, command === 'plan' ? 3 : 0, stderr);
  }
});

test('verify: words and rules of a user pass where people have seen them', async (t) => {
  const repository = branch(t);
  repository.write('deploy/prod/README.md', 'Ours.\n');
  const rules = repository.read('.sops.yaml');
  repository.write('.sops.yaml', `${rules}  - path_regex: ^apps/\n    age: ${alice.recipient}\n`);
  repository.commit('words and a rule');
  const compared = await verify(repository);
  t.deepEqual([compared.status, codes(compared.findings)], [3, ['WorkflowChanged']]);
  t.deepEqual(codes(compared.notes), ['UserFile']);
  const alone = await verify(repository, []);
  t.deepEqual([alone.status, alone.findings, codes(alone.notes)], [0, [], ['UserFile']]);
});

test('verify: a declared output that was deleted is found without a base too', async (t) => {
  const repository = branch(t);
  repository.remove(SECRET);
  repository.commit('gone');
  const { status, findings } = await verify(repository, []);
  t.deepEqual(
    [status, findings.map(({ code, file }) => [code, file])],
    [3, [['NotSynthesized', SECRET]]],
  );
});

test('verify: a declaration that reads the environment finds no secret in it', async (t) => {
  const repository = branch(t);
  const read = `
const found = Object.keys(process.env).filter((name) => /SOPS|TOKEN|SECRET/u.test(name));
if (found.length > 0) throw new Error('found ' + found.join());
for (const name of found) new pki.Cluster(app, 'x' + name);
if (process.env['GITHUB_TOKEN'] === undefined) throw new Error('nothing was found');
`;
  repository.write('clusters/main.js', main({ extra: read }));
  const { status, stderr } = await repository.run(['verify', '--base', 'main'], {
    as: alice,
    environment: { GITHUB_TOKEN: 'a-token-of-the-forge', MY_SECRET: 'a-secret' },
  });
  t.is(status, 1);
  t.regex(stderr, /nothing was found/u);
  t.notRegex(stderr, /a-token|a-secret|AGE-SECRET/u);
});

test('verify: an edited output is a finding, committed or not, encrypted or not', async (t) => {
  const repository = branch(t);
  edit(repository, SECRET, /namespace: default/u, 'namespace: kube-system');
  const before = await verify(repository, []);
  t.deepEqual([before.status, codes(before.findings)], [3, ['EditedByHand']]);
  repository.commit('an edit');
  const after = await verify(repository);
  t.deepEqual([after.status, codes(after.findings)], [3, ['EditedByHand']]);
  t.is(after.findings[0]?.file, SECRET);
  repository.git('checkout', '-q', 'main', '--', SECRET);
  edit(repository, 'deploy/prod/INVENTORY.md', 'prod', 'prd');
  repository.commit('another');
  t.deepEqual(codes((await verify(repository)).findings), ['EditedByHand']);
  const alone = await verify(repository, []);
  t.deepEqual([alone.status, codes(alone.findings)], [3, ['NotSynthesized']]);
});

test('verify: an encrypted output that was edited by hand is a finding without a base too', async (t) => {
  const certificate = /^ +tls\.crt: (\S+)$/mu;
  const other = SECRET.replace('/prod/', '/test/');
  const edits: readonly (readonly [name: string, (repository: Repository) => void])[] = [
    [
      'a certificate of another Secret',
      (repository) => {
        const [, from = ''] = certificate.exec(repository.read(SECRET)) ?? [];
        const [, to = ''] = certificate.exec(repository.read(other)) ?? [];
        edit(repository, SECRET, from, to);
      },
    ],
    [
      'a label',
      (repository) => {
        edit(repository, SECRET, /^( +)namespace: default$/mu, '$&\n$1labels:\n$1  app: x');
      },
    ],
  ];
  for (const [name, change] of edits) {
    const repository = branch(t);
    change(repository);
    repository.commit(name);
    const alone = await verify(repository, []);
    t.deepEqual(
      [alone.status, alone.findings.map(({ code, file }) => [code, file])],
      [3, [['NotSynthesized', SECRET]]],
      name,
    );
    const compared = await verify(repository);
    t.deepEqual(
      [compared.status, compared.findings.map(({ code, file }) => [code, file])],
      [3, [['EditedByHand', SECRET]]],
      name,
    );
  }
});

test('verify: outputs of changed recipients wait for an identity, with and without a base', async (t) => {
  const repository = branch(t);
  const app = `deliveryRecipients: ['${mallory.recipient}']`;
  repository.write('clusters/main.js', main({ app }));
  repository.commit('somebody delivers');
  for (const args of [[], ['--base', 'main']]) {
    const { status, findings, pending } = await verify(repository, args);
    t.deepEqual([status, findings], [0, []]);
    t.deepEqual(
      pending.map(({ credential, reason }) => [credential, reason]),
      ['prod/web', 'test/web'].map((path) => [path, 'RecipientsChanged']),
    );
  }
});

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** A line of somebody else among the readers of a document, as `sops updatekeys` or an editor adds it. */
function plantReader(repository: Repository, file: string, { recipient }: typeof mallory): void {
  edit(repository, file, /^( *)- enc: /mu, `$1- enc: x\n$1  recipient: ${recipient}\n$1- enc: `);
}

test('verify: somebody declared in another role who was planted in the store is found without a base too', async (t) => {
  const repository = branch(t);
  const app = `deliveryRecipients: ['${mallory.recipient}']`;
  repository.write('clusters/main.js', main({ app }));
  t.is((await repository.run(['synth'], { as: alice })).status, 0);
  repository.commit('mallory delivers');
  t.deepEqual((await verify(repository, [])).findings, []);
  const entry = repository.git('ls-files', 'deploy/prod/pki/ca/*.sops.yaml');
  const found = (items: readonly Item[]): unknown[] =>
    items.map(({ code, level, credential, file }) => [code, level, credential, file]);
  const expected = [
    ['RecipientAdded', 'error', 'prod/ca', entry],
    ['RecipientAdded', 'error', 'prod/web', LEAF],
  ];
  plantReader(repository, LEAF, mallory);
  // other letters for the same octets: the last of an initialization vector has two bits that say nothing
  const [letter = ''] = /(?<=^privateKey: .*iv:[^,]*).(?==,)/mu.exec(repository.read(LEAF)) ?? [];
  const other = LETTERS.charAt(LETTERS.indexOf(letter) + 1);
  edit(repository, LEAF, /(?<=^privateKey: .*iv:[^,]*).(?==,)/mu, other);
  plantReader(repository, entry, mallory);
  const before = await verify(repository, []);
  t.deepEqual([before.status, found(before.findings).slice(0, 2)], [3, expected]);
  t.deepEqual(codes(before.findings), ['RecipientAdded', 'EditedByHand']);
  repository.commit('nothing to see here');
  const after = await verify(repository, []);
  t.deepEqual([after.status, found(after.findings)], [3, expected]);
  repository.git('checkout', '-q', 'HEAD^', '--', 'deploy');
  repository.commit('restored');
  t.deepEqual((await verify(repository, [])).findings, []);
});

test('verify: a custodian who gets another role or is removed is pending without a base, in whole clones', async (t) => {
  const repository = branch(t);
  const both = [alice.recipient, mallory.recipient];
  repository.write('clusters/main.js', main({ recipients: both }));
  t.is((await repository.run(['synth'], { as: alice })).status, 0);
  repository.commit('two custodians');
  const apps = [
    `deliveryRecipients: ['${mallory.recipient}']`,
    `removedRecipients: [{ recipient: '${mallory.recipient}', since: '2026-01-01' }]`,
  ];
  for (const app of apps) {
    repository.write('clusters/main.js', main({ app }));
    const { status, findings, pending } = await verify(repository, []);
    t.deepEqual([status, findings], [0, []]);
    t.true(pending.some(({ reason }) => reason === 'RecipientsChanged'));
  }
  repository.write('.git/shallow', `${repository.git('rev-parse', 'HEAD')}\n`);
  const shallow = await verify(repository, []);
  t.deepEqual([shallow.status, codes(shallow.findings)], [3, ['ERR_READ']]);
});

test('verify: with an identity, a key of another credential and a changed ciphertext are found', async (t) => {
  const repository = branch(t);
  const key = /^privateKey: .*$/mu;
  edit(repository, LEAF, key, key.exec(made.first.get(LEAF) ?? '')?.[0] ?? '');
  const blind = await verify(repository, []);
  t.deepEqual([blind.status, blind.findings], [0, []], 'nobody can tell without');
  const seeing = await verify(repository, [], { as: alice });
  t.is(seeing.status, 3);
  t.deepEqual(
    seeing.findings.map(({ code, file }) => [code, file]),
    [['ERR_DECRYPT', LEAF]],
  );
});

test('verify: with an identity, too, a link in the place of an output is a finding', async (t) => {
  const repository = branch(t);
  rmSync(repository.path(SECRET));
  symlinkSync('../../test/manifests/Secret.default.web-tls.sops.yaml', repository.path(SECRET));
  repository.commit('a link');
  for (const options of [{}, { as: alice }]) {
    const { status, findings } = await verify(repository, ['--base', 'main'], options);
    t.is(status, 3);
    t.true(codes(findings).includes('UnknownFile'));
  }
});

test('verify: what a document of the store says in the clear is not edited by hand', async (t) => {
  const repository = branch(t);
  edit(repository, LEAF, /^renewBefore: .*$/mu, 'renewBefore: 1h');
  edit(repository, KEYSET, /^revision: 1$/mu, 'revision: 1 # looked at');
  const { status, findings } = await verify(repository);
  t.is(status, 3);
  t.deepEqual(
    findings.map(({ code, level, file }) => [code, level, file]),
    [
      ['StoreEdited', 'error', KEYSET],
      ['StoreEdited', 'error', LEAF],
    ],
  );
});

test('verify: several broken clusters are all told, each with the code of its guard', async (t) => {
  const repository = branch(t);
  edit(repository, KEYSET, /revision: 1/u, 'revision: 2');
  repository.remove('deploy/test/pki/ca');
  repository.write('deploy/test/pki/web.sops.yaml', '<<<<<<< ours\n');
  const { status, findings } = await verify(repository, []);
  t.is(status, 3);
  for (const code of ['ERR_KEYSET_SIGNATURE', 'ERR_AUTHORITY_MISSING', 'ERR_STORE'])
    t.true(codes(findings).includes(code), code);
});

test('verify: text, GitHub annotations and SARIF of the same findings', async (t) => {
  const repository = branch(t);
  for (let index = 0; index < 14; index += 1) {
    repository.write(`keys/${index}%,\n::warning::x.pem`, newKey().pem);
  }
  const args = ['verify', '--base', 'main', '-o'];
  const text = await repository.run([...args, 'text']);
  t.is(text.status, 3);
  t.is(text.stdout.split('\n').filter((line) => line.startsWith('error PlaintextKey')).length, 14);
  t.regex(text.stdout, /^14 findings \(/mu);
  t.notRegex(text.stdout, /^::/mu);
  const github = await repository.run([...args, 'github']);
  t.is(github.status, 3);
  const commands = github.stdout.split('\n').filter((line) => line.startsWith('::'));
  t.is(commands.filter((line) => line.startsWith('::error ')).length, 10);
  t.is(commands.length, 11);
  t.regex(
    commands[0] ?? '',
    /^::error file=keys\/0%25%2C%0A%3A%3Awarning%3A%3Ax\.pem,line=1,title=/u,
  );
  t.regex(commands.at(-1) ?? '', /^::notice .*::4 errors more are not annotated/u);
  const sarif = await repository.run([...args, 'sarif']);
  t.is(sarif.status, 3);
  const [ran] = (JSON.parse(sarif.stdout) as { runs: { results: { ruleId: string }[] }[] }).runs;
  t.deepEqual([...new Set(ran?.results.map(({ ruleId }) => ruleId))], ['PlaintextKey']);
});

test('verify: a base that is not there is a usage error, also in a shallow clone', async (t) => {
  const repository = branch(t);
  const missing = async (): Promise<string> => {
    const { status, stderr } = await repository.run(['verify', '--base', 'nowhere']);
    t.is(status, 2);
    t.regex(stderr, /error: "nowhere" is not a revision of this repository \[ERR_USAGE\]\n/u);
    return stderr;
  };
  t.notRegex(await missing(), /shallow/u);
  repository.write('.git/shallow', `${repository.git('rev-parse', 'HEAD')}\n`);
  t.regex(await missing(), /hint: this clone is shallow and has no other commits: git fetch /u);
});

test('verify: what the base got since the branch left it is no doing of the branch', async (t) => {
  const repository = branch(t);
  repository.write('docs/words.md', 'hello\n');
  repository.commit('words');
  const left = repository.git('rev-parse', 'main');
  repository.git('checkout', '-q', 'main');
  t.is((await repository.run(['renew', 'prod/web'], { as: alice })).status, 0);
  repository.write('.github/workflows/pki.yaml', 'on: [push, pull_request]\n');
  repository.commit('the base moves on');
  repository.git('checkout', '-q', 'change');
  const { status, findings, notes, base } = await verify(repository);
  t.deepEqual([status, findings, notes, base?.commit], [0, [], [], left]);

  // without history there is nothing but the revision itself
  const tip = repository.git('rev-parse', 'main');
  const shallow = new Repository(t);
  for (const name of ['main', 'change'])
    shallow.git(
      'fetch',
      '-q',
      '--depth=1',
      `file://${repository.root}`,
      `${name}:refs/heads/as-${name}`,
    );
  shallow.git('checkout', '-q', '-f', 'as-change');
  const compared = await verify(shallow, ['--base', 'as-main']);
  t.is(compared.base?.commit, tip);
  t.deepEqual([compared.status, codes(compared.findings).includes('OlderCertificate')], [3, true]);
});

test('verify: certificates that end are for check: the time finds nothing', async (t) => {
  const { status, findings } = await verify(branch(t), ['--now', later]);
  t.deepEqual([status, findings], [0, []]);
});

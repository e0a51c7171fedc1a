import { readFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { declaration } from '../_helpers/declaration.ts';
import { changed, newPerson, Repository } from '../_helpers/run-cli.ts';

/** What is bad in the tree: the real program says so, and leaves every file as it was, byte for byte. */

const alice = await newPerson();
const mallory = await newPerson();
const MAIN = declaration({
  recipients: [alice.recipient],
  extra: `new pki.NodeBundle(prod, 'edge-1', {
  files: { 'etc/web.key': { content: prodWeb.privateKey.pem, secret: true }, 'etc/ca.crt': { content: prodCa.trustBundle.pem } },
});`,
});

let whole: Promise<Readonly<Record<string, string>>> | undefined;

/** A committed tree as synth makes it; it is made once. */
async function made(t: ExecutionContext): Promise<Repository> {
  whole ??= (async () => {
    const repository = new Repository(t, { 'clusters/main.js': MAIN });
    const { status, stderr } = await repository.run(['synth']);
    if (status !== 0) throw new Error(stderr);
    return repository.files();
  })();
  const repository = new Repository(t);
  for (const [file, content] of Object.entries(await whole))
    repository.write(file, Buffer.from(content, 'latin1'));
  repository.commit();
  return repository;
}

const WEB = 'deploy/prod/pki/web.sops.yaml';
const KEYSET = 'deploy/prod/pki/ca/keyset.yaml';
const LEDGER = 'deploy/authorities.yaml';
const BUNDLE = 'deploy/prod/nodes/edge-1/bundle.yaml';
const INVENTORY = 'deploy/prod/inventory.json';
const ENTRY = /\/ca\/[0-9a-f]{16}\.sops\.yaml$/u;

const text =
  (edit: (content: string) => string) =>
  (content: Buffer): Buffer =>
    Buffer.from(edit(content.toString()));

/** Octets or text that no program wrote, whatever the file. */
const DAMAGE: Readonly<Record<string, (content: Buffer) => Buffer>> = {
  empty: () => Buffer.alloc(0),
  truncated: (content) => content.subarray(0, Math.floor(content.length / 2)),
  conflicted: text((content) => `<<<<<<< HEAD\n${content}=======\n${content}>>>>>>> x\n`),
  'a list': () => Buffer.from('- a\n- b\n'),
  'not UTF-8': (content) => Buffer.concat([content, Buffer.of(0x23, 0x20, 0xff, 0xfe, 0x0a)]),
  'of 10 MB': (content) => Buffer.concat([content, Buffer.alloc(10 * 1024 * 1024, '# padding\n')]),
  'deeply nested': () => Buffer.from(`a: ${'['.repeat(100_000)}\n`),
  'a bomb of aliases': () =>
    Buffer.from(`a: &a [x]\nb: &b [${'*a, '.repeat(1000)}]\nc: [${'*b, '.repeat(1000)}]\n`),
  'with a key twice': text((content) => content.replace(/^[a-z]+[A-Za-z]*: .*\n/u, '$&$&')),
};

/** How each kind of file answers to all of them, without an identity. */
const KINDS: readonly {
  readonly file: string | RegExp;
  readonly message: RegExp;
  readonly hint: RegExp;
  /** Those that do it no harm, or another message fits. */
  readonly but?: Readonly<Record<string, 'fine' | RegExp>>;
}[] = [
  {
    file: WEB,
    message: /1 action needs an identity[^]* {2}issue prod\/web \(Unreadable\)/u,
    hint: /SOPS_AGE_KEY_FILE|git checkout/u,
    but: { 'of 10 MB': /web\.sops\.yaml" has more than 4194304 octets/u },
  },
  {
    file: ENTRY,
    message: /"deploy\/prod\/pki\/ca\/[0-9a-f]{16}\.sops\.yaml"/u,
    hint: /git checkout/u,
  },
  { file: KEYSET, message: /"deploy\/prod\/pki\/ca\/keyset\.yaml"/u, hint: /git checkout/u },
  {
    file: BUNDLE,
    message: /"deploy\/prod\/nodes\/edge-1\/bundle\.yaml"/u,
    hint: /git checkout|SOPS_AGE_KEY_FILE/u,
    // a shorter list is a list: what it does not name any more is written again
    but: { 'not UTF-8': 'fine', truncated: /write prod\/web \(OutputChanged\)|bundle\.yaml/u },
  },
  {
    file: LEDGER,
    message: /"deploy\/authorities\.yaml"/u,
    hint: /git checkout/u,
    but: {
      empty: 'fine',
      truncated: /./u,
      'not UTF-8': 'fine',
      // lines of 20,000 clusters; test/unit/observe/source/reader.test.ts has the limit
      'of 10 MB': 'fine',
      'with a key twice': 'fine',
    },
  },
];

for (const { file, message, hint, but = {} } of KINDS)
  for (const [what, damage] of Object.entries(DAMAGE)) {
    const expected = but[what] ?? message;
    if (expected === 'fine') continue;
    test(`bad input: ${String(file)} ${what} is refused, and nothing changes`, async (t) => {
      const repository = await made(t);
      const path =
        typeof file === 'string'
          ? file
          : (Object.keys(repository.files()).find((name) => file.test(name)) ?? '');
      const damaged = damage(readFileSync(repository.path(path)));
      repository.write(path, damaged);
      const before = repository.files();
      const { status, stdout, stderr } = await repository.run(['synth']);
      t.deepEqual([status, stdout], [1, ''], stderr);
      t.regex(stderr, expected);
      t.regex(stderr, /^cdk8s-pki: hint: /mu);
      t.regex(stderr, hint);
      t.notRegex(stderr, /unexpected|at .*\.js:/u);
      t.deepEqual(changed(before, repository.files()), []);
    });
  }

/** One file edited in one way; `as` runs it with the identity of the custodian. */
const EDITS: readonly {
  readonly what: string;
  readonly file: string | RegExp;
  readonly edit: (content: string) => string;
  readonly args?: readonly string[];
  readonly isCustodian?: true;
  readonly message: RegExp;
  readonly hint: RegExp;
}[] = [
  {
    what: 'a tampered certificate of a leaf',
    file: WEB,
    edit: (content) =>
      content.replace(
        /(\n {4}[A-Za-z0-9+/]{60})(.)/u,
        (_, a: string, b: string) => a + (b === 'A' ? 'B' : 'A'),
      ),
    message: /issue prod\/web \((?:Unreadable|KeyMismatch|IssuerMissing|SubjectChanged)\)/u,
    hint: /SOPS_AGE_KEY_FILE/u,
  },
  {
    what: 'a tampered MAC of an authority',
    file: ENTRY,
    edit: (content) =>
      content.replace(
        /(mac: ENC\[AES256_GCM,data:)(.)/u,
        (_, a: string, b: string) => a + (b === 'A' ? 'B' : 'A'),
      ),
    args: ['synth'],
    isCustodian: true,
    message: /cannot decrypt "deploy\/prod\/pki\/ca\/.*": its MAC does not/u,
    hint: /restore the file from git/u,
  },
  {
    what: 'a planted recipient',
    file: WEB,
    edit: (content) => content.replace(alice.recipient, mallory.recipient),
    message: /is encrypted to a recipient that is not declared/u,
    hint: /removedRecipients/u,
  },
  {
    what: 'a clock before the newest notBefore',
    file: WEB,
    edit: (content) => content,
    args: ['synth', '--now', '2021-01-01T00:00:00Z'],
    message:
      /it is 2021-01-01T00:00:00\.000Z by the clock, and "deploy\/prod\/pki\/.*" is not valid before/u,
    hint: /set the clock/u,
  },
  {
    what: 'an expired authority',
    file: WEB,
    edit: () => '',
    args: ['synth', '--now', '2040-01-01T00:00:00Z'],
    isCustodian: true,
    message: /the issuer of "prod\/web" ends on/u,
    hint: /rotate the issuer/u,
  },
  {
    what: 'creation rules of the user in flow style',
    file: '.sops.yaml',
    edit: () => 'creation_rules: [{path_regex: x}]\n',
    message: /creation_rules are not written one below the other/u,
    hint: /block list/u,
  },
  {
    what: 'a conflict in .sops.yaml',
    file: '.sops.yaml',
    edit: (content) => `<<<<<<< HEAD\n${content}=======\n>>>>>>> x\n`,
    message: /"\.sops\.yaml": the file holds merge-conflict markers/u,
    hint: /git checkout HEAD -- '\.sops\.yaml'/u,
  },
  {
    what: 'a .gitattributes that is no text',
    file: '.gitattributes',
    edit: (content) => `${content}\u{fffd}\n`,
    message: /"\.gitattributes": the file is not UTF-8 text/u,
    hint: /keep your own lines/u,
  },
];

for (const { what, file, edit, args = ['synth'], isCustodian, message, hint } of EDITS)
  test(`bad input: ${what} is refused, and nothing changes`, async (t) => {
    const repository = await made(t);
    const path =
      typeof file === 'string'
        ? file
        : (Object.keys(repository.files()).find((name) => file.test(name)) ?? '');
    repository.write(path, edit(repository.read(path)));
    // a leaf to sign takes the authority's key
    if (isCustodian === true && path !== WEB)
      repository.write('clusters/main.js', MAIN.replace('web.example.com', 'other.example.com'));
    const before = repository.files();
    const { status, stdout, stderr } = await repository.run(
      args,
      isCustodian === true ? { as: alice } : {},
    );
    t.deepEqual([status, stdout], [1, ''], stderr);
    t.regex(stderr, message);
    t.regex(stderr, hint);
    t.false(stderr.includes(alice.identity));
    t.deepEqual(changed(before, repository.files()), []);
  });

for (const [what, file, edit] of [
  [
    'a leaf with the line ends of Windows',
    WEB,
    (content: string) => content.replaceAll('\n', '\r\n'),
  ],
  ['a leaf with a byte order mark', WEB, (content: string) => `\u{feff}${content}`],
  [
    'a keyset with the line ends of Windows',
    KEYSET,
    (content: string) => content.replaceAll('\n', '\r\n'),
  ],
  [
    'a ledger with the line ends of Windows',
    LEDGER,
    (content: string) => content.replaceAll('\n', '\r\n'),
  ],
] as const)
  test(`bad input: ${what} is read, and stays as it is`, async (t) => {
    const repository = await made(t);
    repository.write(file, edit(repository.read(file)));
    const before = repository.files();
    const { status, stderr } = await repository.run(['synth']);
    t.is(status, 0, stderr);
    t.deepEqual(changed(before, repository.files()), []);
  });

for (const [what, damage] of Object.entries(DAMAGE).filter(
  ([name]) => !['of 10 MB', 'with a key twice', 'not UTF-8'].includes(name),
))
  test(`bad input: an inventory ${what} is made again without an identity`, async (t) => {
    const repository = await made(t);
    const before = repository.files();
    repository.write(INVENTORY, damage(readFileSync(repository.path(INVENTORY))));
    t.is((await repository.run(['synth'])).status, 0);
    t.deepEqual(changed(before, repository.files()), []);
  });

test('bad input: a checkout that converts line ends leaves the tree as it is', async (t) => {
  const repository = await made(t);
  repository.git('config', 'core.autocrlf', 'true');
  repository.git('rm', '-rq', '--cached', 'deploy');
  repository.git('reset', '-q', '--hard', 'HEAD');
  repository.remove('deploy');
  repository.git('checkout', '-q', '--', 'deploy');
  t.false(repository.read(WEB).includes('\r'));
  const before = repository.files();
  t.is((await repository.run(['synth'])).status, 0);
  t.deepEqual(changed(before, repository.files()), []);
});

test('bad input: a clock far in the future issues nothing that no certificate can say', async (t) => {
  const repository = new Repository(t, { 'clusters/main.js': MAIN });
  const before = repository.files();
  for (const now of ['9999-12-31T23:59:59Z', '1949-01-01T00:00:00Z']) {
    const { status, stdout, stderr } = await repository.run(['synth', '--now', now]);
    t.deepEqual([status, stdout], [1, '']);
    t.regex(stderr, /is not a time from 1950 to 9999/u);
  }
  t.deepEqual(
    changed(before, repository.files()).filter((file) => file !== '.cdk8s-pki/.gitignore'),
    [],
  );
});

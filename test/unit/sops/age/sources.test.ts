import test from 'ava';
import { PkiError } from '../../../../src/errors.ts';
import {
  loadIdentities,
  type Environment,
  type IdentityPorts,
} from '../../../../src/sops/age/sources.ts';
import { makeKey, rejected } from '../_keys.ts';

interface World {
  readonly files?: Readonly<Record<string, string>>;
  readonly commands?: Readonly<Record<string, string>>;
  readonly platform?: NodeJS.Platform;
}

function ports({ files = {}, commands = {}, platform = 'linux' }: World): IdentityPorts {
  return {
    platform,
    async readFile(path) {
      await Promise.resolve();
      if (files[path] === 'unreadable') throw new Error('EACCES');
      return files[path] === undefined ? undefined : Buffer.from(files[path]);
    },
    async run(file, args) {
      await Promise.resolve();
      const output = commands[[file, ...args].join('|')];
      if (output === undefined) throw new Error('failed with secret output');
      return Buffer.from(output);
    },
  };
}

const load = async (environment: Environment, world: World = {}): Promise<string[]> =>
  (await loadIdentities(environment, ports(world))).list.map(({ recipient }) => recipient);

test('loadIdentities: all sources count together, each identity once', async (t) => {
  const keys = [await makeKey(), await makeKey('hybrid'), await makeKey(), await makeKey()];
  const [a, b, c, d] = keys.map(({ text }) => text) as [string, string, string, string];
  const found = await load(
    {
      SOPS_AGE_KEY: `${a} ${b}`,
      SOPS_AGE_KEY_FILE: '/k',
      SOPS_AGE_KEY_CMD: "get 'a key'",
      HOME: '/h',
    },
    {
      files: { '/k': `# comment\r\n\r\n${c}\r\n`, '/h/.config/sops/age/keys.txt': `${d}\n${a}\n` },
      commands: { 'get|a key': `${c}\n` },
    },
  );
  t.deepEqual(
    found,
    [keys[0], keys[1], keys[2], keys[3]].map((key) => key?.recipient ?? ''),
  );
});

const defaultFile = test.macro<[platform: NodeJS.Platform, environment: Environment, path: string]>(
  {
    async exec(t, platform, environment, path) {
      const { text, recipient } = await makeKey();
      t.deepEqual(await load(environment, { files: { [path]: text }, platform }), [recipient]);
    },
    title: (_, platform, environment, path) =>
      `loadIdentities: on ${platform} with ${Object.keys(environment).join(' and ')} the default file is ${path}`,
  },
);

test(defaultFile, 'linux', { HOME: '/h' }, '/h/.config/sops/age/keys.txt');
test(defaultFile, 'linux', { HOME: '/h', XDG_CONFIG_HOME: '/x' }, '/x/sops/age/keys.txt');
test(defaultFile, 'darwin', { HOME: '/h' }, '/h/Library/Application Support/sops/age/keys.txt');
test(defaultFile, 'darwin', { HOME: '/h', XDG_CONFIG_HOME: '/x' }, '/x/sops/age/keys.txt');
test(defaultFile, 'win32', { APPDATA: 'C:\\A' }, 'C:\\A\\sops\\age\\keys.txt');

const fails = test.macro<[name: string, environment: Environment, world: World, message: string]>({
  async exec(t, _, environment, world, message) {
    t.deepEqual(await rejected(loadIdentities(environment, ports(world))), {
      code: 'ERR_IDENTITY',
      message,
    });
  },
  title: (_, name) => `loadIdentities: refuses ${name}`,
});

test(
  fails,
  'a missing file where there is nothing else',
  { SOPS_AGE_KEY_FILE: '/k' },
  {},
  'the file of SOPS_AGE_KEY_FILE does not exist: "/k"',
);
test(
  fails,
  'an unreadable file',
  { SOPS_AGE_KEY_FILE: '/k' },
  { files: { '/k': 'unreadable' } },
  'cannot read the identities in SOPS_AGE_KEY_FILE ("/k")',
);
test(
  fails,
  'a line that is no identity',
  { SOPS_AGE_KEY_FILE: '/k' },
  { files: { '/k': '# x\nhunter2\n' } },
  'line 2 of SOPS_AGE_KEY_FILE ("/k") is not an age identity',
);
test(
  fails,
  'a word that is no identity',
  { SOPS_AGE_KEY: 'age1qqq' },
  {},
  'line 1 of SOPS_AGE_KEY is not an age identity',
);
test(
  fails,
  'a command that fails',
  { SOPS_AGE_KEY_CMD: 'get --password hunter2' },
  {},
  'the program of SOPS_AGE_KEY_CMD failed: "get"',
);
test(
  fails,
  'an open quote in the command',
  { SOPS_AGE_KEY_CMD: '"x' },
  {},
  'SOPS_AGE_KEY_CMD is not a command',
);

test('loadIdentities: one blank after an identity fails its source, as in sops, and the hint says so', async (t) => {
  const { text } = await makeKey();
  const error = await t.throwsAsync(
    load({ SOPS_AGE_KEY_FILE: '/k' }, { files: { '/k': `${text} \n` } }),
    { instanceOf: PkiError },
  );
  t.is(error.code, 'ERR_IDENTITY');
  t.is(error.message, 'line 1 of SOPS_AGE_KEY_FILE ("/k") is not an age identity');
  t.regex(error.hints.join(), /blanks/u);
  t.false(JSON.stringify([error.message, error.hints, String(error.stack)]).includes(text));
});

test('loadIdentities: a missing file is no error while another source has identities', async (t) => {
  const { text, recipient } = await makeKey();
  t.deepEqual(await load({ SOPS_AGE_KEY: text, SOPS_AGE_KEY_FILE: '/gone' }), [recipient]);
});

test('loadIdentities: a relative XDG_CONFIG_HOME is no place to look in, as for Go', async (t) => {
  const { text } = await makeKey();
  const files = { 'relative/sops/age/keys.txt': text };
  t.deepEqual(await load({ XDG_CONFIG_HOME: 'relative', HOME: '/h' }, { files }), []);
});

test('loadIdentities: nothing set is no identity and no error', async (t) => {
  t.deepEqual(await loadIdentities({}, ports({})), { list: [], unusable: [] });
});

test('loadIdentities: what only the sops program can use is named', async (t) => {
  const { text } = await makeKey();
  const files = { '/k': '-----BEGIN AGE ENCRYPTED FILE-----\n' };
  const environment = { SOPS_AGE_KEY: `${text}\nAGE-PLUGIN-YUBIKEY-1QQ`, SOPS_AGE_KEY_FILE: '/k' };
  const { list, unusable } = await loadIdentities(environment, ports({ files }));
  t.is(list.length, 1);
  t.deepEqual(unusable, [
    'SOPS_AGE_KEY, line 2 (age plugin)',
    'SOPS_AGE_KEY_FILE ("/k") (encrypted with a passphrase)',
  ]);
});

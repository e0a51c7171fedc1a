import { chmodSync, mkdirSync } from 'node:fs';
import process from 'node:process';
import { randomBytes } from 'node:crypto';
import { execa } from 'execa';
import type { ExecutionContext } from 'ava';
import { load } from 'js-yaml';
import { AgeIdentity } from '../../../src/sops/age/identity.ts';
import { nativeCipher } from '../../../src/sops/cipher.ts';
import { declaration } from '../../_helpers/declaration.ts';
import { record, text } from '../../_helpers/fleet-tree.ts';
import { PrivateKeyScanner } from '../../_helpers/private-key-scanner.ts';
import { APP, newPerson, Repository, type Person } from '../../_helpers/run-cli.ts';
import { toolTest } from '../../_helpers/tool-test.ts';
import { toolPath } from '../../_helpers/tools.ts';
import { program } from './_trace.ts';

const errorTest = toolTest(['strace', 'sops']);
const [alice, eve] = [await newPerson(), await newPerson()];
const DEBUG = { CDK8S_PKI_DEBUG: '1' };

const cipherOf = async (person: Person) => {
  const identity = await AgeIdentity.parse(person.identity);
  return nativeCipher({ list: identity === undefined ? [] : [identity], unusable: [] });
};

/** A tree with a changed declaration, the file of its CA's key, and that key. */
async function made(t: ExecutionContext, app = '', extra = '') {
  const main = (sans: string, more = ''): string =>
    declaration({ recipients: [alice.recipient], sans: [sans], app, extra: more });
  const repository = new Repository(t, { 'clusters/main.js': main('a.example.com') });
  mkdirSync(repository.path('node_modules/bin'));
  const first = await repository.run(['synth'], { environment: pathTo(toolPath('sops')) });
  if (first.status !== 0) throw new Error(first.stderr);
  repository.write('clusters/main.js', main('b.example.com', extra));
  const file =
    Object.keys(repository.files()).find((name) => /\/ca\/\w+\.sops\.yaml$/u.test(name)) ?? '';
  const { privateKey } = await (await cipherOf(alice)).decryptYaml(repository.read(file));
  return { repository, file, key: text(privateKey) };
}

const pathTo = (file: string): Record<string, string> => ({
  PATH: `${file.replace(/\/[^/]+$/u, '')}:${process.env['PATH'] ?? ''}`,
});

function checkSilent(t: ExecutionContext, printed: string, keys: readonly string[], what: RegExp) {
  t.regex(printed, what);
  t.regex(printed, /\n\s+at /u, 'with its stack');
  t.deepEqual(new PrivateKeyScanner(keys).scan(Buffer.from(printed)), []);
  t.notRegex(printed, /AGE-SECRET-KEY-1[0-9A-Z]|PRIVATE KEY-----/u);
}

errorTest('an error shows no key: the identity of somebody else', async (t) => {
  const { repository, key } = await made(t);
  const { stderr } = await repository.run(['synth'], { as: eve, environment: DEBUG });
  checkSilent(t, stderr, [key], /no identity matches/u);
});

errorTest('an error shows no key: what is given as identity is none', async (t) => {
  const { repository, key } = await made(t);
  const bad = { ...alice, identity: `${alice.identity}x` };
  const { stderr } = await repository.run(['synth'], { as: bad, environment: DEBUG });
  checkSilent(t, stderr, [key], /is not an age identity/u);
  t.false(stderr.includes(alice.identity.slice(20, 40)));
});

errorTest('an error shows no key: a document whose MAC is not its own', async (t) => {
  const { repository, file, key } = await made(t);
  const other = (text: string): string => /^ *mac: .*$/mu.exec(text)?.[0] ?? '';
  const web = repository.read('deploy/prod/pki/web.sops.yaml');
  const content = repository.read(file);
  repository.write(
    file,
    content.replace(other(content), () => other(web)),
  );
  const { stderr } = await repository.run(['synth'], { as: alice, environment: DEBUG });
  checkSilent(t, stderr, [key], /MAC does not decrypt/u);
});

for (const [what, spoil] of [
  ['is cut short', (pem: string) => pem.slice(0, 150)],
  ['has a line too few', (pem: string) => pem.replace(/\n.*\n(-----END)/u, '\n$1')],
  ['is of another certificate', undefined],
  ['is no PEM', (pem: string) => pem.replaceAll(/-----.*-----\n/gu, '')],
] as const) {
  errorTest(`an error shows no key: the key in the store ${what}`, async (t) => {
    const { repository, file, key } = await made(t);
    const cipher = await cipherOf(alice);
    const document = await cipher.decryptYaml(repository.read(file));
    const web = await cipher.decryptYaml(repository.read('deploy/prod/pki/web.sops.yaml'));
    const privateKey = spoil === undefined ? text(web['privateKey']) : spoil(key);
    const { sops } = record(load(repository.read(file)));
    const selector = { encrypted_regex: text(record(sops)['encrypted_regex']) };
    const ports = { recipients: [alice.recipient], now: new Date(), randomBytes };
    const spoilt = { ...document, privateKey };
    repository.write(file, await cipher.encryptYaml(spoilt, { selector, ...ports }));
    const { stderr } = await repository.run(['synth'], { as: alice, environment: DEBUG });
    checkSilent(t, stderr, [key, text(web['privateKey'])], /error: .*key/u);
  });
}

errorTest('an error shows no key: the declaration throws, with what it can see', async (t) => {
  const extra = `throw new Error(JSON.stringify(process.env) + process.argv.join());`;
  const { repository, key } = await made(t, '', extra);
  const { stderr } = await repository.run(['synth'], { as: alice, environment: DEBUG });
  checkSilent(t, stderr, [key], /threw an error/u);
});

errorTest('an error shows no key: sops fails and prints what it was given', async (t) => {
  const { repository, key } = await made(t, "encryption: 'sops',");
  const script = `#!/bin/sh
case "$*" in *encrypt*) tee /dev/stderr; exit 23;; esac
exec ${toolPath('sops')} "$@"
`;
  repository.write('node_modules/bin/sops', script);
  chmodSync(repository.path('node_modules/bin/sops'), 0o755);
  const environment = { ...DEBUG, ...pathTo(repository.path('node_modules/bin/sops')) };
  const { stderr } = await repository.run(['synth'], { as: alice, environment });
  checkSilent(t, stderr, [key], /sops failed with exit status 23/u);
});

for (const [call, error] of [
  ['mkdir', 'ENOSPC'],
  ['rename', 'EROFS'],
  ['fsync', 'EIO'],
] as const) {
  errorTest(`an error shows no key: ${call} fails with ${error}`, async (t) => {
    const { repository, key } = await made(t);
    // The first folder is that of the journal; what is renamed first is the manifest.
    const inject = `inject=${call}:error=${error}:when=${call === 'mkdir' ? 2 : 1}+`;
    const before = repository.files();
    const { stderr } = await execa(
      toolPath('strace'),
      ['-o', '/dev/null', '-e', `trace=${call}`, '-e', inject, ...program(['synth', '--app', APP])],
      {
        cwd: repository.root,
        env: { PATH: process.env['PATH'] ?? '', SOPS_AGE_KEY: alice.identity, ...DEBUG },
        extendEnv: false,
        reject: false,
      },
    );
    checkSilent(t, stderr, [key], new RegExp(`${error}.*nothing was written`, 'u'));
    t.deepEqual(repository.files(), before);
  });
}

/**
 * `npm run demo`: the sample fleet of `clusters/`, synthesized into `.demo/`, which git ignores. Identities are made there once, as
 * `age-keygen` would; in earnest each of them stays with its owner, and only recipients are shared.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { execa } from 'execa';

const ROLES = ['custodian', 'flux', 'flux-prod-eu-1', 'cp-1', 'cp-2', 'cp-3', 'node-1'];

const root = path.resolve(import.meta.dirname, '..');
const demo = path.join(root, '.demo');
const identities = path.join(demo, 'identities');
const identityFile = (role: string): string => path.join(identities, `${role}.txt`);

mkdirSync(identities, { recursive: true, mode: 0o700 });
const recipients: Record<string, string> = {};
for (const role of ROLES) {
  const file = identityFile(role);
  if (!existsSync(file)) {
    writeFileSync(file, `${await generateX25519Identity()}\n`, { mode: 0o600 });
  }
  recipients[role] = await identityToRecipient(readFileSync(file, 'utf8').trim());
}
writeFileSync(path.join(demo, 'recipients.json'), `${JSON.stringify(recipients, null, 2)}\n`);

const cli = path.join(root, 'dist', 'cli.js');
const environment = { SOPS_AGE_KEY_FILE: identityFile('custodian') };

async function show(...args: readonly string[]): Promise<void> {
  process.stdout.write(`\n$ cdk8s-pki ${args.join(' ')}\n`);
  const { exitCode = 1 } = await execa(process.execPath, [cli, ...args], {
    cwd: demo,
    env: environment,
    stdio: 'inherit',
    reject: false,
  });
  // 3 is the status of findings, which a fleet of some age has.
  if (exitCode !== 0 && exitCode !== 3) process.exit(exitCode);
}

await show('synth', '--app', '../clusters/main.ts');
await show('check');
process.stdout.write(`
Everything is in .demo/:
  deploy/<cluster>/pki           the store: certificates readable, private keys encrypted
  deploy/<cluster>/manifests     what Flux or Argo CD applies
  deploy/<cluster>/nodes/<node>  files for /etc/kubernetes, each openable by its node only
  deploy/<cluster>/kubeconfigs   for people
  identities/                    the age identities of this demo

Try next:
  npm run demo                                   again: no byte changes
  less .demo/deploy/prod-eu-1/INVENTORY.md       what the cluster has, and when it is due
  openssl x509 -noout -text -in .demo/deploy/prod-eu-1/nodes/cp-1/etc/kubernetes/pki/apiserver.crt
  SOPS_AGE_KEY_FILE=.demo/identities/cp-1.txt sops decrypt .demo/deploy/prod-eu-1/nodes/cp-1/etc/kubernetes/pki/apiserver.key
  add a name to apiServerCertSans in clusters/main.ts, then: cd .demo && node ../dist/cli.js plan --app ../clusters/main.ts
`);

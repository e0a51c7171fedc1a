import { readdirSync } from 'node:fs';
import type { ExecutionContext } from 'ava';
import { newPerson, Repository, type Person, type Result } from '../_helpers/run-cli.ts';
import { succeed } from '../_helpers/run-program.ts';
import { toolTest } from '../_helpers/tool-test.ts';
import { toolPath } from '../_helpers/tools.ts';

/** What a compromised recipient could open before is in git's history alone, once `sops updatekeys` has taken it out of a file. */

const sopsTest = toolTest(['sops']);
const alice = await newPerson();
const bob = await newPerson();
const NOW = ['--now', '2026-03-01T00:00:00Z'];

const main = (recipients: readonly Person[], { app = '', more = '' } = {}): string => `
import * as pki from 'cdk8s-pki';
const app = new pki.App({ recipients: ${JSON.stringify(recipients.map(({ recipient }) => recipient))}, ${app} });
const prod = new pki.Cluster(app, 'prod');
const mesh = new pki.CertificateAuthority(prod, 'mesh');
new pki.ServiceAccountKey(prod, 'tokens');
new pki.Certificate(prod, 'web', { issuer: mesh, profile: 'server', dnsNames: ['web.example.com'] });
${more}
export default app;
`;

const WRONG_HANDS = {
  app: `removedRecipients: [{ recipient: '${bob.recipient}', since: '2026-02-01', compromised: true }]`,
};
const LATER = `new pki.CertificateAuthority(prod, 'later');`;

/** Bob could open everything; then `sops updatekeys` took him out, and an authority came that he never could. */
async function leftBySops(t: ExecutionContext): Promise<Repository> {
  const repository = new Repository(t, { 'clusters/main.js': main([alice, bob]) });
  await works(t, repository.run(['synth', '--now', '2026-01-01T00:00:00Z']));
  repository.commit();
  const rules = repository.read('.sops.yaml');
  const without = rules.replaceAll(new RegExp(`,?${bob.recipient},?`, 'gu'), '');
  repository.write('.sops.yaml', without);
  const store = readdirSync(repository.path('deploy/prod/pki'), { recursive: true })
    .map((file) => `deploy/prod/pki/${String(file)}`)
    .filter((file) => file.endsWith('.sops.yaml'));
  t.is(store.length, 3);
  for (const file of store)
    await succeed(toolPath('sops'), ['updatekeys', '--yes', '--input-type', 'yaml', file], {
      cwd: repository.root,
      env: { PATH: process.env['PATH'] ?? '', SOPS_AGE_KEY: alice.identity },
    });
  repository.write('clusters/main.js', main([alice], { more: LATER }));
  await works(t, repository.run(['synth', ...NOW], { as: alice }));
  for (const text of Object.values(repository.files()))
    t.false(text.includes(bob.recipient), 'the tree has no trace of him');
  repository.commit();
  return repository;
}

async function works(t: ExecutionContext, running: Promise<Result>): Promise<Result> {
  const result = await running;
  t.is(result.status, 0, result.stdout + result.stderr);
  return result;
}

const text = `its private key was encrypted to the compromised recipient ${bob.recipient}`;

sopsTest(
  'Exposed: what sops updatekeys took from a compromised recipient is found in history, and nothing else',
  async (t) => {
    const repository = await leftBySops(t);
    await works(t, repository.run(['plan', ...NOW]));
    repository.write('clusters/main.js', main([alice], { ...WRONG_HANDS, more: LATER }));
    const plan = await repository.run(['plan', ...NOW]);
    t.is(plan.status, 3, plan.stderr);
    t.true(plan.stdout.includes(`issue prod/web: Exposed, ${text}`), plan.stdout);
    const rotate = plan.stdout.match(/^RotationNeeded .*$/gmu) ?? [];
    t.is(rotate.length, 2, plan.stdout);
    for (const name of ['mesh', 'tokens'])
      t.true(
        rotate.some(
          (line) => line.startsWith(`RotationNeeded prod/${name}: `) && line.includes(text),
        ),
        name,
      );

    await works(t, repository.run(['synth', ...NOW], { as: alice }));
    repository.commit();
    const after = await repository.run(['plan', ...NOW]);
    t.false(after.stdout.includes('prod/web'), 'its new key he never had');
    t.is(after.stdout.match(/^RotationNeeded /gmu)?.length, 2);

    await works(
      t,
      repository.run(['rotate', 'prod', 'mesh', '--compromised', ...NOW], { as: alice }),
    );
    repository.commit();
    const replaced = await repository.run(['plan', ...NOW]);
    t.deepEqual(replaced.stdout.match(/^RotationNeeded \S+/gmu), ['RotationNeeded prod/tokens:']);
  },
);

sopsTest(
  'Exposed: in a shallow clone, which has no history to look at, it is an error and no "none"',
  async (t) => {
    const repository = await leftBySops(t);
    repository.write('clusters/main.js', main([alice], { ...WRONG_HANDS, more: LATER }));
    repository.write('.git/shallow', `${repository.git('rev-parse', 'HEAD')}\n`);
    for (const command of ['plan', 'synth', 'renew']) {
      const before = repository.files();
      const { status, stderr } = await repository.run([command, ...NOW], { as: alice });
      t.is(status, 1, command);
      t.regex(stderr, /this clone is shallow: .* \[ERR_READ\][^]*hint: .*--unshallow/u);
      t.deepEqual(repository.files(), before);
    }
    repository.write('clusters/main.js', main([alice], { more: LATER }));
    await works(t, repository.run(['plan', ...NOW]));
  },
);

sopsTest(
  'verify: who was let into the store by sops updatekeys is found without a base, though declared to deliver',
  async (t) => {
    const app = `deliveryRecipients: ['${bob.recipient}']`;
    const repository = new Repository(t, { 'clusters/main.js': main([alice], { app }) });
    await works(t, repository.run(['synth', '--now', '2026-01-01T00:00:00Z']));
    repository.commit();
    await works(t, repository.run(['verify', ...NOW]));
    const rules = repository.read('.sops.yaml');
    // an attacker edits the rule as well, so that all looks like a role that changed and waits for an identity
    repository.write('.sops.yaml', rules.replaceAll(/age: age1\S*/gu, `$&,${bob.recipient}`));
    const file = 'deploy/prod/pki/web.sops.yaml';
    await succeed(toolPath('sops'), ['updatekeys', '--yes', '--input-type', 'yaml', file], {
      cwd: repository.root,
      env: { PATH: process.env['PATH'] ?? '', SOPS_AGE_KEY: alice.identity },
    });
    t.true(repository.read(file).includes(bob.recipient));
    repository.commit('planted');
    const { status, stdout } = await repository.run(['verify', ...NOW]);
    t.is(status, 3, stdout);
    const found = stdout.split('\n').filter((line) => line.startsWith('error '));
    t.is(found.length, 1, stdout);
    t.regex(found[0] ?? '', /RecipientAdded/u);
    t.true(found[0]?.includes(`${bob.recipient} is no custodian and can open ${file}`), found[0]);
  },
);

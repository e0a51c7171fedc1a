import test, { type ExecutionContext } from 'ava';
import { newPerson, Repository, type Person } from '../_helpers/run-cli.ts';

const alice = await newPerson();
const bob = await newPerson();
const NOW = ['--now', '2026-03-01T00:00:00Z'];

const main = (recipients: readonly Person[], app = ''): string => `
import * as pki from 'cdk8s-pki';
const app = new pki.App({ recipients: ${JSON.stringify(recipients.map(({ recipient }) => recipient))}, ${app} });
const prod = new pki.Cluster(app, 'prod');
const mesh = new pki.CertificateAuthority(prod, 'mesh');
new pki.Certificate(prod, 'web', { issuer: mesh, profile: 'server', dnsNames: ['web.example.com'] });
export default app;
`;

const REMOVED = `removedRecipients: [{ recipient: '${bob.recipient}', since: '2026-02-01' }]`;
const WRONG_HANDS = REMOVED.replace('}]', ', compromised: true }]');

/** Bob could open everything in a commit that is merged; no file of HEAD says so. */
async function forgotten(t: ExecutionContext): Promise<Repository> {
  const repository = new Repository(t, { 'clusters/main.js': main([alice, bob]) });
  const first = await repository.run(['synth', '--now', '2026-01-01T00:00:00Z']);
  t.is(first.status, 0, first.stderr);
  repository.commit();
  repository.git('checkout', '-q', '-b', 'without-bob');
  repository.write('clusters/main.js', main([alice], REMOVED));
  const second = await repository.run(['synth', ...NOW], { as: alice });
  t.is(second.status, 0, second.stderr);
  for (const [file, text] of Object.entries(repository.files()))
    if (text.includes(bob.recipient))
      repository.write(file, text.replace(/^formerRecipients: .*\n/mu, ''));
  repository.write('clusters/main.js', main([alice]));
  for (const text of Object.values(repository.files())) t.false(text.includes(bob.recipient));
  repository.commit();
  repository.git('checkout', '-q', 'main');
  repository.git('merge', '-q', '--no-ff', '-m', 'merge', 'without-bob');
  return repository;
}

const TEXT = `its private key was encrypted to the compromised recipient ${bob.recipient}`;

test('Exposed: what a compromised recipient could open in an earlier commit is listed, though no file remembers', async (t) => {
  const repository = await forgotten(t);
  const before = await repository.run(['plan', ...NOW]);
  t.is(before.status, 0, before.stdout);
  repository.write('clusters/main.js', main([alice], WRONG_HANDS));
  const { status, stdout, stderr } = await repository.run(['plan', ...NOW]);
  t.is(status, 3, stderr);
  t.true(stdout.includes(`issue prod/web: Exposed, ${TEXT}`), stdout);
  t.regex(stdout, new RegExp(`^RotationNeeded prod/mesh: [0-9a-f]{16}: ${TEXT}$`, 'mu'));
});

test('Exposed: a shallow clone has no history to look at, which is an error and no "none"', async (t) => {
  const repository = await forgotten(t);
  repository.write('.git/shallow', `${repository.git('rev-parse', 'HEAD')}\n`);
  const before = await repository.run(['plan', ...NOW]);
  t.is(before.status, 0, 'nobody asks for it');
  repository.write('clusters/main.js', main([alice], WRONG_HANDS));
  for (const command of ['plan', 'synth']) {
    const { status, stderr } = await repository.run([command, ...NOW], { as: alice });
    t.is(status, 1, command);
    t.regex(stderr, /this clone is shallow: .* \[ERR_READ\][^]*hint: .*--unshallow/u);
  }
});

import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import test from 'ava';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { execa } from 'execa';

const root = path.resolve(import.meta.dirname, '../..');
const cli = path.join(root, 'dist', 'cli.js');

/** A user's repository: the package as npm would link it, and a fleet with one encrypted Secret. */
async function userRepository(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'cdk8s-pki-app-'));
  await symlink(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
  const recipient = await identityToRecipient(await generateX25519Identity());
  await writeFile(
    path.join(folder, 'main.ts'),
    `import { App, Certificate, CertificateAuthority, Cluster, TlsSecret } from '${path.join(root, 'dist/index.js')}';
    const app = new App({ recipients: ['${recipient}'] });
    const cluster = new Cluster(app, 'one');
    const issuer = new CertificateAuthority(cluster, 'web-ca', { subject: { commonName: 'web' } });
    const certificate = new Certificate(cluster, 'web', { issuer, profile: 'server', dnsNames: ['web.test'] });
    new TlsSecret(cluster, 'web-tls', { certificate, namespace: 'web' });
    export default app;`,
  );
  return folder;
}

test('synth: copies finished manifests to CDK8S_OUTDIR, as the app command of cdk8s', async (t) => {
  const folder = await userRepository();
  const env = { CDK8S_OUTDIR: 'out' };
  const { exitCode, stderr } = await execa(process.execPath, [cli, 'synth', '--app', 'main.ts'], {
    cwd: folder,
    env,
    reject: false,
  });
  t.is(exitCode, 0, stderr);
  const secret = 'one/manifests/Secret.web.web-tls.sops.yaml';
  t.deepEqual((await readdir(path.join(folder, 'out'), { recursive: true })).sort(), [
    'one',
    'one/manifests',
    secret,
  ]);
  const copy = await readFile(path.join(folder, 'out', secret), 'utf8');
  t.is(copy, await readFile(path.join(folder, 'deploy', secret), 'utf8'));
  t.regex(copy, /tls\.key: ENC\[AES256_GCM,/u);
  await rm(folder, { recursive: true });
});

test('synth: copies manifests also when there was nothing to do, since cdk8s empties its folder', async (t) => {
  const folder = await userRepository();
  const run = async (): Promise<string> => {
    const { stdout } = await execa(process.execPath, [cli, 'synth', '--app', 'main.ts'], {
      cwd: folder,
      env: { CDK8S_OUTDIR: 'out' },
    });
    return stdout;
  };
  await run();
  await rm(path.join(folder, 'out'), { recursive: true });
  t.regex(await run(), /^nothing to do/u);
  t.is((await readdir(path.join(folder, 'out', 'one', 'manifests'))).length, 1);
  await rm(folder, { recursive: true });
});

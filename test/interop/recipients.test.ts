import { createPublicKey } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { load } from 'js-yaml';
import { SECRET } from '../_helpers/fleet-chains.ts';
import {
  bundleFiles,
  bundleFolder,
  encryptedFiles,
  fromBase64,
  NODES,
  record,
  type EncryptedFile,
} from '../_helpers/fleet-tree.ts';
import { Fleet, type Role } from '../_helpers/fleet.ts';
import { inParallel, succeed, type Ran } from '../_helpers/run-program.ts';
import { toolTest } from '../_helpers/tool-test.ts';
import { toolPath } from '../_helpers/tools.ts';

/** Of sops: no identity at hand opens the data key; the message authentication code is not that of the content. */
const NO_DATA_KEY = 128;
const MAC_MISMATCH = 51;

const EDGE_SECRET = 'deploy/edge-1/manifests/Secret.default.edge-tls.sops.yaml';

const sopsTest = toolTest(['sops', 'age-keygen'], { serial: true });
let fleet: Fleet;
let encrypted: readonly EncryptedFile[];

test.before(async () => {
  fleet = await Fleet.prepare();
  // the sample has a Secret in one cluster only: the other gets one too
  fleet.editDeclaration(
    "new KubeadmCluster(app, 'edge-1'",
    "const edge = new KubeadmCluster(app, 'edge-1'",
  );
  fleet.editDeclaration(
    'export default app;',
    `const tls = new Certificate(edge, 'edge-tls', {
       issuer: edge.ca, profile: 'server', dnsNames: ['edge.example.com'],
     });
     new TlsSecret(edge, 'edge-tls-secret', { certificate: tls, name: 'edge-tls', namespace: 'default' });
     export default app;`,
  );
  const { status, stderr } = await fleet.cli(['synth']);
  if (status !== 0) throw new Error(stderr.toString());
  encrypted = encryptedFiles(fleet);
});
test.after.always(() => {
  fleet.remove();
});

/** Status of `sops decrypt` for each encrypted file, by its path. */
async function decryptAll(role: Role): Promise<Map<string, number>> {
  const results = await inParallel(encrypted, async ({ path: file, type }) => {
    const args = ['decrypt', '--input-type', type, '--output-type', type, file];
    return [file, (await fleet.run('sops', args, role)).status] as const;
  });
  return new Map(results);
}

async function decrypt({ path: file, type }: EncryptedFile, role: Role): Promise<string> {
  const args = ['decrypt', '--input-type', type, '--output-type', type, file];
  return (await fleet.succeed('sops', args, role)).toString();
}

/** What each role is meant to open: all but the custodian's in so many words. */
function readable(role: Role): string[] {
  const place = NODES.find(({ node }) => node === role);
  if (place !== undefined) {
    return bundleFiles(fleet, place)
      .filter(({ format }) => format !== 'plain')
      .map((file) => bundleFolder(place) + file.path);
  }
  if (role === 'flux-prod-eu-1') return [SECRET];
  if (role === 'flux') return [EDGE_SECRET];
  return encrypted.map((file) => file.path);
}

sopsTest('every file that should be encrypted is, and no other', (t) => {
  const secret = fleet
    .files('deploy')
    .filter((file) => file.endsWith('.sops.yaml') || /\.(?:key|conf)$/u.test(file));
  t.deepEqual(
    encrypted.map((file) => file.path),
    secret,
  );
  // store: 8 keyset entries, 4 × 11 leaves, 3 of the user's; bundles: 4 × (9 keys + 4 kubeconfigs); 1 kubeconfig; 2 Secrets
  t.is(encrypted.length, 8 + 44 + 3 + 52 + 1 + 2);
  t.is(encrypted.filter(({ type }) => type === 'binary').length, 4 * 9);
});

for (const [role, count] of [
  ['custodian', 110],
  ['cp-1', 13],
  ['cp-2', 13],
  ['cp-3', 13],
  ['node-1', 13],
  ['flux-prod-eu-1', 1],
  ['flux', 1],
] as const) {
  sopsTest(
    `sops with the identity of ${role} alone opens what is meant for it, and nothing else`,
    async (t) => {
      const mine = readable(role);
      t.is(mine.length, count);
      const statuses = await decryptAll(role);
      t.is(statuses.size, encrypted.length);
      t.deepEqual(
        [...statuses].filter(([, status]) => status === 0).map(([file]) => file),
        [...mine].sort(),
      );
      const refused = [...statuses.values()].filter((status) => status !== 0);
      t.deepEqual(
        refused,
        refused.map(() => NO_DATA_KEY),
      );
    },
  );
}

sopsTest('sops refuses a file in which one public character was changed', async (t) => {
  const samples: readonly [string, RegExp, string][] = [
    ['deploy/prod-eu-1/pki/policy-webhook.sops.yaml', /reason: Missing/u, 'reason: Xissing'],
    [SECRET, /name: policy-webhook-tls/u, 'name: policy-webhook-tlx'],
    ['deploy/prod-eu-1/kubeconfigs/deployer.conf', /server: https/u, 'server: xttps'],
    ['deploy/prod-eu-1/nodes/cp-1/etc/kubernetes/admin.conf', /kind: Config/u, 'kind: Xonfig'],
  ];
  for (const [file, before, after] of samples) {
    const original = fleet.read(file);
    const changed = original.replace(before, after);
    t.not(changed, original, file);
    const run = (content: string): Promise<Ran> => {
      const copy = path.join(fleet.scratch, 'changed.yaml');
      writeFileSync(copy, content);
      return fleet.run('sops', ['decrypt', copy], 'custodian');
    };
    t.is((await run(original)).status, 0, file);
    const { status, stderr } = await run(changed);
    t.is(status, MAC_MISMATCH, file);
    t.regex(stderr.toString(), /MAC mismatch/u, file);
  }
});

toolTest(['sops', 'openssl', 'age-keygen'])(
  'the decrypted Secret has three keys, and its private key is that of its certificate',
  async (t) => {
    const file = encrypted.find((candidate) => candidate.path === SECRET);
    if (file === undefined) throw new Error('no Secret');
    const secret = record(load(await decrypt(file, 'flux-prod-eu-1')));
    t.is(secret['type'], 'kubernetes.io/tls');
    t.false('sops' in secret);
    const data = record(secret['data']);
    t.deepEqual(Object.keys(data).sort(), ['ca.crt', 'tls.crt', 'tls.key']);
    const openssl = async (args: readonly string[], input: string): Promise<string> => {
      const options = { cwd: fleet.root, env: fleet.environment(), input };
      return (await succeed(toolPath('openssl'), args, options)).toString();
    };
    const ofKey = await openssl(['pkey', '-pubout'], fromBase64(data['tls.key']));
    t.regex(ofKey, /^-----BEGIN PUBLIC KEY-----/u);
    t.is(ofKey, await openssl(['x509', '-noout', '-pubkey'], fromBase64(data['tls.crt'])));
    const authority = path.join(fleet.scratch, 'webhook-ca.crt');
    writeFileSync(authority, fromBase64(data['ca.crt']));
    const verify = ['verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', authority];
    t.regex(await openssl(verify, fromBase64(data['tls.crt'])), /OK/u);
  },
);

toolTest(['sops', 'openssl', 'age-keygen'])(
  'every private key that sops hands a node is that of the certificate beside it',
  async (t) => {
    let pairs = 0;
    for (const place of NODES) {
      for (const { path: target, format } of bundleFiles(fleet, place)) {
        if (format === 'plain') continue;
        const file = bundleFolder(place) + target;
        const content = await decrypt({ path: file, type: format }, place.node);
        const [key, beside] = format === 'binary' ? keyPair(file, content) : userPair(content);
        const options = { cwd: fleet.root, env: fleet.environment(), input: key };
        const ofKey = await succeed(toolPath('openssl'), ['pkey', '-pubout'], options);
        t.is(ofKey.toString(), publicPem(beside), file);
        pairs += 1;
      }
    }
    t.is(pairs, 4 * 13);
  },
);

/** A `.key` file and the certificate, or for service accounts the public key, of the same name. */
function keyPair(file: string, content: string): [key: string, beside: string] {
  const beside = file.replace(/\.key$/u, file.endsWith('/sa.key') ? '.pub' : '.crt');
  return [content, readFileSync(path.join(fleet.root, beside), 'utf8')];
}

function userPair(content: string): [key: string, certificate: string] {
  const { users } = record(load(content));
  const user = record(record((users as readonly unknown[])[0])['user']);
  return [fromBase64(user['client-key-data']), fromBase64(user['client-certificate-data'])];
}

function publicPem(pem: string): string {
  return createPublicKey(pem).export({ type: 'spki', format: 'pem' }).toString();
}

sopsTest('sops opens a document that remembers who could open it before', async (t) => {
  const file = 'deploy/edge-1/pki/edge-tls.sops.yaml';
  fleet.editDeclaration(
    "deliveryRecipients: [recipients('flux')],",
    "removedRecipients: [{ recipient: recipients('flux'), since: '2026-01-01' }],",
  );
  const { status, stderr } = await fleet.cli(['synth'], 'custodian');
  t.is(status, 0, stderr.toString());
  t.regex(fleet.read(file), /^formerRecipients: age1[a-z0-9]+$/mu);
  const content = await decrypt({ path: file, type: 'yaml' }, 'custodian');
  t.regex(content, /BEGIN (?:[A-Z]+ )?PRIVATE KEY/u);
});

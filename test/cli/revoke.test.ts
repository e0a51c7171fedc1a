import { X509Certificate } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { parse } from 'yaml';
import { readCrl } from '../../src/x509/read/crl/crl.ts';
import { formatPem } from '../../src/x509/read/pem.ts';
import { refused } from '../_helpers/refusal.ts';
import { changed, newPerson, Repository, type Result, synthesized } from '../_helpers/run-cli.ts';

const alice = await newPerson();
const START = '2026-01-01T00:00:00Z';
const DAY = 86_400_000;
const at = (days: number): string => new Date(Date.parse(START) + days * DAY).toISOString();

const declare = (controlPlane: string): string => `
import * as pki from 'cdk8s-pki';
const app = new pki.App({ recipients: ['${alice.recipient}'] });
const mesh = new pki.CertificateAuthority(app, 'mesh');
const prod = new pki.KubeadmCluster(app, 'prod', {
  kubernetesVersion: '1.34.4',
  controlPlane: '${controlPlane}',
  controlPlaneEndpoint: 'api.example.com',
  controlPlaneNodes: [
    { name: 'cp-1', advertiseAddress: '10.0.0.11' },
    { name: 'cp-2', advertiseAddress: '10.0.0.12' },
  ],
});
new pki.Kubeconfig(prod, 'deployer', { user: 'deployer', groups: ['deployers'] });
new pki.Certificate(prod, 'web', { issuer: mesh, profile: 'server', dnsNames: ['web.example.com'] });
export default app;
`;

const RECORD = 'deploy/prod/pki/etcd-ca/revocations.yaml';
const MANIFESTS = 'etc/kubernetes/manifests';
const CRL = 'etc/kubernetes/pki/etcd/ca.crl';
const node = (name: string, file: string): string => `deploy/prod/nodes/${name}/${file}`;

const made = (t: ExecutionContext, controlPlane = 'static-pods'): Promise<Repository> =>
  synthesized(t, declare(controlPlane), START);

async function succeed(
  t: ExecutionContext,
  repository: Repository,
  ...args: readonly string[]
): Promise<Result> {
  const result = await repository.run(args, { as: alice });
  t.is(result.status, 0, result.stderr);
  return result;
}

const serialOf = (repository: Repository, leaf: string): string => {
  const document: unknown = parse(repository.read(`deploy/prod/pki/${leaf}.sops.yaml`));
  return new X509Certificate((document as { certificate: string }).certificate).serialNumber;
};

/** The serial numbers of the CRL that a node gets. */
function revoked(repository: Repository, name = 'cp-1'): string[] {
  const octets = readFileSync(repository.path(node(name, CRL)));
  return readCrl(formatPem('X509 CRL', octets)).revoked.map(({ serialNumber }) => serialNumber);
}

test('revoke: a client of etcd gets a new key, and its serial number comes onto the CRL of every member', async (t) => {
  const repository = await made(t);
  const before = repository.files();
  const serial = serialOf(repository, 'cp-1/apiserver-etcd-client');
  const { stdout } = await succeed(
    t,
    repository,
    ...[
      'revoke',
      'prod',
      'cp-1/apiserver-etcd-client',
      '--reason',
      'keyCompromise',
      '--now',
      at(1),
    ],
  );
  t.regex(stdout, /^revoke prod\/etcd-ca: Revoked, CRL 1 of 1 certificate: /mu);
  t.regex(stdout, /^issue prod\/cp-1\/apiserver-etcd-client: Revoked, /mu);
  t.regex(stdout, /etcd refuses it from the next handshake on/u);
  t.regex(stdout, /"cp-1" first/u);
  t.deepEqual(
    changed(before, repository.files()).filter((file) => !/bundle\.yaml|inventory/iu.test(file)),
    [
      ...['manifests/etcd.yaml', 'manifests/kube-apiserver.yaml', 'pki/apiserver-etcd-client.crt']
        .concat('pki/apiserver-etcd-client.key', 'pki/etcd/ca.crl')
        .map((file) => node('cp-1', `etc/kubernetes/${file}`)),
      ...['manifests/etcd.yaml', 'pki/etcd/ca.crl'].map((file) =>
        node('cp-2', `etc/kubernetes/${file}`),
      ),
      'deploy/prod/pki/cp-1/apiserver-etcd-client.sops.yaml',
      RECORD,
    ],
  );
  t.not(serialOf(repository, 'cp-1/apiserver-etcd-client'), serial);
  for (const name of ['cp-1', 'cp-2']) {
    t.deepEqual(revoked(repository, name), [serial]);
    const manifest = repository.read(node(name, `${MANIFESTS}/etcd.yaml`));
    for (const flag of ['client-crl-file', 'peer-crl-file'])
      t.true(manifest.includes(`    - --${flag}=/${CRL}\n`), flag);
    t.true(
      repository.read(node(name, 'bundle.yaml')).includes(`  - path: /${CRL}\n    format: plain\n`),
    );
  }
  const again = await repository.run(['plan', '--now', at(1)]);
  t.is(again.status, 0, 'nothing is left to do');
});

test('revoke: before the first revocation no node has a CRL, nor a flag that names one', async (t) => {
  const repository = await made(t);
  for (const [file, text] of Object.entries(repository.files()))
    if (file.startsWith('deploy/'))
      t.notRegex(file + text, /ca\.crl|crl-file|revocations\.yaml/u, file);
});

test('revoke: older certificates of the leaf that git knows and that are still good are revoked with it', async (t) => {
  const repository = await made(t);
  const serials = [serialOf(repository, 'cp-1/etcd-peer')];
  for (const day of [10, 300]) {
    await succeed(t, repository, 'renew', 'cp-1/etcd-peer', '--now', at(day));
    repository.commit('renewed', at(day));
    serials.push(serialOf(repository, 'cp-1/etcd-peer'));
  }
  const shallow = repository.path('.git/shallow');
  writeFileSync(shallow, `${repository.git('rev-parse', 'HEAD')}\n`);
  const unknown = {
    code: 'ERR_READ',
    message: /^this clone is shallow: git cannot tell which certificates "prod" had before$/u,
    hint: /git fetch --unshallow/u,
  };
  const late = ['revoke', 'prod', 'cp-1/etcd-peer', '--now', at(370)];
  await refused(t, repository, late, unknown, { as: alice });
  rmSync(shallow);
  await succeed(t, repository, ...late);
  t.deepEqual(revoked(repository).sort(), serials.slice(1).sort(), 'the first one expired');
});

test('revoke: so are those that only a merged line of history had, and each once, however often it is asked for', async (t) => {
  const repository = await made(t);
  const name = 'cp-1/etcd-peer';
  const serials = [serialOf(repository, name)];
  const renewed = async (day: number): Promise<void> => {
    await succeed(t, repository, 'renew', name, '--now', at(day));
    repository.commit('renewed', at(day));
    serials.push(serialOf(repository, name));
  };
  const main = repository.git('branch', '--show-current');
  repository.git('switch', '-q', '-c', 'side');
  await renewed(10);
  repository.git('switch', '-q', main);
  await renewed(11);
  repository.git('merge', '-q', '-s', 'ours', '-m', 'Merge', 'side');
  for (const day of [12, 13]) {
    await succeed(t, repository, 'revoke', 'prod', name, '--now', at(day));
    t.deepEqual(revoked(repository).sort(), serials.toSorted());
    repository.commit('revoked', at(day));
    serials.push(serialOf(repository, name));
  }
});

test('revoke: a renewal of the CRL changes no manifest, and one that was cut off goes on from the record', async (t) => {
  const repository = await made(t);
  await succeed(t, repository, 'revoke', 'prod', 'cp-2/etcd-peer', '--now', at(1));
  repository.commit('revoked', at(1));
  const before = repository.files();
  const due = await repository.run(['renew', '--dry-run', '--now', at(246)]);
  t.regex(due.stdout, /^revoke prod\/etcd-ca: RenewalDue, .* \[needs an identity\]$/mu);
  await succeed(t, repository, 'renew', '--now', at(246));
  t.deepEqual(changed(before, repository.files()), [
    ...['cp-1', 'cp-2'].flatMap((name) => [node(name, 'bundle.yaml'), node(name, CRL)]),
    RECORD,
  ]);
  repository.commit('renewed', at(246));

  // the record of a run that was cut off, put in by hand: the leaf it names stands as it was
  repository.git('checkout', '-q', 'HEAD~2', '--', 'deploy/prod/pki/cp-2/etcd-peer.sops.yaml');
  const { stdout } = await succeed(t, repository, 'synth', '--now', at(247));
  t.regex(stdout, /^issue prod\/cp-2\/etcd-peer: Revoked, /mu);
});

test('revoke: the Kubernetes API has no revocation, and the report says what ends the rights', async (t) => {
  const repository = await made(t);
  const admin = await succeed(t, repository, 'revoke', 'prod', 'cp-1/admin.conf', '--now', at(1));
  t.regex(
    admin.stdout,
    /^revoked prod\/cp-1\/admin\.conf: serial number [0-9A-F]+, good until 2027-01-01T00:00:00.000Z$/mu,
  );
  t.regex(admin.stdout, /no revocation: .* user "kubernetes-admin" of "kubeadm:cluster-admins"/u);
  t.regex(
    admin.stdout,
    /ClusterRoleBinding kubeadm:cluster-admins \(Group kubeadm:cluster-admins, also of [^)]*apiserver-kubelet-client[^)]*\)/u,
  );
  t.regex(admin.stdout, /cdk8s-pki rotate prod ca \(in stages/u);
  t.false(repository.files()[node('cp-1', CRL)] !== undefined, 'etcd has nothing to do with it');
  const proxy = await succeed(t, repository, 'revoke', 'prod', 'cp-1/front-proxy-client');
  t.regex(proxy.stdout, /can name any user and group/u);
  t.regex(proxy.stdout, /extension-apiserver-authentication/u);
  const json = await succeed(t, repository, 'revoke', 'prod', 'deployer', '--output', 'json');
  const { revocations } = JSON.parse(json.stdout) as { revocations: Record<string, unknown>[] };
  t.like(revocations[0], {
    credential: 'prod/deployer',
    authority: 'prod/ca',
    domain: 'ca',
    user: 'deployer',
    groups: ['deployers'],
    bindings: [],
  });
});

test('revoke: the record of a shared authority is its own, and the leaf of another cluster follows', async (t) => {
  const repository = await made(t);
  const serial = serialOf(repository, 'web');
  const { stdout } = await succeed(t, repository, 'revoke', 'prod', 'web', '--now', at(1));
  t.regex(stdout, /^revoke _shared\/mesh: Revoked, /mu);
  t.regex(stdout, /^issue prod\/web: Revoked, /mu);
  t.true(repository.read('deploy/_shared/pki/mesh/revocations.yaml').includes(serial));
  t.is((await repository.run(['plan', '--now', at(1)])).status, 0);
});

test('revoke: with the configuration of kubeadm, etcd gets the flags as extraArgs', async (t) => {
  const repository = await made(t, 'kubeadm');
  const config = node('cp-1', 'etc/kubernetes/kubeadm/config.yaml');
  t.regex(
    repository.read(config),
    /^ {2}local:\n {4}dataDir: \/var\/lib\/etcd\n(?! {4}extraArgs)/mu,
  );
  await succeed(t, repository, 'revoke', 'prod', 'cp-1/etcd-peer', '--now', at(1));
  const args = ['client', 'peer'].map(
    (name) => `    - name: ${name}-crl-file\n      value: /${CRL}\n`,
  );
  t.true(
    repository.read(config).includes(`    extraArgs:\n${args.join('')}`),
    repository.read(config),
  );
  t.is(revoked(repository).length, 1);
});

test('revoke: says where etcd would not look at the CRL', async (t) => {
  const repository = await made(t);
  const args = ['revoke', 'prod', 'cp-1/etcd-peer', '--dry-run', '--now', at(1)];
  t.notRegex((await repository.run(args)).stdout, /GHSA/u);
  const extra =
    "etcdLocal: { extraArgs: { 'listen-client-http-urls': 'https://127.0.0.1:2382' } },";
  const declared = declare('static-pods').replace(
    'controlPlaneNodes:',
    `${extra} controlPlaneNodes:`,
  );
  repository.write('clusters/main.js', declared);
  t.regex((await repository.run(args)).stdout, /looks at no CRL .*GHSA-3wh4-j44w-pg92/u);
  const own = declared.replace('listen-client-http-urls', 'peer-crl-file');
  repository.write('clusters/main.js', own);
  t.regex((await repository.run(args)).stderr, /extraArgs "peer-crl-file" cannot be given/u);
});

test('revoke: a rotation of the authority signs the CRL with the entry that signs then', async (t) => {
  const repository = await made(t);
  await succeed(t, repository, 'revoke', 'prod', 'cp-1/etcd-peer', '--now', at(1));
  repository.commit('revoked', at(1));
  const issuer = (): string =>
    /^issuer: "?([0-9a-f]+)"?$/mu.exec(repository.read(RECORD))?.[1] ?? '';
  const first = issuer();
  const second = (): string | undefined =>
    /^outgoingIssuer: "?([0-9a-f]+)"?$/mu.exec(repository.read(RECORD))?.[1];
  await succeed(t, repository, 'rotate', 'prod', 'etcd-ca', '--now', at(2));
  t.is(issuer(), first, 'the incoming entry signs nothing');
  t.is(second(), undefined);
  repository.commit('accept', at(2));
  const { stdout } = await succeed(t, repository, 'rotate', 'prod', 'etcd-ca', '--now', at(4));
  t.regex(stdout, /^revoke prod\/etcd-ca: IssuerRetired, CRL 2 of 1 certificate: /mu);
  t.not(issuer(), first);
  t.is(second(), first, 'so that its certificates are not without a CRL');
  t.is(revoked(repository).length, 1, 'what the outgoing entry signed stays revoked');
  const diff = await repository.run(['diff', '--now', at(4)]);
  t.regex(diff.stdout, new RegExp(`CRL 2 of 1 until [0-9-]+, also by \`${first}\``, 'u'));
  repository.commit('issue', at(4));
  const retired = await succeed(t, repository, 'rotate', 'prod', 'etcd-ca', '--now', at(8));
  t.regex(
    retired.stdout,
    /^revoke prod\/etcd-ca: IssuerRetired, CRL 3 of 1 certificate: its second signer "[0-9a-f]+" is gone$/mu,
  );
  t.is(second(), undefined);
  t.is((await repository.run(['plan', '--now', at(8)])).status, 0);
  repository.commit('retire', at(8));
  const lost = await succeed(
    t,
    repository,
    'rotate',
    'prod',
    'etcd-ca',
    '--compromised',
    '--now',
    at(9),
  );
  t.regex(lost.stdout, /^revoke prod\/etcd-ca: IssuerRetired, CRL 4 /mu);
  t.is((await repository.run(['plan', '--now', at(9)])).status, 0);
});

const MISTAKES: readonly (readonly [string, string, RegExp, readonly string[]])[] = [
  ['an unknown cluster', 'ERR_USAGE', /^"prot" is no cluster/u, ['prot', 'web']],
  ['an unknown name', 'ERR_USAGE', /^"wep" names no certificate/u, ['prod', 'wep']],
  ['a keyset', 'ERR_USAGE', /^"prod\/etcd-ca" is not renewed but rotated$/u, ['prod', 'etcd-ca']],
];

for (const [what, code, message, args] of MISTAKES)
  test(`revoke: ${what} is refused, and nothing is written`, async (t) => {
    const repository = await made(t);
    await refused(
      t,
      repository,
      ['revoke', ...args],
      { code, message, hint: /./u, status: 2 },
      { as: alice },
    );
  });

test('revoke: needs an identity, and with --dry-run writes nothing', async (t) => {
  const repository = await made(t);
  await refused(t, repository, ['revoke', 'prod', 'web', '--now', at(1)], {
    code: 'ERR_IDENTITY_NEEDED',
    message: /need an identity of a custodian$/u,
    hint: /SOPS_AGE_KEY_FILE/u,
  });
  const before = repository.files();
  const dry = await repository.run([
    'revoke',
    'prod',
    'cp-1/etcd-peer',
    '--dry-run',
    '--now',
    at(1),
  ]);
  t.is(dry.status, 0, dry.stderr);
  t.regex(dry.stdout, /^revoke prod\/etcd-ca: Revoked, .* \[needs an identity\]$/mu);
  t.deepEqual(repository.files(), before);
});

test('revoke: a leaf that cannot be read is refused, since nobody knows its serial number', async (t) => {
  const repository = await made(t);
  repository.write('deploy/prod/pki/web.sops.yaml', 'damaged');
  await refused(
    t,
    repository,
    ['revoke', 'prod', 'web', '--now', at(1)],
    {
      code: 'ERR_STORE',
      message: /cannot be read: nobody knows which serial number/u,
      hint: /git checkout/u,
    },
    { as: alice },
  );
});

test('a record that is gone, lowered, or taken from another authority stops every command', async (t) => {
  const repository = await made(t);
  await succeed(t, repository, 'revoke', 'prod', 'cp-1/etcd-peer', '--now', at(1));
  const first = repository.read(RECORD);
  repository.commit('revoked', at(1));
  await succeed(t, repository, 'revoke', 'prod', 'cp-2/etcd-peer', '--now', at(2));
  repository.commit('revoked', at(2));
  const whole = repository.read(RECORD);
  const refuse = (message: RegExp): Promise<unknown> =>
    refused(t, repository, ['synth', '--now', at(3)], {
      code: 'ERR_CRL',
      message,
      hint: /git checkout HEAD -- '[^']*revocations.yaml'/u,
    });
  repository.write(RECORD, first);
  await refuse(/: its CRL has number 1, an earlier one had 2$/u);
  const verified = await repository.run(['verify', '--base', 'HEAD', '--now', at(3)]);
  t.is(verified.status, 3);
  t.regex(verified.stdout, /^error RevocationLost: /mu);
  repository.remove(RECORD);
  await refuse(/: it is gone, and HEAD has a record of 2 revoked certificates$/u);
  repository.write(RECORD, whole.replace(/reason: \w+/u, 'reason: superseded'));
  await refuse(/: its fields are not what its CRL says$/u);
  repository.write(RECORD, whole);
  repository.write(
    'deploy/prod/pki/ca/revocations.yaml',
    whole.replace('name: etcd-ca', 'name: ca'),
  );
  const message = /ca\/revocations.yaml": its CRL is not signed by the entry/u;
  await refused(t, repository, ['synth', '--now', at(3)], {
    code: 'ERR_CRL',
    message,
    hint: /git/u,
  });
});

test('check lists a CRL, due from two thirds of its life on', async (t) => {
  const repository = await made(t);
  await succeed(t, repository, 'revoke', 'prod', 'cp-1/etcd-peer', '--now', at(0));
  const check = async (days: number) => {
    const { stdout } = await repository.run(['check', '--output', 'json', '--now', at(days)]);
    const { certificates } = JSON.parse(stdout) as { certificates: Record<string, unknown>[] };
    return certificates.find(({ kind }) => kind === 'crl');
  };
  t.like(await check(243), { name: 'etcd-ca', serialNumber: '1', status: 'ok', path: RECORD });
  t.is((await check(244))?.['status'], 'due');
  t.is((await check(366))?.['status'], 'expired');
  const { stdout } = await repository.run(['check', '--now', at(1)]);
  t.regex(stdout, /^prod +etcd-ca CRL 1 /mu);
  t.regex(stdout, / authorities and 1 CRL in /u);
});

test('remove takes the record of an authority away with it', async (t) => {
  const repository = await made(t);
  await succeed(t, repository, 'revoke', 'prod', 'cp-1/etcd-peer', '--now', at(1));
  repository.commit('revoked', at(1));
  repository.write(
    'clusters/main.js',
    declare('static-pods').replace(/const prod = [^]*?export/u, 'export'),
  );
  await succeed(t, repository, 'remove', 'prod', '--now', at(2));
  t.deepEqual(
    Object.keys(repository.files()).filter((file) => file.startsWith('deploy/prod/pki')),
    [],
  );
});

test('revoke: what a merged revert let in again verify finds without a base, until the record is brought back, and what an edited record let go', async (t) => {
  const repository = await made(t);
  const serial = serialOf(repository, 'cp-1/etcd-peer');
  await succeed(t, repository, 'revoke', 'prod', 'cp-1/etcd-peer', '--now', at(1));
  repository.commit('revoked', at(1));
  const lostNow = async (): Promise<unknown> => {
    const { stdout } = await repository.run(['verify', '--output', 'json', '--now', at(2)]);
    const { findings } = JSON.parse(stdout) as { findings: readonly { readonly code: string }[] };
    return findings.filter(({ code }) => code === 'RevocationLost');
  };
  t.deepEqual(await lostNow(), []);
  repository.git('revert', '--no-edit', 'HEAD');
  t.is((await repository.run(['plan', '--now', at(2)])).status, 0, 'the tree is as declared');
  t.like(await lostNow(), {
    length: 1,
    0: { credential: 'prod/etcd-ca', file: RECORD, level: 'error' },
  });
  const shallow = repository.path('.git/shallow');
  writeFileSync(shallow, `${repository.git('rev-parse', 'HEAD')}\n`);
  t.deepEqual(await lostNow(), [], 'such a clone has a base to look at');
  rmSync(shallow);

  repository.git('restore', '--source', 'HEAD~1', RECORD);
  await succeed(t, repository, 'synth', '--now', at(2));
  t.not(serialOf(repository, 'cp-1/etcd-peer'), serial);
  t.deepEqual(revoked(repository), [serial]);
  repository.commit('brought back', at(2));
  t.deepEqual(await lostNow(), []);

  // what no CRL signs is edited, so that the next one does without the entry
  const record = repository.read(RECORD);
  repository.write(RECORD, record.replace(/notAfter: .*/u, `notAfter: "${at(0)}"`));
  repository.commit('edited', at(2));
  await succeed(t, repository, 'revoke', 'prod', 'cp-2/etcd-peer', '--now', at(2));
  t.false(revoked(repository).includes(serial));
  repository.commit('another', at(2));
  t.like(await lostNow(), { length: 1 });
});

test('revoke: of two branches that meet neither loses what the other one revoked, unseen', async (t) => {
  const repository = await made(t);
  const names = ['cp-1/etcd-peer', 'cp-2/apiserver-etcd-client'];
  const serials = names.map((name) => serialOf(repository, name));
  for (const [index, name] of names.entries()) {
    repository.git('checkout', '-q', '-b', `branch-${index}`, 'main');
    await succeed(t, repository, 'revoke', 'prod', name, '--now', at(1));
    repository.commit('revoked', at(1));
  }
  repository.git('checkout', '-q', 'main');
  repository.git('merge', '-q', '--no-ff', '-m', 'one', 'branch-0');
  repository.git('checkout', '-q', 'branch-1');
  repository.git('merge', '-q', '--no-commit', '-s', 'recursive', '-X', 'theirs', 'main');
  const lost = async (): Promise<number> => {
    const args = ['verify', '--base', 'main', '--output', 'json', '--now', at(2)];
    const { stdout } = await repository.run(args);
    const { findings } = JSON.parse(stdout) as { findings: readonly { readonly code: string }[] };
    return findings.filter(({ code }) => code === 'RevocationLost').length;
  };
  t.deepEqual(revoked(repository), serials.slice(0, 1));
  t.is(await lost(), 1, 'before the merge is committed');
  repository.commit('merged', at(2));
  t.is(await lost(), 1, 'and after');
  await succeed(t, repository, 'revoke', 'prod', names[1] ?? '', '--now', at(2));
  repository.commit('revoked again', at(2));
  for (const serial of serials) t.true(revoked(repository).includes(serial));
  t.is(await lost(), 0);

  repository.git('checkout', '-q', 'main');
  repository.git('merge', '-q', '--no-commit', '-s', 'ours', 'branch-1');
  t.is(await lost(), 1, 'what only the side that is merged in has');
});

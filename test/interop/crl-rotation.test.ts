import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { parse } from 'yaml';
import { rolloutSteps, stepsBefore } from '../../src/catalog/rotation/rollout.ts';
import { newPerson, synthesized, type Repository } from '../_helpers/run-cli.ts';
import { runProgram } from '../_helpers/run-program.ts';
import { toolTest } from '../_helpers/tool-test.ts';
import { toolPath } from '../_helpers/tools.ts';

const alice = await newPerson();
const START = Date.parse('2026-01-01T00:00:00Z');
const at = (days: number): string => new Date(START + days * 86_400_000).toISOString();
const DECLARED = `
import * as pki from 'cdk8s-pki';
const app = new pki.App({ recipients: ['${alice.recipient}'] });
const issuer = new pki.CertificateAuthority(app, 'mesh');
const prod = new pki.Cluster(app, 'prod');
for (const name of ['web', 'api'])
  new pki.Certificate(prod, name, { issuer, profile: 'server', dnsNames: [name + '.example.com'] });
export default app;
`;
const KEYSET = 'deploy/_shared/pki/mesh';
const env = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' };

function field(repository: Repository, file: string, name: string): string {
  const document: unknown = parse(repository.read(file));
  return (document as Record<string, string>)[name] ?? '';
}

/** What openssl answers for each certificate, with these CRLs and all entries of the keyset as its anchors. */
async function judged(
  t: ExecutionContext,
  repository: Repository,
  { certificates, crls, now }: { certificates: Map<string, string>; crls: string; now: string },
): Promise<Record<string, string>> {
  const cwd = mkdtempSync(path.join(tmpdir(), 'cdk8s-pki-crl-'));
  t.teardown(() => {
    rmSync(cwd, { recursive: true });
  });
  const entries = Object.keys(repository.files()).filter(
    (file) => file.startsWith(`${KEYSET}/`) && file.endsWith('.sops.yaml'),
  );
  const bundle = entries.map((file) => field(repository, file, 'certificate')).join('');
  writeFileSync(path.join(cwd, 'bundle.pem'), bundle);
  writeFileSync(path.join(cwd, 'crl.pem'), crls);
  const checking = ['-x509_strict', '-crl_check', '-CRLfile', 'crl.pem', '-CAfile', 'bundle.pem'];
  const attime = String(Date.parse(now) / 1000);
  const answers: Record<string, string> = {};
  for (const [name, certificate] of certificates) {
    writeFileSync(path.join(cwd, 'leaf.pem'), certificate);
    const args = ['verify', '-attime', attime, ...checking, 'leaf.pem'];
    const { stdout, stderr } = await runProgram(toolPath('openssl'), args, { cwd, env });
    const said = stdout.toString() + stderr.toString();
    const [, error] = /^error \d+ at 0 depth lookup: (.*)$/mu.exec(said) ?? [];
    answers[name] = said === 'leaf.pem: OK\n' ? 'OK' : (error ?? said);
  }
  return answers;
}

/** The CRLs of the record, as the command of the runbook writes them. */
async function given(t: ExecutionContext, repository: Repository): Promise<string> {
  const cwd = mkdtempSync(path.join(tmpdir(), 'cdk8s-pki-crl-'));
  t.teardown(() => {
    rmSync(cwd, { recursive: true });
  });
  const record = repository.read(`${KEYSET}/revocations.yaml`);
  writeFileSync(path.join(cwd, 'revocations.yaml'), record);
  const steps = [
    ...stepsBefore('authority', 'issue'),
    ...rolloutSteps('authority', 'issue', []),
    ...rolloutSteps('authority', 'retire', []),
  ];
  const commands = new Set(
    steps.filter(({ title }) => title.includes('CRL')).flatMap((step) => step.commands),
  );
  t.is(commands.size, 1);
  t.true(readFileSync('README.md', 'utf8').includes(`\n${[...commands].join('\n')}\n`));
  const script = `${[...commands].join('\n')}\ncat crl.pem`;
  const { stdout } = await runProgram('/bin/sh', ['-ec', script], { cwd, env });
  return stdout.toString();
}

const blocks = (crls: string): string[] => crls.match(/-----BEGIN[^]*?END X509 CRL-----\n/gu) ?? [];

const UNKNOWN = 'unable to get certificate CRL';
const REVOKED = 'certificate revoked';

toolTest(['openssl'])(
  'openssl finds a CRL for the certificates of both entries in every stage of a rotation, and refuses what either signed and was revoked',
  async (t) => {
    const repository = await synthesized(t, DECLARED, at(0));
    const certificates = new Map<string, string>();
    const keep = (name: string, label: string): void => {
      const file = `deploy/prod/pki/${name}.sops.yaml`;
      certificates.set(label, field(repository, file, 'certificate'));
    };
    let now = at(0);
    const run = async (days: number, ...args: readonly string[]): Promise<string> => {
      now = at(days);
      const ran = await repository.run([...args, '--now', now], { as: alice });
      t.is(ran.status, 0, ran.stderr);
      repository.commit(args.join(' '), now);
      return ran.stdout;
    };
    const judge = async (crls?: string): Promise<Record<string, string>> =>
      judged(t, repository, { certificates, crls: crls ?? (await given(t, repository)), now });
    keep('web', 'web of the first entry');
    keep('api', 'api of the first entry');

    await run(1, 'revoke', 'prod', 'web');
    keep('web', 'web of the first entry, again');
    const steady = {
      'web of the first entry': REVOKED,
      'api of the first entry': 'OK',
      'web of the first entry, again': 'OK',
    };
    t.deepEqual(await judge(), steady, 'steady');

    await run(2, 'rotate', '_shared', 'mesh');
    t.deepEqual(await judge(), steady, 'accept');
    t.is(blocks(await given(t, repository)).length, 1);
    const title = 'Give both CRLs to whoever is given the CRL';
    t.true(repository.read('deploy/_shared/ROTATION.md').includes(`. ${title}.**`));
    const status = await repository.run(['rotate', '_shared', '--status', '--now', at(3)]);
    t.true(status.stdout.includes(`before issue: ${title}\n`), status.stdout);

    await run(4, 'rotate', '_shared', 'mesh');
    keep('web', 'web of the second entry');
    keep('api', 'api of the second entry');
    const issued = { ...steady, 'web of the second entry': 'OK', 'api of the second entry': 'OK' };
    t.deepEqual(await judge(), issued, 'issue');
    const [ofSecond = '', ofFirst = '', ...more] = blocks(await given(t, repository));
    t.is(more.length, 0);
    t.deepEqual(await judge(ofFirst + ofSecond), issued, 'in the other order, too');
    t.deepEqual(
      await judge(ofSecond),
      {
        ...issued,
        'web of the first entry': UNKNOWN,
        'api of the first entry': UNKNOWN,
        'web of the first entry, again': UNKNOWN,
      },
      'what the record had before there were two',
    );
    t.deepEqual(await judge(ofFirst), {
      ...issued,
      'web of the second entry': UNKNOWN,
      'api of the second entry': UNKNOWN,
    });

    await run(5, 'revoke', 'prod', 'web');
    keep('web', 'web of the second entry, again');
    const both = {
      ...issued,
      'web of the first entry, again': REVOKED, // git knows it, and it is still good
      'web of the second entry': REVOKED,
      'web of the second entry, again': 'OK',
    };
    t.deepEqual(await judge(), both, 'revoked between issue and retire');

    await run(6, 'rotate', '_shared', 'mesh', '--abort');
    keep('web', 'web after abort');
    keep('api', 'api after abort');
    const aborted = { ...both, 'web after abort': 'OK', 'api after abort': 'OK' };
    t.deepEqual(await judge(), aborted, 'abort');

    await run(10, 'rotate', '_shared', 'mesh');
    t.is(blocks(await given(t, repository)).length, 1);
    const untrusted = 'unable to get local issuer certificate';
    t.deepEqual(
      await judge(),
      {
        ...aborted,
        'web of the second entry': untrusted,
        'api of the second entry': untrusted,
        'web of the second entry, again': untrusted,
      },
      'retire',
    );
  },
);

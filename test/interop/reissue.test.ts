import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import type { ExecutionContext } from 'ava';
import { guardIssuerNames } from '../../src/commands/pipeline/unit/issuer-names.ts';
import { buildCertificate } from '../../src/x509/build/certificate.ts';
import { buildCrl } from '../../src/x509/build/crl/crl.ts';
import type { Issuer } from '../../src/x509/build/issuer.ts';
import { reissueCertificate } from '../../src/x509/build/reissue/reissue.ts';
import { readCertificate } from '../../src/x509/read/certificate.ts';
import { authority, cluster, leaf, observedCluster, observedLeaf } from '../_helpers/desired.ts';
import { runProgram, succeed } from '../_helpers/run-program.ts';
import { toolTest } from '../_helpers/tool-test.ts';
import { toolPath } from '../_helpers/tools.ts';
import { ALGORITHMS, leafSpec, rootCa, sharedKey } from '../unit/x509/fixtures.ts';

const SERIAL = new Uint8Array(16).fill(0x41);
const inDays = (days: number): Date => new Date(Date.now() + days * 86_400_000);

/** A folder for foreign programs. */
class Folder {
  readonly path = mkdtempSync(path.join(tmpdir(), 'cdk8s-pki-reissue-'));
  readonly options = {
    cwd: this.path,
    env: { PATH: process.env['PATH'] ?? '', HOME: this.path, LC_ALL: 'C' },
  };

  constructor(t: ExecutionContext) {
    t.teardown(() => {
      rmSync(this.path, { recursive: true });
    });
  }

  write(name: string, content: string): void {
    writeFileSync(path.join(this.path, name), content);
  }

  read(name: string): string {
    return readFileSync(path.join(this.path, name), 'utf8');
  }

  /** `OK`, or why not. */
  async judged(ca: string, leaf: string, ...args: readonly string[]): Promise<string> {
    this.write('ca.pem', ca);
    this.write('leaf.pem', leaf);
    const { stdout, stderr } = await runProgram(
      toolPath('openssl'),
      ['verify', '-x509_strict', ...args, '-CAfile', 'ca.pem', 'leaf.pem'],
      this.options,
    );
    return (stdout.toString() + stderr.toString()).trim().replace(/^leaf\.pem: /u, '');
  }

  /** Go's verifier, which is that of Kubernetes and etcd. */
  async judgedByGo(roots: string, leaf: string): Promise<unknown> {
    const at = new Date().toISOString().replace(/\.\d+Z$/u, 'Z');
    const cases = [{ name: 'leaf', leaf, roots, usage: 'server', dnsName: 'kubernetes', at }];
    const input = JSON.stringify({ cases });
    const output = await succeed(toolPath('go-verify'), [], { ...this.options, input });
    return JSON.parse(output.toString());
  }
}

const ACCEPTED = { results: [{ name: 'leaf', ok: true }] };

/** The CA with a certificate that lives longer. */
function reissued(ca: Issuer, notAfter = inDays(7000)): Issuer {
  const { notBefore } = ca.certificate;
  const spec = { serialNumber: SERIAL, notBefore, notAfter };
  return { ...ca, certificate: reissueCertificate(ca.certificate, spec, ca) };
}

async function serverOf(ca: Issuer): Promise<string> {
  const key = await sharedKey('ECDSA-P256', 'leaf');
  const dates = { notBefore: ca.certificate.notBefore, notAfter: inDays(90) };
  return buildCertificate(leafSpec(dates), key, ca).pem;
}

const verifiers = toolTest(['openssl', 'go-verify']);
for (const algorithm of ALGORITHMS)
  verifiers(
    `openssl and Go accept leaves from before and after the reissue of an ${algorithm} CA under either certificate of it`,
    async (t) => {
      const folder = new Folder(t);
      const before = await rootCa(algorithm, { dnsNames: ['kubernetes'] });
      const after = reissued(before);
      for (const leaf of [await serverOf(before), await serverOf(after)])
        for (const { certificate } of [before, after]) {
          t.is(await folder.judged(certificate.pem, leaf), 'OK');
          t.deepEqual(await folder.judgedByGo(certificate.pem, leaf), ACCEPTED);
        }
      // somebody's file that has both
      const both = before.certificate.pem + after.certificate.pem;
      t.is(await folder.judged(both, await serverOf(before)), 'OK');
      t.deepEqual(await folder.judgedByGo(both, await serverOf(after)), ACCEPTED);
    },
  );

verifiers(
  'openssl and Go refuse everything of a CA that has ended, and accept it all once it is reissued',
  async (t) => {
    const folder = new Folder(t);
    const ended = await rootCa('ECDSA-P256', { notAfter: new Date('2025-06-01T00:00:00Z') });
    const key = await sharedKey('ECDSA-P256', 'leaf');
    const longer = await rootCa('ECDSA-P256');
    const leaf = buildCertificate(
      leafSpec({ notBefore: ended.certificate.notBefore, notAfter: inDays(90) }),
      key,
      longer,
    ).pem;
    t.regex(await folder.judged(ended.certificate.pem, leaf), /certificate has expired/u);
    t.notDeepEqual(await folder.judgedByGo(ended.certificate.pem, leaf), ACCEPTED);
    const { certificate } = reissued(ended);
    t.is(await folder.judged(certificate.pem, leaf), 'OK');
    t.deepEqual(await folder.judgedByGo(certificate.pem, leaf), ACCEPTED);
  },
);

/** As programs that call OpenSSL make them: the issuer's certificate is named by its serial number as well. */
const NAMING = ['authorityKeyIdentifier=keyid,issuer:always', 'basicConstraints=CA:FALSE'];

toolTest(['openssl'])(
  'openssl refuses, under a reissued CA, a leaf that names the serial number of the certificate before, so reissue refuses where there is one',
  async (t) => {
    const folder = new Folder(t);
    const before = await rootCa();
    const after = reissued(before);
    folder.write('ca.pem', before.certificate.pem);
    folder.write('ca.key', before.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    folder.write('extensions', NAMING.join('\n'));
    const request = ['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
    const sign = ['x509', '-req', '-in', 'csr.pem', '-CA', 'ca.pem', '-CAkey', 'ca.key'];
    for (const args of [
      [...request, '-nodes', '-keyout', 'key.pem', '-subj', '/CN=web', '-out', 'csr.pem'],
      [...sign, '-days', '30', '-extfile', 'extensions', '-out', 'naming.pem'],
    ])
      await succeed(toolPath('openssl'), args, folder.options);
    const naming = folder.read('naming.pem');
    const ours = await serverOf(before);
    const judged = (ca: Issuer, pem: string): Promise<string> =>
      folder.judged(ca.certificate.pem, pem);
    t.is(await judged(before, naming), 'OK');
    t.regex(await judged(after, naming), /unable to get local issuer|serial number mismatch/u);
    t.is(await judged(after, ours), 'OK');

    const [ca, web] = [authority('prod/ca'), leaf('prod/web')];
    const desired = cluster('prod', { authorities: [ca], leaves: [web] });
    const guard = (pem: string, id?: string) => () => {
      const certificate = readCertificate(pem);
      const one = observedLeaf(web, { certificate });
      const store = observedCluster(desired, { keysets: [], leaves: [one] });
      guardIssuerNames(new Map([['prod', store]]), ca.path, { id: id ?? one.issuer.id });
    };
    t.throws(guard(naming), { code: 'ERR_ROTATION', message: /^"prod\/web" would be refused: / });
    t.notThrows(guard(ours));
    t.notThrows(guard(naming, 'another'), 'what another entry signed');
  },
);

const kubeadm = toolTest(['openssl', 'go-verify', 'kubeadm']);
kubeadm(
  'a CA of kubeadm may sign CRLs once it is reissued, and what kubeadm signed with it stays good',
  async (t) => {
    const folder = new Folder(t);
    for (const name of ['ca', 'apiserver'])
      await succeed(
        toolPath('kubeadm'),
        [
          'init',
          'phase',
          'certs',
          name,
          '--cert-dir',
          folder.path,
          '--kubernetes-version',
          '1.34.4',
        ],
        folder.options,
      );
    const privateKey = createPrivateKey(folder.read('ca.key'));
    const before = { certificate: readCertificate(folder.read('ca.crt')), privateKey };
    const after = reissued(before);
    const leaf = folder.read('apiserver.crt');
    for (const { certificate } of [before, after]) {
      t.is(await folder.judged(certificate.pem, leaf), 'OK');
      t.deepEqual(await folder.judgedByGo(certificate.pem, leaf), ACCEPTED);
    }
    t.is(await folder.judged(before.certificate.pem, await serverOf(after)), 'OK');

    const { serialNumber } = readCertificate(leaf);
    const reason = 'keyCompromise' as const;
    const crl = {
      number: 1,
      thisUpdate: inDays(-1),
      nextUpdate: inDays(30),
      revoked: [{ serialNumber, revokedAt: inDays(-1), reason }],
    };
    t.throws(() => buildCrl(crl, before), { code: 'ERR_ISSUE' });
    folder.write('crl.pem', buildCrl(crl, after));
    const checking = ['-crl_check', '-CRLfile', 'crl.pem'];
    t.regex(
      await folder.judged(after.certificate.pem, leaf, ...checking),
      /error 23 .*certificate revoked/u,
    );
    t.is(await folder.judged(after.certificate.pem, await serverOf(after), ...checking), 'OK');
    // without cRLSign openssl does not take the CRL at all
    t.regex(
      await folder.judged(before.certificate.pem, await serverOf(after), ...checking),
      /key usage does not include CRL signing/u,
    );
  },
);

const OPENSSL = `
[req]
prompt = no
distinguished_name = name
string_mask = utf8only
x509_extensions = ca
[name]
O = Example
CN = old platform CA
[ca]
basicConstraints = CA:TRUE
keyUsage = keyCertSign
subjectKeyIdentifier = 0102030405060708
authorityKeyIdentifier = keyid:always, issuer:always
nameConstraints = critical, permitted;DNS:kubernetes
1.3.6.1.4.1.55555.1 = ASN1:UTF8String:a note
`;

const openssl = toolTest(['openssl', 'go-verify']);
openssl(
  'a CA that openssl made keeps its name, its key identifier and its constraints, and is what RFC 5280 asks of a CA after its reissue',
  async (t) => {
    const folder = new Folder(t);
    folder.write('openssl.cnf', OPENSSL);
    const run = async (...args: readonly string[]): Promise<string> =>
      (await succeed(toolPath('openssl'), args, folder.options)).toString();
    await run(
      ...['req', '-x509', '-config', 'openssl.cnf', '-newkey', 'ec', '-days', '365', '-nodes'],
      ...['-pkeyopt', 'ec_paramgen_curve:P-256', '-keyout', 'ca.key', '-out', 'ca.crt'],
    );
    const privateKey = createPrivateKey(folder.read('ca.key'));
    const before = { certificate: readCertificate(folder.read('ca.crt')), privateKey };
    const after = reissued(before);
    folder.write('new.crt', after.certificate.pem);
    const text = await run('x509', '-in', 'new.crt', '-noout', '-text');
    t.regex(text, /Subject: O = Example, CN = old platform CA$/mu);
    t.regex(text, /X509v3 Key Usage: critical\s+Certificate Sign, CRL Sign$/mu);
    t.regex(text, /X509v3 Basic Constraints: critical\s+CA:TRUE$/mu);
    t.regex(text, /X509v3 Subject Key Identifier:\s+01:02:03:04:05:06:07:08$/mu);
    t.regex(text, /X509v3 Name Constraints: critical\s+Permitted:\s+DNS:kubernetes$/mu);
    t.regex(text, /1\.3\.6\.1\.4\.1\.55555\.1:\s+\S*a note$/mu);
    t.notRegex(text, /Authority Key Identifier/u, 'it would name the certificate before');
    for (const leaf of [await serverOf(before), await serverOf(after)]) {
      t.is(await folder.judged(after.certificate.pem, leaf), 'OK');
      t.deepEqual(await folder.judgedByGo(after.certificate.pem, leaf), ACCEPTED);
      t.deepEqual(await folder.judgedByGo(before.certificate.pem, leaf), ACCEPTED);
      // not strict: as openssl made it, basicConstraints are not critical
      t.regex(await folder.judged(before.certificate.pem, leaf), /not marked critical/u);
    }
  },
);

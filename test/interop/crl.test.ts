import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import type { Issuer } from '../../src/x509/build/issuer.ts';
import { buildCrl } from '../../src/x509/build/crl/crl.ts';
import { runProgram } from '../_helpers/run-program.ts';
import { toolTest } from '../_helpers/tool-test.ts';
import { toolPath } from '../_helpers/tools.ts';
import { ALGORITHMS, rootCa } from '../unit/x509/fixtures.ts';

const SERIAL = '6B0102030405060708090A0B0C0D0E0F';

const crlOf = (issuer: Issuer): string =>
  buildCrl(
    {
      number: 7,
      thisUpdate: new Date('2026-01-02T03:04:05Z'),
      nextUpdate: new Date('2034-01-02T03:04:05Z'),
      revoked: [
        {
          serialNumber: SERIAL,
          revokedAt: new Date('2026-01-01T00:00:00Z'),
          reason: 'keyCompromise',
        },
        { serialNumber: 'FE', revokedAt: new Date('2026-01-01T00:00:00Z'), reason: 'unspecified' },
      ],
    },
    issuer,
  );

/** A folder with a CA and a CRL of it, and the CA of another key with the same name. */
async function withFiles(
  t: ExecutionContext,
  algorithm: (typeof ALGORITHMS)[number],
): Promise<{ readonly cwd: string; readonly env: Record<string, string> }> {
  const cwd = mkdtempSync(path.join(tmpdir(), 'cdk8s-pki-crl-'));
  t.teardown(() => {
    rmSync(cwd, { recursive: true });
  });
  const ca = await rootCa(algorithm);
  const other = await rootCa(algorithm === 'Ed25519' ? 'ECDSA-P256' : 'Ed25519');
  writeFileSync(path.join(cwd, 'ca.crt'), ca.certificate.pem);
  writeFileSync(path.join(cwd, 'other.crt'), other.certificate.pem);
  writeFileSync(path.join(cwd, 'crl.pem'), crlOf(ca));
  return { cwd, env: { PATH: process.env['PATH'] ?? '', TZ: 'UTC', LC_ALL: 'C' } };
}

const openssl = toolTest(['openssl']);
for (const algorithm of ALGORITHMS) {
  openssl(`openssl verifies a CRL of an ${algorithm} CA, under that CA only`, async (t) => {
    const options = await withFiles(t, algorithm);
    const verify = (ca: string): ReturnType<typeof runProgram> =>
      runProgram(
        toolPath('openssl'),
        ['crl', '-in', 'crl.pem', '-noout', '-verify', '-CAfile', ca, '-text'],
        options,
      );
    const good = await verify('ca.crt');
    t.is(good.status, 0);
    t.regex(good.stderr.toString(), /^verify OK$/mu);
    const text = good.stdout.toString().replaceAll(/[ \t]+/gu, ' ');
    t.regex(text, /Version 2 \(0x1\)/u);
    t.regex(text, /Next Update: Jan 2 03:04:05 2034 GMT/u);
    t.regex(text, /X509v3 CRL Number: \n 7\n/u);
    t.regex(text, new RegExp(`Serial Number: ${SERIAL}\n[^]*Key Compromise\n Serial Number: FE\n`));
    t.notRegex((await verify('other.crt')).stderr.toString(), /verify OK/u);
  });
}

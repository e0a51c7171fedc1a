import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import type { ExecutionContext } from 'ava';
import { BROKEN, CA, certificatePem, LEAF, type Spec } from '../_helpers/broken-certificates.ts';
import { runProgram, type Ran } from '../_helpers/run-program.ts';
import { toolTest } from '../_helpers/tool-test.ts';
import { toolPath, type ToolName } from '../_helpers/tools.ts';

const AT = '2027-01-01T00:00:00Z';

/** What a program has against a certificate, in its own words. */
type Judge = (pem: string) => Promise<string>;

toolTest(['zlint', 'openssl'])(
  'each rule of the lint has a certificate that breaks it, which a foreign program refuses for the same reason',
  async (t) => {
    const judges = judgesIn(t);
    const sound: readonly Spec[] = [LEAF, CA];
    for (const [change, message, known] of BROKEN) {
      if (known === null) continue;
      const [program, says] = known;
      const broken = await judges[program](certificatePem({ ...LEAF, ...change }));
      t.true(broken.includes(says), `${String(message)}: ${program}: ${broken}`);
      for (const spec of sound)
        t.false((await judges[program](certificatePem(spec))).includes(says), says);
    }
    // what only a reader of both certificates sees, and what RFC 5280 leaves to the profile
    t.deepEqual(
      BROKEN.filter(([, , known]) => known === null).map(([, message]) => message.source),
      [
        '^it ends before it begins$',
        '^it outlives its issuer$',
        '^it begins before its issuer$',
        'is an IPv4 address written as IPv6',
        '^it has no keyUsage$',
        '^its keyUsage lacks digitalSignature$',
      ],
    );
  },
);

function judgesIn(t: ExecutionContext): Readonly<Record<'zlint' | 'openssl', Judge>> {
  const folder = mkdtempSync(path.join(tmpdir(), 'cdk8s-pki-lint-'));
  t.teardown(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const write = (name: string, content: string): string => {
    writeFileSync(path.join(folder, name), content);
    return path.join(folder, name);
  };
  const run = (name: ToolName, args: readonly string[]): Promise<Ran> =>
    runProgram(toolPath(name), args, {
      cwd: folder,
      env: { PATH: process.env['PATH'] ?? '' },
    });
  const ca = write('ca.pem', certificatePem(CA));
  return {
    zlint: async (pem) => {
      const { status, stdout } = await run('zlint', [write('leaf.pem', pem)]);
      t.is(status, 0);
      const report = JSON.parse(stdout.toString()) as Record<string, { readonly result: string }>;
      return Object.entries(report)
        .filter(([, { result }]) => result === 'error' || result === 'warn')
        .map(([name]) => name)
        .join(' ');
    },
    openssl: async (pem) => {
      const at = String(Date.parse(AT) / 1000);
      const trust = ['-no-CApath', '-no-CAstore', '-CAfile', ca, '-attime', at];
      const args = ['verify', '-x509_strict', ...trust, write('leaf.pem', pem)];
      return (await run('openssl', args)).stderr.toString();
    },
  };
}

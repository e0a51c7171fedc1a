import { execa } from 'execa';
import { toolPath } from '../_helpers/tools.ts';
import type { TestKey } from '../unit/sops/_keys.ts';

/** Runs the real sops with nothing of this machine but the given identity; text by standard input only. */
export async function sops(
  args: readonly string[],
  input: Uint8Array | string,
  key?: TestKey,
): Promise<{
  readonly exitCode: number | undefined;
  readonly text: string;
  readonly bytes: Buffer;
  readonly complaint: string;
}> {
  const output = await execa(toolPath('sops'), ['--config', '/dev/null', ...args], {
    input: typeof input === 'string' ? Buffer.from(input) : input,
    env: { HOME: '/nonexistent', ...(key && { SOPS_AGE_KEY: key.text }) },
    extendEnv: false,
    encoding: 'buffer',
    reject: false,
    stripFinalNewline: false,
  });
  const bytes = Buffer.from(output.stdout);
  return {
    exitCode: output.exitCode,
    text: bytes.toString(),
    bytes,
    complaint: Buffer.from(output.stderr).toString(),
  };
}

export const YAML = ['--filename-override', 'x.yaml'] as const;
export const BINARY = ['--filename-override', 'x.bin'] as const;

import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { execa } from 'execa';
import type { Identities } from '../../sops/age/identity.ts';
import { loadIdentities, type Environment } from '../../sops/age/sources.ts';

/** The identities that sops would find here. */
export async function findIdentities(environment: Environment): Promise<Identities> {
  return loadIdentities(environment, {
    platform: process.platform,
    readFile: async (path) => {
      try {
        return await readFile(path);
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
        throw error;
      }
    },
    run: async (file, args) => {
      const { stdout } = await execa(file, args, {
        encoding: 'buffer',
        stdin: 'inherit',
        stderr: 'inherit',
        stripFinalNewline: false,
      });
      return stdout;
    },
  });
}

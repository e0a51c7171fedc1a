import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { execa } from 'execa';
import type { DesiredUnit } from '../../model/desired.ts';
import { loadDeclaration, type LoadedRecord } from '../../load/load-declaration.ts';
import { keysetsOfHead } from '../../observe/source/head.ts';
import { treeReader } from '../../observe/source/reader.ts';
import type { ReasonedCheck } from '../../plan/checks.ts';
import { loadIdentities } from '../../sops/age/sources.ts';
import type { Identities } from '../../sops/age/identity.ts';
import { generateKey } from '../../x509/build/key.ts';
import { PkiError } from '../../errors.ts';
import type { Invocation } from '../command.ts';
import { selectClusters } from '../select.ts';
import type { RunOptions } from './run.ts';

/** Starts the declaration's process, wires the ports of a run, and ends the process when `work` is done or fails. */
export async function withDeclaration<T>(
  { cwd, environment, options, output }: Invocation,
  chain: readonly ReasonedCheck[],
  work: (options: RunOptions) => Promise<T>,
): Promise<T> {
  const file = options.app ?? 'clusters/main.ts';
  const records = loadDeclaration({ file, cwd, environment });
  try {
    const first = await records.next();
    if (first.done === true || first.value.type !== 'fleet') {
      throw new PkiError('ERR_DECLARATION', `"${file}" declares no fleet`);
    }
    const { fleet } = first.value;
    const names = fleet.clusters.map(({ name }) => name);
    return await work({
      context: {
        fleet,
        reader: treeReader(cwd),
        chain,
        now: options.now ?? new Date(),
        randomBytes: (size) => randomBytes(size),
        generateKey,
        newAuthorities: new Set(options.newAuthority),
        head: await keysetsOfHead(cwd, fleet.tree),
      },
      units: unitsOf(records),
      isSelected: selectClusters(options.cluster, names),
      progress: (done) => {
        output.progress(`${done} of ${names.length} clusters`);
      },
    });
  } finally {
    await records.return();
  }
}

async function* unitsOf(
  records: AsyncGenerator<LoadedRecord, void>,
): AsyncGenerator<DesiredUnit, void> {
  for await (const record of records) if (record.type === 'unit') yield record.unit;
}

/** The identities that sops would find here. */
export async function identitiesOf(environment: Invocation['environment']): Promise<Identities> {
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

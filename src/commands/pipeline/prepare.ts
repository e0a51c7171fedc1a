import type { DesiredUnit } from '../../model/desired.ts';
import { loadDeclaration, type LoadedRecord } from '../../load/load-declaration.ts';
import { observeHead } from '../../observe/source/head.ts';
import { treeReader } from '../../observe/source/reader.ts';
import type { ChainName } from '../../plan/checks.ts';
import { PkiError } from '../../errors.ts';
import type { Invocation } from '../command.ts';
import { selectClusters, selectionOf } from '../select.ts';
import type { Context } from './context.ts';
import { SYSTEM_ENTROPY } from './ports.ts';
import { run } from './run.ts';
import type { RunResult, Sink } from './total.ts';
import { withWorkshop } from './workshop.ts';

/** Runs the line over a declaration: its process is started, ports are wired, and all of it ends when the work is done or fails. */
export async function runDeclaration(
  invocation: Invocation,
  chain: ChainName,
  sink: Sink | undefined,
): Promise<RunResult> {
  const { cwd, environment, options, output } = invocation;
  const file = options.app ?? 'clusters/main.ts';
  const selection = selectionOf(invocation);
  const records = loadDeclaration({ file, cwd, environment, selection });
  try {
    const first = await records.next();
    if (first.done === true || first.value.type !== 'fleet') {
      throw new PkiError('ERR_DECLARATION', `"${file}" declares no fleet`);
    }
    const { fleet } = first.value;
    const { clusters, ...settings } = fleet;
    const names = clusters.map(({ name }) => name);
    const isSelected = selectClusters(selection, names);
    const count = names.filter((name) => isSelected([name])).length;
    const context: Context = {
      fleet: settings,
      reader: treeReader(cwd),
      chain,
      now: options.now ?? new Date(),
      entropy: () => SYSTEM_ENTROPY,
      newAuthorities: new Set(options.newAuthority),
    };
    const head = await observeHead(cwd, fleet.tree);
    const make = sink && { environment, partial: options.partial === true };
    return await withWorkshop(cwd, context, make, count, (workshop) =>
      run(
        {
          context,
          fleet,
          head,
          units: unitsOf(records),
          isSelected,
          workshop,
          progress: (done) => {
            output.progress(`${done} of ${count} clusters`);
          },
        },
        sink,
      ),
    );
  } finally {
    await records.return();
  }
}

async function* unitsOf(
  records: AsyncGenerator<LoadedRecord, void>,
): AsyncGenerator<DesiredUnit, void> {
  for await (const record of records) if (record.type === 'unit') yield record.unit;
}

import { Consistency } from '../../../src/load/consistency.ts';
import { parseRecord } from '../../../src/load/parse-record.ts';
import { ShapeError } from '../../../src/load/shape.ts';
import { PkiError } from '../../../src/errors.ts';
import type { BrokenCluster, DesiredCluster, DesiredUnit } from '../../../src/model/desired.ts';
import { fleet } from '../../_helpers/desired.ts';
import { MemoryTree, synth } from '../../_helpers/repository.ts';
import { JSON_TEXT, OCTETS } from './_mutate.ts';
import { fuzz } from './_run.ts';
import { CLUSTER, IDENTITY, identity, scanner, tree } from './_seeds.ts';

/** What `load` makes of an unexpected record. */
function parsed(line: string): ReturnType<typeof parseRecord> {
  try {
    return parseRecord(line);
  } catch (error) {
    throw error instanceof ShapeError ? new PkiError('ERR_DECLARATION', error.message) : error;
  }
}

/** Without the largest files, which only make it slow. */
const SMALL: DesiredCluster = {
  ...CLUSTER,
  bundles: CLUSTER.bundles.filter(({ node }) => node === 'edge-1'),
};
const UNIT: DesiredUnit = { clusters: [SMALL], exports: [], imports: [], users: [] };

const BROKEN: BrokenCluster = {
  cluster: SMALL.name,
  problems: [{ constructPath: SMALL.name, message: 'has no nodes' }],
};

const record = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

fuzz({
  title: 'a record of the declaration’s process, planned and made',
  seeds: [
    record({ type: 'unit', unit: UNIT }),
    record({ type: 'fleet', fleet: fleet([SMALL]), broken: [BROKEN] }),
  ],
  mutations: [
    JSON_TEXT,
    JSON_TEXT,
    JSON_TEXT,
    JSON_TEXT,
    JSON_TEXT,
    JSON_TEXT,
    OCTETS[0] ?? JSON_TEXT,
  ],
  cases: 1500,
  refused: 0.2,
  accepted: 0.05,
  secrets: [IDENTITY],
  scanner,
  run: async (input, random) => {
    const read = parsed(input.toString('utf8'));
    if (read.type !== 'unit') return;
    try {
      const announced = fleet([SMALL]);
      new Consistency(announced).unit(read.unit);
    } catch (error) {
      throw error instanceof ShapeError ? new PkiError('ERR_DECLARATION', error.message) : error;
    }
    await synth(tree(), { units: [read.unit] }, 'plan');
    if (!random.chance(0.2)) return;
    const made = new MemoryTree();
    await synth(made, { units: [read.unit], identity });
    for (const path of made.paths())
      if (
        !/^(?:deploy\/prod\/|deploy\/authorities\.yaml$|\.sops\.yaml$|\.gitattributes$)/u.test(
          path,
        ) ||
        /(?:^|\/)\.\.?(?:\/|$)|[\0\\]/u.test(path)
      )
        throw new TypeError(`wrote ${path}`);
  },
});

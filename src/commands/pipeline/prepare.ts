import type { DesiredFleet, DesiredUnit } from '../../model/desired.ts';
import { loadDeclaration, type LoadedRecord } from '../../load/load-declaration.ts';
import { credentialParts, type CredentialPath } from '../../model/names.ts';
import { compromisedNames } from '../../model/recipients.ts';
import { NO_PAST_READERS, type PastReaders } from '../../model/observed.ts';
import type { Evidence } from '../../model/store/evidence.ts';
import type { RequestedRevocation } from '../../model/store/revocations.ts';
import type { RotationRequest } from '../../model/store/rotation.ts';
import { observeStages } from '../../observe/source/stages.ts';
import { observeHead } from '../../observe/source/head.ts';
import { observePast } from '../../observe/source/past/lines.ts';
import { observePastReaders } from '../../observe/source/past/readers.ts';
import { treeReader } from '../../observe/source/reader.ts';
import { selected, type IsSelected, type Selection } from '../../model/selection.ts';
import type { ChainName } from '../../plan/checks.ts';
import { PkiError } from '../../errors.ts';
import type { Invocation } from '../command.ts';
import { requestedOf } from '../input/requested.ts';
import { selectClusters, selectionOf } from '../input/select.ts';
import type { Context } from './context.ts';
import { SYSTEM_ENTROPY } from './ports.ts';
import { run } from './run.ts';
import type { RunResult, Sink } from './total.ts';
import type { Threads } from './threads/threads.ts';
import { startThreads, workshopOf } from './workshop.ts';

/** What is declared: the fleet at once, the units that a selection means one after the other. */
export interface Declared {
  readonly fleet: DesiredFleet;
  readonly units: AsyncIterable<DesiredUnit>;
  /** Clusters that are not among them, each with the problems of its declaration; none where they are not tolerated. */
  readonly broken: ReadonlyMap<string, PkiError>;
}

/**
 * Starts the declaration's process, and ends it when `work` is done or fails.
 *
 * @param onSize is told how many clusters are selected, while the declaration is still being checked.
 */
export async function withDeclaration<T>(
  { cwd, environment, options }: Invocation,
  selection: Selection,
  work: (declared: Declared) => Promise<T>,
  toleratesBroken = false,
  onSize: (clusters: number) => void = () => undefined,
): Promise<T> {
  const file = options.app ?? 'clusters/main.ts';
  const records = loadDeclaration({ file, cwd, environment, selection, toleratesBroken });
  try {
    let record = await records.next();
    if (record.done !== true && record.value.type === 'size') {
      onSize(record.value.clusters);
      record = await records.next();
    }
    if (record.done === true || record.value.type !== 'fleet') {
      throw new PkiError('ERR_DECLARATION', `"${file}" declares no fleet`);
    }
    const { fleet, broken } = record.value;
    return await work({ fleet, broken, units: unitsOf(records) });
  } finally {
    await records.return();
  }
}

/** Who looks on: is shown what is declared, and told of errors instead of stopped by them. */
export interface Onlooker {
  readonly fleet: (fleet: DesiredFleet) => void;
  readonly unit: (unit: DesiredUnit) => void;
}

interface RunSettings {
  readonly onlooker?: Onlooker;
  /** What `rotate` is asked for; of no keyset, where all of those stand that the run is about. */
  readonly request?: RotationRequest;
  /** What clusters say of their stages. */
  readonly evidence?: ReadonlyMap<CredentialPath, Evidence>;
  /** What `revoke` is asked for: of a cluster, and once that is known, which certificates by their authority. */
  readonly revoke?: {
    readonly cluster: string;
    readonly names: readonly string[];
    readonly revocations: ReadonlyMap<CredentialPath, readonly RequestedRevocation[]>;
  };
  /** Whether HEAD is the head of the base branch. */
  readonly isBase?: boolean;
  /** Whether changes of files are listed, not only counted; default true. */
  readonly isListed?: boolean;
  /** Whether errors of single clusters stop no other; default of what renews. */
  readonly isolates?: boolean;
}

/** Runs the line over a declaration, with ports to the world. */
export async function runDeclaration(
  invocation: Invocation,
  chain: ChainName,
  sink: Sink | undefined,
  {
    onlooker,
    request,
    evidence = new Map(),
    revoke,
    isBase = false,
    isListed = true,
    isolates = chain !== 'synth',
  }: RunSettings = {},
): Promise<RunResult> {
  const { cwd, environment, options, output } = invocation;
  const selection = selectionOf(invocation);
  const work = async ({ fleet, broken, units: declared }: Declared): Promise<RunResult> => {
    const { clusters, ...settings } = fleet;
    onlooker?.fleet(fleet);
    const units = onlooker === undefined ? declared : shown(declared, onlooker);
    const isLenient = onlooker !== undefined;
    const names = clusters.map(({ name }) => name);
    const isNamed = selectClusters(selection, names);
    const count = names.filter((name) => isNamed([name])).length;
    const isSelected = concerns(request, revoke) ?? unitsNamed(isNamed);
    const context: Context = {
      fleet: settings,
      allRecipients: recipientsOf(clusters),
      reader: treeReader(cwd),
      chain,
      now: options.now ?? new Date(),
      entropy: () => SYSTEM_ENTROPY,
      requested: revoke?.names ?? requestedOf(invocation),
      ...(revoke === undefined ? {} : { revocations: revoke.revocations }),
      newAuthorities: new Set(options.newAuthority),
      pastReaders: await pastReaders(request, invocation, fleet),
      ...(request === undefined
        ? {}
        : {
            rotation: {
              request,
              merged: await mergedStages(request, cwd, fleet.tree, isBase),
              evidence,
            },
          }),
    };
    const head = await observeHead(cwd, fleet.tree);
    const past = (): ReturnType<typeof observePast> => observePast(cwd, fleet.tree);
    const make = sink && { environment, partial: options.partial === true };
    const progress = (done: number): void => {
      output.progress(`${done} of ${count} clusters`);
    };
    return run(
      {
        context,
        fleet,
        head,
        observePast: past,
        units,
        isSelected,
        isTold: whoIsTold(selection, names, request),
        broken,
        isolates,
        workshop: workshopOf(cwd, context, make, threads),
        progress,
        isLenient,
        isListed,
      },
      sink,
    );
  };
  let threads: Threads | undefined;
  try {
    return await withDeclaration(invocation, selection, work, isolates, (clusters) => {
      threads = startThreads(clusters);
    });
  } finally {
    await threads?.close();
  }
}

/** Since when stages are merged; what waits for no soak is not kept up by a clone that cannot tell. */
async function mergedStages(
  { verb }: RotationRequest,
  ...where: Parameters<typeof observeStages>
): ReturnType<typeof observeStages> {
  return verb === 'compromised' ? new Map() : observeStages(...where);
}

/** As above: an emergency is the last moment for a clone that cannot tell. What the files themselves remember is known without. */
async function pastReaders(
  request: RotationRequest | undefined,
  { cwd, output }: Invocation,
  { removedRecipients }: DesiredFleet,
): Promise<PastReaders> {
  const compromised = [...compromisedNames(removedRecipients)];
  if (compromised.length === 0 || request?.verb === 'compromised') return NO_PAST_READERS;
  output.progress("reading git's history");
  return observePastReaders(cwd, compromised);
}

/** Whether a run tells of a cluster that it cannot work on. One that is not declared is no shard's, so the first tells of it. */
function whoIsTold(
  selection: Selection,
  names: readonly string[],
  request: RotationRequest | undefined,
): (cluster: string) => boolean {
  const { shard, ...globs } = selection;
  const declared = new Set(names);
  const isNamed = selected(selection, names);
  const isNamedAnywhere = selected(globs, names);
  const about = request === undefined ? '' : (request.keyset.split('/')[0] ?? '');
  return (cluster) => {
    if (about !== '' && cluster !== about) return false;
    if (declared.has(cluster)) return isNamed([cluster]);
    return (shard === undefined || shard.index === 1) && isNamedAnywhere([cluster]);
  };
}

function unitsNamed(isNamed: IsSelected) {
  return ({ clusters }: DesiredUnit): boolean => isNamed(clusters.map(({ name }) => name));
}

/** The units that a request for one keyset or cluster is about; undefined where there is none. */
function concerns(
  request: RotationRequest | undefined,
  revoke: RunSettings['revoke'],
): ((unit: DesiredUnit) => boolean) | undefined {
  if (revoke !== undefined) return concernedBy([revoke.cluster, ...revoke.revocations.keys()]);
  return request === undefined || request.keyset === '' ? undefined : concernedBy([request.keyset]);
}

/** The units of these clusters or keysets, and those that use something of such a unit, which come later. */
function concernedBy(paths: readonly string[]): (unit: DesiredUnit) => boolean {
  const concerned = new Set(paths.map((path) => path.split('/')[0] ?? ''));
  return ({ clusters, imports }) => {
    const isConcerned =
      clusters.some(({ name }) => concerned.has(name)) ||
      imports.some((path) => concerned.has(credentialParts(path).cluster));
    if (isConcerned) for (const { name } of clusters) concerned.add(name);
    return isConcerned;
  };
}

async function* shown(
  units: AsyncIterable<DesiredUnit>,
  onlooker: Onlooker,
): AsyncGenerator<DesiredUnit, void> {
  for await (const unit of units) {
    onlooker.unit(unit);
    yield unit;
  }
}

async function* unitsOf(
  records: AsyncGenerator<LoadedRecord, void>,
): AsyncGenerator<DesiredUnit, void> {
  for await (const record of records) if (record.type === 'unit') yield record.unit;
}

function recipientsOf(clusters: DesiredFleet['clusters']): string[] {
  const all = clusters.flatMap(({ recipients, deliveryRecipients, nodes }) => [
    ...recipients,
    ...deliveryRecipients,
    ...nodes.flatMap((node) => node.recipients),
  ]);
  return [...new Set(all)];
}

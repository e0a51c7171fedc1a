import { EXIT } from '../../errors.ts';
import type { TreeReader } from '../../model/ports.ts';
import { depthBelowRoot } from '../../observe/source/git.ts';
import { linksBelow } from '../../observe/source/links.ts';
import { repositoryReader } from '../../observe/source/reader.ts';
import type { Revision } from '../../observe/source/revision.ts';
import { printable } from '../../output.ts';
import { guardPlaces } from '../../review/guards.ts';
import { review, type ReviewOptions } from '../../review/review.ts';
import { nativeCipher, type Cipher } from '../../sops/cipher.ts';
import { programCipher } from '../../sops/program.ts';
import { driftOf } from '../../verify/drift.ts';
import { explainFlags } from '../../verify/explain.ts';
import {
  findingOfFlag,
  sortFindings,
  type Finding,
  type Verification,
} from '../../verify/finding.ts';
import { incompleteStages } from '../../verify/stages.ts';
import { verifyPrivateKeys } from '../../verify/private-keys.ts';
import { githubLines } from '../../verify/print/github.ts';
import { sarifLog } from '../../verify/print/sarif.ts';
import { verifyText } from '../../verify/print/text.ts';
import { verifyStores } from '../../verify/tree/store.ts';
import type { Invocation } from '../command.ts';
import { stagesSince } from '../input/waits.ts';
import { findIdentities } from '../pipeline/identities.ts';
import { generatedFiles, openBase, removedKeysets, textOf } from './compare.ts';
import {
  clusterFolders,
  guardFindings,
  lookAtDeclaration,
  lookForLost,
  lookForPlaintext,
  lookForPlanted,
  lookForStrangers,
  madeFiles,
} from './look.ts';
import { refuseHalfWritten } from '../writing/half-written.ts';

/**
 * `cdk8s-pki verify`: the gate of a pull request. Writes nothing.
 *
 * @returns 3 where something stands in the way of a merge.
 */
export async function run(invocation: Invocation): Promise<number> {
  const { cwd, options, output } = invocation;
  refuseHalfWritten(cwd);
  const depth = await depthBelowRoot(cwd);
  const reader = repositoryReader(cwd, depth);
  const plaintext = await lookForPlaintext(cwd);
  const { declared, result } = await lookAtDeclaration(invocation);
  const { tree } = declared.fleet;
  const toDo = { ...result, files: result.files.list };
  const base = await openBase(invocation, reader, [tree, ...guardPlaces(depth)]);
  const isChange = options.base !== undefined;

  const stores = verifyStores(reader, tree, clusterFolders(reader, tree));
  const touched = { files: new Set(base?.differing), isChange };
  const { findings: drift, pending } = driftOf(toDo, declared, touched);
  const made = madeFiles(reader, declared);
  const cipher = await findCipher(invocation, declared.fleet.encryption);
  const keys = cipher && (await verifyPrivateKeys({ reader, tree }, stores, made, cipher));
  const ofTree = [
    ...plaintext.findings,
    ...stores.findings,
    ...guardFindings(result),
    ...(keys?.findings ?? []),
    // a change is compared with its base, which knows who could read
    ...(isChange ? [] : await lookForPlanted(cwd, reader, stores, declared)),
  ];
  // the base does not know what the change itself revoked, and lost again in a merge
  const lost = await lookForLost(cwd, declared.fleet, stores);
  const links = linksBelow(cwd, tree);
  const strange = lookForStrangers(reader, declared, {
    links,
    changed: isChange ? base?.differing : undefined,
  }).map((flag) => findingOfFlag(flag, flag.code === 'UserFile'));
  const changes =
    base === undefined || !isChange
      ? undefined
      : reviewOf(base, reader, {
          tree,
          links,
          now: options.now,
          waits: {
            since: await stagesSince(invocation, tree, base),
            declared: declared.keysets,
          },
        });
  const flags =
    base === undefined || changes === undefined
      ? { findings: [], notes: [] }
      : explainFlags(changes, {
          declared,
          toDo,
          findings: ofTree,
          generated: generatedFiles(base.reader, reader, declared),
          made,
          removed: removedKeysets(base.reader, reader, tree),
          rules: textOf(reader, '.sops.yaml'),
        });
  const verification: Verification = {
    findings: sortFindings([
      ...ofTree,
      ...flags.findings,
      ...lost.filter(({ code, credential }) => !isAmong(flags.findings, code, credential)),
      ...strange.filter(isInTheWay),
      ...(changes === undefined ? [] : incompleteStages(changes, toDo, declared)),
      ...drift,
    ]),
    notes: sortFindings([...flags.notes, ...strange.filter((item) => !isInTheWay(item))]),
    pending,
  };
  print(invocation, verification, {
    base: base === undefined || !isChange ? null : { revision: options.base, commit: base.commit },
    checked: {
      clusters: declared.fleet.clusters.length,
      certificates: stores.leaves.size,
      keysets: stores.keysets.size,
      files: plaintext.files,
      opened: keys?.opened ?? null,
      closed: keys?.closed ?? null,
    },
  });
  if (plaintext.files === 0)
    output.note('cdk8s-pki: warning: no repository, so no file was looked at for private keys');
  return verification.findings.length > 0 ? EXIT.findings : EXIT.ok;
}

const isInTheWay = ({ level }: Finding): boolean => level !== 'note';

function reviewOf(
  base: Revision,
  reader: TreeReader,
  {
    tree,
    links,
    waits,
    now = new Date(),
  }: Pick<Required<ReviewOptions>, 'tree' | 'links' | 'waits'> & { readonly now: Date | undefined },
): ReturnType<typeof review> {
  return review(base.reader, reader, { tree, links, differing: base.differing, waits, now });
}

/** Undefined where there is no identity to open anything with. */
async function findCipher(
  { environment }: Invocation,
  encryption: 'native' | 'sops',
): Promise<Cipher | undefined> {
  const identities = await findIdentities(environment);
  if (identities.list.length === 0) return undefined;
  return encryption === 'sops' ? programCipher({ environment }) : nativeCipher(identities);
}

interface Report {
  readonly base: { readonly revision: string | undefined; readonly commit: string } | null;
  readonly checked: Readonly<Record<string, number | null>>;
}

function isAmong(
  findings: readonly Finding[],
  code: string,
  credential: Finding['credential'],
): boolean {
  return findings.some((one) => one.code === code && one.credential === credential);
}

function print({ output, options }: Invocation, verification: Verification, report: Report): void {
  const { output: format, app = '' } = options;
  if (format === 'json') output.json({ ...report, ...verification });
  else if (format === 'sarif') output.json(sarifLog(verification, app));
  else {
    const lines = verifyText(verification, summary(verification, report));
    for (const line of lines) output.line(printable(line));
    if (format === 'github')
      for (const line of githubLines(verification)) output.line(printable(line));
  }
}

function summary({ findings, notes, pending }: Verification, { base, checked }: Report): string {
  const parts = [
    `${findings.length} findings`,
    ...(notes.length > 0 ? [`${notes.length} notes`] : []),
    ...(pending.length > 0 ? [`${pending.length} pending actions`] : []),
  ];
  const { clusters, certificates, keysets, files, opened } = checked;
  const looked = `${clusters} clusters, ${certificates} certificates, ${keysets} keysets, ${files} files`;
  const keys = opened == null ? 'private keys not opened' : `${opened} documents opened`;
  const against = base === null ? '' : `, against ${base.commit.slice(0, 12)}`;
  return `${parts.join(', ')} (${looked}, ${keys}${against})`;
}

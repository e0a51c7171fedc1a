import { isDeepStrictEqual } from 'node:util';
import type { PublicFile, RenderedFile } from '../model/made/tree.ts';
import { withSeals } from '../model/made/sealed.ts';
import type { CredentialPath, TreePath } from '../model/names.ts';
import type { ObservedOutput } from '../model/made/output.ts';
import type { FileChange } from '../model/plan.ts';
import { areRecipients, leavingRecipients, recipientsText } from '../model/recipients.ts';

export interface OutputPlan {
  readonly changes: readonly FileChange[];
  /** Credentials whose private keys the changed files need. */
  readonly uses: ReadonlySet<CredentialPath>;
  /** Why, by credential: once for each kind of file. */
  readonly writes: readonly OutputWrite[];
  /** Recipients that leave a file which holds the private key of a credential. */
  readonly leaving: ReadonlyMap<CredentialPath, ReadonlySet<string>>;
}

interface OutputWrite {
  readonly credential: CredentialPath;
  readonly reason: 'OutputChanged' | 'RecipientsChanged';
  readonly message: string;
}

/**
 * Which outputs must be written: those that are not there, were edited, or were made from another state. Decided from public
 * projections, without an identity.
 *
 * @param expected rendered as projections.
 * @param made files that an earlier run made; those no longer expected are deleted.
 */
export function planOutputs(
  expected: readonly RenderedFile[],
  observe: (file: RenderedFile) => ObservedOutput | undefined,
  made: readonly TreePath[],
): OutputPlan {
  const changes: FileChange[] = [];
  const uses = new Set<CredentialPath>();
  const writes = new Map<string, OutputWrite>();
  const leaving = new Map<CredentialPath, Set<string>>();
  for (const file of expected) {
    const observed = observe(file);
    if (observed !== undefined && isCurrent(file, observed)) continue;
    changes.push({ path: file.path, change: observed === undefined ? 'create' : 'update' });
    if (file.format === 'plain' || file.format === 'octets') continue;
    const why = whyWritten(file, observed);
    const left = leavingRecipients(recipientsOf(observed), file.recipients);
    for (const credential of file.uses) {
      uses.add(credential);
      writes.set(JSON.stringify([credential, why]), { credential, ...why });
      if (left.length === 0) continue;
      leaving.set(credential, new Set([...(leaving.get(credential) ?? []), ...left]));
    }
  }
  const kept = new Set<string>(expected.map(({ path }) => path));
  const gone = made.filter((path) => !kept.has(path));
  return {
    changes: [...changes, ...gone.map((path) => ({ path, change: 'delete' as const }))],
    uses,
    writes: [...writes.values()],
    leaving,
  };
}

function whyWritten(
  file: Exclude<RenderedFile, PublicFile>,
  observed: ObservedOutput | undefined,
): Omit<OutputWrite, 'credential'> {
  const recipients = recipientsOf(observed);
  if (recipients.length === 0 || areRecipients(recipients, file.recipients)) {
    return {
      reason: 'OutputChanged',
      message: 'an output that holds its private key is to be written',
    };
  }
  const [, folder = ''] = /\/(nodes|kubeconfigs)\//u.exec(file.path) ?? [];
  const kind = KINDS[folder] ?? 'a manifest';
  return {
    reason: 'RecipientsChanged',
    message: `of ${kind}: ${recipientsText(recipients, file.recipients)}`,
  };
}

/** By the folder that they are in. */
const KINDS: Readonly<Record<string, string>> = {
  nodes: 'a node bundle',
  kubeconfigs: 'a kubeconfig',
};

function recipientsOf(observed: ObservedOutput | undefined): readonly string[] {
  return observed !== undefined && 'recipients' in observed ? observed.recipients : [];
}

const SEAL = 'sealed';

function isCurrent(expected: RenderedFile, observed: ObservedOutput): boolean {
  if (expected.format === 'plain') {
    return observed.format === 'plain' && observed.content === expected.content;
  }
  if (expected.format === 'octets') {
    return observed.format === 'octets' && Buffer.compare(observed.content, expected.content) === 0;
  }
  if (observed.format === 'binary' && expected.format === 'binary') {
    return (
      observed.projection === expected.projection &&
      areRecipients(observed.recipients, expected.recipients)
    );
  }
  return (
    observed.format === 'yaml' &&
    expected.format === 'yaml' &&
    areRecipients(observed.recipients, expected.recipients) &&
    (observed.document === expected.document ||
      isDeepStrictEqual(
        withSeals(observed.document, expected.sealed, SEAL),
        withSeals(expected.document, expected.sealed, SEAL),
      ))
  );
}

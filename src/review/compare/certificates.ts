import { layout } from '../../model/store/layout.ts';
import type { CredentialPath } from '../../model/names.ts';
import type { ObservedLeaf, UnreadableLeaf } from '../../model/observed.ts';
import { observeLeaf } from '../../observe/leaf.ts';
import { certificateFacts } from '../read/facts.ts';
import { problemText, type Side } from '../read/side.ts';
import type { CertificateChange, CertificateFacts, Change, Difference } from '../report.ts';

/** A leaf document of one side: what it says, or what is wrong with it. */
interface Document {
  readonly facts: CertificateFacts | null;
  readonly reason: string | null;
  readonly problem: string | null;
}

/** Compares a leaf credential whose document differs; undefined where neither side has it. */
export function compareCertificate(
  base: Side,
  head: Side,
  tree: string,
  credential: CredentialPath,
): CertificateChange | undefined {
  const file = layout.leaf(tree, credential);
  const was = readDocument(base, tree, credential);
  const is = readDocument(head, tree, credential);
  if (was === undefined && is === undefined) return undefined;
  const [before, after] = [was?.facts ?? null, is?.facts ?? null];
  const problems = [
    ...problemOf('base', was, base.problems.get(file)),
    ...problemOf('now', is, head.problems.get(file)),
  ];
  const differs = before === null || after === null ? [] : differences(before, after);
  return {
    credential,
    file,
    change: changeOf(was, is, differs, head.problems.has(file)),
    reason: is?.reason ?? null,
    before,
    after,
    sansAdded: without(after?.sans, before?.sans),
    sansRemoved: without(before?.sans, after?.sans),
    differs,
    key: before === null || after === null ? null : before.spki === after.spki ? 'kept' : 'changed',
    problems,
  };
}

function readDocument(side: Side, tree: string, path: CredentialPath): Document | undefined {
  const leaf = attempt(() => observeLeaf(side, tree, path, () => undefined));
  if (leaf === undefined) return undefined;
  if (typeof leaf === 'string') return { facts: null, reason: null, problem: leaf };
  if ('unreadable' in leaf) return { facts: null, reason: null, problem: leaf.unreadable };
  const isOwnKey = leaf.certificate.spki === leaf.spki;
  return {
    facts: certificateFacts(leaf),
    reason: leaf.reason,
    problem: isOwnKey ? null : 'its certificate is not for the key that it names',
  };
}

function attempt(
  read: () => ObservedLeaf | UnreadableLeaf | undefined,
): ObservedLeaf | UnreadableLeaf | string | undefined {
  try {
    return read();
  } catch (error) {
    return problemText(error);
  }
}

function problemOf(
  when: string,
  document: Document | undefined,
  unread: string | undefined,
): string[] {
  const problem = unread ?? document?.problem ?? null;
  return problem === null ? [] : [`${when}: ${problem}`];
}

function changeOf(
  was: Document | undefined,
  is: Document | undefined,
  differs: readonly Difference[],
  isUnread: boolean,
): Change {
  if (isUnread || is?.problem != null) return 'damaged';
  if (is === undefined) return 'removed';
  if (was?.facts == null) return 'added';
  if (differs.length > 0) return 'changed';
  const [before, after] = [was.facts, is.facts];
  if (before.serialNumber === after?.serialNumber && before.spki === after.spki) return 'rewritten';
  // one that is older is no renewal
  return after && after.notBefore < before.notBefore ? 'changed' : 'renewed';
}

function differences(before: CertificateFacts, after: CertificateFacts): Difference[] {
  const pairs: readonly (readonly [Difference, unknown, unknown])[] = [
    ['subject', before.subject, after.subject],
    ['sans', before.sans.join('\0'), after.sans.join('\0')],
    ['usages', before.usages.join(), after.usages.join()],
    ['issuer', before.issuer, after.issuer],
    ['algorithm', before.keyAlgorithm, after.keyAlgorithm],
    ['ca', before.isCa, after.isCa],
  ];
  return pairs.filter(([, was, is]) => was !== is).map(([name]) => name);
}

/** What `list` has and `other` has not. */
export function without(list: readonly string[] = [], other: readonly string[] = []): string[] {
  const known = new Set(other);
  return list.filter((item) => !known.has(item));
}

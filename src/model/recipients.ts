import type { RemovedRecipient } from './desired.ts';

/**
 * What of a recipient stands in a SOPS document as its name. age recipients stand as they are; of a Vault or Azure key only a part,
 * of an AWS key not its role.
 */
export function storedName(recipient: string): string {
  const text = recipient.trim();
  const vault = /\/v1\/.+\/keys\/([^/]+)$/u.exec(text);
  const azure = /^(https:\/\/[^/]+\.vault\.[^/]+)\/keys\//u.exec(text);
  return azure?.[1] ?? vault?.[1] ?? text.replace(/^(arn:[^+]+)\+.*$/u, '$1');
}

/** Those in wrong hands, as documents name them. */
export function compromisedNames(removed: readonly RemovedRecipient[]): ReadonlySet<string> {
  const compromised = removed.filter((one) => one.compromised);
  return new Set(compromised.map(({ recipient }) => storedName(recipient)));
}

/** Whether the names in a document are those of the declared recipients, whatever their order. */
export function areRecipients(stored: readonly string[], declared: readonly string[]): boolean {
  const names = new Set(declared.map(storedName));
  return new Set(stored).size === names.size && stored.every((name) => names.has(name));
}

/** Of the names in a document, those that are not declared: they leave it. */
export function leavingRecipients(
  stored: readonly string[],
  declared: readonly string[],
): readonly string[] {
  const names = new Set(declared.map(storedName));
  return stored.filter((name) => !names.has(name));
}

/** Who could open a private key before, once it is encrypted to `declared` alone; in a fixed order. */
export function withLeaving(
  {
    recipients,
    formerRecipients,
  }: {
    readonly recipients: readonly string[];
    readonly formerRecipients: readonly string[];
  },
  declared: readonly string[],
  others: Iterable<string> = [],
): readonly string[] {
  return [
    ...new Set([...formerRecipients, ...leavingRecipients(recipients, declared), ...others]),
  ].sort();
}

/** What changes, for people. */
export function recipientsText(stored: readonly string[], declared: readonly string[]): string {
  const removed = leavingRecipients(stored, declared);
  const added = declared.map(storedName).filter((name) => !stored.includes(name));
  return [
    ...(added.length > 0 ? [`added ${added.join(', ')}`] : []),
    ...(removed.length > 0 ? [`removed ${removed.join(', ')}`] : []),
  ].join('; ');
}

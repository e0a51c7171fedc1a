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

/** Whether the names in a document are those of the declared recipients, whatever their order. */
export function areRecipients(stored: readonly string[], declared: readonly string[]): boolean {
  const names = new Set(declared.map(storedName));
  return new Set(stored).size === names.size && stored.every((name) => names.has(name));
}

import { load } from 'js-yaml';
import { sopsRecipients } from '../../recipients.ts';

/**
 * Those of `recipients` that can open a SOPS document, or could before its last encryption; of what can no longer be read, all that
 * it names.
 *
 * @param recipients as documents name them.
 */
export function readersNamed(text: string, recipients: readonly string[]): string[] {
  const named = recipients.filter((recipient) => text.includes(recipient));
  if (named.length === 0) return [];
  const names = namesIn(text);
  return named.filter((recipient) => names.has(recipient));
}

function namesIn(text: string): ReadonlySet<string> {
  const words = (): string[] => text.split(/[\s,'"]+/u);
  try {
    const { sops, formerRecipients } = load(text, { maxAliases: 0 }) as Record<string, unknown>;
    const former = typeof formerRecipients === 'string' ? formerRecipients.split(',') : [];
    const format = text.startsWith('{') ? 'binary' : 'yaml';
    return new Set([...(sopsRecipients({ sops }, format) ?? words()), ...former]);
  } catch {
    return new Set(words());
  }
}

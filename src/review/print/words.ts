import type { CredentialPath } from '../../model/names.ts';
import type {
  CertificateChange,
  EntryFacts,
  KeysetChange,
  KeysetFacts,
  Totals,
} from '../report.ts';
import { code, prose } from './escape.ts';

const DAY = 86_400_000;

export const day = (date: Date): string => date.toISOString().slice(0, 10);

/** `in 30 days`, `today`, `3 days ago`. */
export function distance(date: Date, now: Date): string {
  const days = Math.floor((date.getTime() - now.getTime()) / DAY);
  if (days === 0) return 'in less than a day';
  return days > 0 ? `in ${count(days, 'day')}` : `${count(-days, 'day')} ago`;
}

export const count = (number: number, noun: string): string =>
  `${number.toLocaleString('en-US')} ${noun}${number === 1 ? '' : 's'}`;

/** The first few, and how many more. */
export function few(items: readonly string[], most: number): string {
  const rest = items.length - most;
  const shown = rest === 1 ? items : items.slice(0, most);
  return shown.join(', ') + (rest > 1 ? ` and ${rest} more` : '');
}

export const names = (paths: readonly CredentialPath[], most = 4): string =>
  few(paths.map(code), most);

/** `33 renewed, 1 new`: what there is of each, worst first. */
export function totalsText(totals: Totals): string {
  const { damaged, changed, added, removed, renewed, rewritten, keysets } = totals;
  const parts: readonly (readonly [number, string])[] = [
    [damaged, 'damaged'],
    [changed, 'changed'],
    [added, 'new'],
    [removed, 'removed'],
    [renewed, 'renewed'],
    [rewritten, 'written again'],
  ];
  const certificates = parts.filter(([number]) => number > 0);
  const text = certificates.map(([number, what]) => `${number} ${what}`).join(', ');
  return [
    ...(certificates.length === 0 ? [] : [`certificates: ${text}`]),
    ...(keysets === 0 ? [] : [`keysets: ${keysets}`]),
  ].join('; ');
}

/** Cells of a keyset's row. */
export function keysetCells({ credential, change, before, after }: KeysetChange): string[] {
  const isUnread = change === 'damaged' && after === null;
  const [was, is] = [keysetText(before), isUnread ? 'cannot be read' : keysetText(after)];
  return [
    code(credential.slice(credential.indexOf('/') + 1)),
    changeText(change),
    was,
    was === is ? 'the same' : is,
  ];
}

function keysetText(keyset: KeysetFacts | null): string {
  if (keyset === null) return 'none';
  const { revision, entries, crl } = keyset;
  const text = `revision ${revision}: ${few(entries.map(entryText), 6)}`;
  if (crl === undefined) return text;
  const also = crl.outgoing === null ? '' : `, also by ${code(crl.outgoing)}`;
  return `${text}; CRL ${crl.number} of ${crl.revoked} until ${day(crl.nextUpdate)}${also}`;
}

function entryText({ id, state, subject, notAfter }: EntryFacts): string {
  const until = notAfter === null ? '' : ` until ${day(notAfter)}`;
  return `${code(id)} ${state}${subject === null ? '' : ` (${code(subject)}${until})`}`;
}

/** Serial numbers are long: the ends are enough to compare. */
function serial(text: string): string {
  return code(text.length > 10 ? `${text.slice(0, 4)}…${text.slice(-4)}` : text);
}

/** Both sides, or the only one. */
function sides<T>(was: T | null, is: T | null, text: (side: T) => string): string {
  const [before, after] = [was, is].map((side) => (side === null ? null : text(side)));
  if (before == null || after == null) return after ?? before ?? '';
  return before === after ? before : `${before} → <br>${after}`;
}

const WORDS: Readonly<Record<string, string>> = { added: 'new', rewritten: 'written again' };

const changeText = (change: string): string => WORDS[change] ?? change;

/** Cells of a certificate's row. */
export function certificateCells(item: CertificateChange, now: Date): string[] {
  const { credential, before, after, reason, key } = item;
  const left = after === null ? '' : ` (${distance(after.notAfter, now)})`;
  return [
    code(credential.slice(credential.indexOf('/') + 1)),
    // a document that was written again for other reasons still has that of its last issue
    changeText(item.change) +
      (reason === null || item.change === 'rewritten' ? '' : ` (${code(reason)})`),
    sides(
      before,
      after,
      ({ serialNumber, notAfter }) => `${serial(serialNumber)} until ${day(notAfter)}`,
    ) + left,
    differencesText(item),
    key ?? '',
  ];
}

/** One row for those of which nothing differs. */
export function rewrittenCells(items: readonly CertificateChange[]): string[] {
  const all = items.map(({ credential }) => code(credential.slice(credential.indexOf('/') + 1)));
  return [few(all, 3), changeText('rewritten'), '', 'nothing of them', 'kept'];
}

export const CERTIFICATE_TITLES = [
  'Certificate',
  'Change',
  'Serial number, valid until',
  'What differs',
  'Key (SPKI)',
];

function differencesText(item: CertificateChange): string {
  const { before, after, differs, sansAdded, sansRemoved, problems } = item;
  const parts = problems.map((problem) => prose(problem, 300));
  if (before !== null && after !== null) {
    const both = (what: string, was: string, is: string): string =>
      `${what}: ${code(was)} → ${code(is)}`;
    if (sansAdded.length > 0) parts.push(`SANs added: ${few(sansAdded.map(code), 8)}`);
    if (sansRemoved.length > 0) parts.push(`SANs removed: ${few(sansRemoved.map(code), 8)}`);
    if (differs.includes('subject')) parts.push(both('subject', before.subject, after.subject));
    if (differs.includes('usages'))
      parts.push(both('usages', before.usages.join(', '), after.usages.join(', ')));
    if (differs.includes('issuer')) parts.push(both('issuer', before.issuer, after.issuer));
    if (differs.includes('algorithm'))
      parts.push(
        both('algorithm', before.keyAlgorithm ?? 'unknown', after.keyAlgorithm ?? 'unknown'),
      );
    if (differs.includes('ca')) parts.push(`CA: ${before.isCa} → ${after.isCa}`);
  } else {
    const facts = after ?? before;
    if (facts !== null) {
      const usages = facts.usages.join(', ');
      parts.push(`${code(facts.subject)}, ${code(usages)}`, `issuer ${code(facts.issuer)}`);
      if (facts.sans.length > 0) parts.push(`SANs: ${few(facts.sans.map(code), 8)}`);
    }
  }
  // lines of their own, so that a long one does not take the room of other columns
  if (parts.length > 0) return parts.join('; <br>');
  return item.change === 'rewritten' ? 'nothing of it' : 'nothing else';
}

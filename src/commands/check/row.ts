import type { EntryState } from '../../model/observed.ts';
import type { Subject } from '../../model/names.ts';
import type { CertificateInfo } from '../../model/x509.ts';

export type RowKind = 'certificate' | 'authority' | 'kubeconfig';

/** What the reports say of a certificate; its PEM is let go, since a fleet has a hundred thousand of them. */
export interface RowCertificate {
  /** RFC 4514 text. */
  readonly subject: string;
  readonly issuer: string;
  readonly serialNumber: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** One line of the reports. */
export interface Row {
  /** Null where an existing folder is read (`--dir`). */
  readonly cluster: string | null;
  readonly node: string | null;
  /** kubeadm's name, where it has one. */
  readonly name: string;
  readonly kind: RowKind;
  /** Null for what should be there and is not. */
  readonly certificate: RowCertificate | null;
  /** Name of the issuing CA. */
  readonly authority: string;
  /** Null where nothing renews it: an outgoing keyset entry. */
  readonly renewAt: Date | null;
  readonly externallyManaged: boolean;
  readonly path: string;
  /** The keyset entry; null for a leaf. */
  readonly id: string | null;
  readonly state: EntryState | null;
}

/** All that a run of `check` found; problems are documents that could not be read. */
export interface Checked {
  readonly rows: readonly Row[];
  readonly problems: readonly Problem[];
  /** Where the rows are from, for the summary: `2 clusters`. */
  readonly place: string;
}

/** A document that could not be read: a line for people, and what to do about it. */
export interface Problem {
  readonly message: string;
  readonly hint: string | null;
}

export function rowCertificate(info: CertificateInfo): RowCertificate {
  const { subject, issuer, serialNumber, notBefore, notAfter } = info;
  return { subject: nameText(subject), issuer, serialNumber, notBefore, notAfter };
}

/** RFC 4514 text of a subject: the last RDN first, values of one attribute in one RDN, as Go's crypto/x509 encodes them. */
export function nameText(subject: Subject): string {
  const rdns: readonly (readonly [string, readonly string[]])[] = [
    ['serialNumber', subject.serialNumber === undefined ? [] : [subject.serialNumber]],
    ['CN', subject.commonName === undefined ? [] : [subject.commonName]],
    ['OU', subject.organizationalUnits ?? []],
    ['O', subject.organizations ?? []],
    ['C', subject.country === undefined ? [] : [subject.country]],
  ];
  return rdns
    .filter(([, values]) => values.length > 0)
    .map(([type, values]) => values.map((value) => `${type}=${escapeValue(value)}`).join('+'))
    .join(',');
}

/** RFC 4514 §2.4. */
function escapeValue(value: string): string {
  return value
    .replaceAll(/["+,;<>\\]/gu, String.raw`\$&`)
    .replaceAll(/^[ #]|(?<!^) $/gu, String.raw`\$&`)
    .replaceAll(
      // eslint-disable-next-line no-control-regex -- exactly these are meant
      /[\u0000-\u001F\u007F]/gu,
      (character) => `\\${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
    );
}

/** By cluster, node and name; entries of a keyset stay in their order, the issuing one first. */
export function sortRows(rows: readonly Row[]): Row[] {
  return rows.toSorted(
    (a, b) =>
      compare(a.cluster ?? '', b.cluster ?? '') ||
      compare(a.node ?? '', b.node ?? '') ||
      compare(a.name, b.name),
  );
}

/** By code units: the same order on every machine. */
export function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

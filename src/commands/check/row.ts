import type { EntryState } from '../../model/observed.ts';
import type { CertificateInfo } from '../../model/x509.ts';
import { decodeCertificates } from '../../x509/read/pem.ts';
import { readValidity, type CertificateValidity } from '../../x509/read/validity.ts';

/** Of a CRL the dates are thisUpdate and nextUpdate, the serial number is its number. */
export type RowKind = 'certificate' | 'authority' | 'kubeconfig' | 'crl';

/** One line of the reports. */
export interface Row {
  /** Null where an existing folder is read (`--dir`). */
  readonly cluster: string | null;
  readonly node: string | null;
  /** kubeadm's name, where it has one. */
  readonly name: string;
  readonly kind: RowKind;
  /** Null for what should be there and is not. */
  readonly certificate: CertificateValidity | null;
  /** Name of the issuing CA. */
  readonly authority: string;
  /** Null where nothing renews it: an outgoing keyset entry. */
  readonly renewAt: Date | null;
  /** Since when it is due, where there are renewal windows: it waits for one until `renewAt`. */
  readonly waitsSince?: Date;
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
  readonly hints: readonly string[];
}

/** Of a certificate that was read in full; its PEM is let go. */
export function rowCertificate({ pem }: Pick<CertificateInfo, 'pem'>): CertificateValidity {
  const [der = Buffer.alloc(0)] = decodeCertificates(pem);
  return readValidity(der);
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

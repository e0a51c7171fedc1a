import type { Seconds } from '../names.ts';
import type { EntryState } from '../observed.ts';
import type { RenewalPolicy, RenewalWindow } from '../x509.ts';

export type InventoryKind = 'certificate' | 'authority' | 'kubeconfig' | 'service-account-key';

/** One credential as it will be after this run; `null` for what is not known before it is issued, or has no meaning. */
export interface InventoryRow {
  readonly kind: InventoryKind;
  readonly node: string | null;
  readonly name: string;
  /** The keyset entry's id; null for a leaf. */
  readonly id: string | null;
  readonly state: EntryState | null;
  /** The store file. */
  readonly path: string;
  readonly subject: string | null;
  readonly issuer: string | null;
  readonly serialNumber: string | null;
  readonly notBefore: Date | null;
  readonly notAfter: Date | null;
  readonly renewAt: Date | null;
  readonly policy: RenewalPolicy | null;
  readonly windows: readonly RenewalWindow[];
  readonly spki: string | null;
  /** When an entry of a keyset was made. */
  readonly madeAt?: Date | undefined;
  /** As its keyset remembers it; of entries of keysets. */
  readonly outsideLife?: Seconds | undefined;
}

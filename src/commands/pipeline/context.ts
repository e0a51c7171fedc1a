import type { KeyObject } from 'node:crypto';
import type { DesiredFleet } from '../../model/desired.ts';
import type { Material } from '../../model/made/material.ts';
import type { CredentialPath, KeyAlgorithm } from '../../model/names.ts';
import type { ObservedCluster, ObservedKeyset, ObservedLeaf } from '../../model/observed.ts';
import type { RandomBytes, TreeReader } from '../../model/ports.ts';
import type { History } from '../../model/store/ledger.ts';
import type { ReasonedCheck } from '../../plan/checks.ts';

/** What holds for a whole run: ports, and what was read once. */
export interface Context {
  readonly fleet: DesiredFleet;
  readonly reader: TreeReader;
  readonly chain: readonly ReasonedCheck[];
  readonly now: Date;
  readonly randomBytes: RandomBytes;
  readonly generateKey: (algorithm: KeyAlgorithm) => Promise<KeyObject>;
  readonly history: History;
  /** Keysets that `--new-authority` names. */
  readonly newAuthorities: ReadonlySet<string>;
}

/** What later units may use of earlier ones. */
export interface Foreign {
  readonly keysets: ReadonlyMap<CredentialPath, ObservedKeyset>;
  readonly leaves: ReadonlyMap<CredentialPath, ObservedLeaf>;
  readonly material: Material;
  /** Private keys made in this run, PEM. */
  readonly privateKeys: ReadonlyMap<CredentialPath, string>;
  /** Credentials that this run makes, or would make: their keys are at hand without an identity. */
  readonly made: ReadonlySet<CredentialPath>;
}

export const NOTHING_FOREIGN: Foreign = {
  keysets: new Map(),
  leaves: new Map(),
  material: new Map(),
  privateKeys: new Map(),
  made: new Set(),
};

/** The state of a unit's clusters, by name. */
export type Clusters = ReadonlyMap<string, ObservedCluster>;

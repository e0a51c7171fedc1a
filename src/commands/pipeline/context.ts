import type { IssuePorts } from '../../issue/issue.ts';
import type { DesiredFleet, DesiredUnit } from '../../model/desired.ts';
import type { Material } from '../../model/made/material.ts';
import type { CredentialPath } from '../../model/names.ts';
import type { ObservedCluster, ObservedKeyset, ObservedLeaf } from '../../model/observed.ts';
import type { TreeReader } from '../../model/ports.ts';
import type { PastReaders } from '../../model/observed.ts';
import type { Evidence } from '../../model/store/evidence.ts';
import type { RequestedRevocation } from '../../model/store/revocations.ts';
import type { MergedStage, RotationRequest } from '../../model/store/rotation.ts';
import type { History } from '../../model/store/ledger.ts';
import type { ChainName } from '../../plan/checks.ts';

/** What is new in a run. */
export type Entropy = Omit<IssuePorts, 'now'>;

/** What of the fleet concerns every unit. */
export type FleetSettings = Omit<DesiredFleet, 'clusters'>;

/** What holds for a whole run. Of a worker thread's, all but `reader` and `entropy` came as a copy. */
export interface Context {
  readonly fleet: FleetSettings;
  /** Everybody whom the declaration names, in whatever role. */
  readonly allRecipients: readonly string[];
  readonly reader: TreeReader;
  readonly chain: ChainName;
  readonly now: Date;
  /** By the unit's first cluster, so that what a unit gets does not depend on which others a run is about. */
  readonly entropy: (cluster: string) => Entropy;
  /** Names of credentials that are to be renewed, due or not. */
  readonly requested: readonly string[];
  /** Keysets that `--new-authority` names. */
  readonly newAuthorities: ReadonlySet<string>;
  /** What compromised recipients could open in an earlier commit. */
  readonly pastReaders: PastReaders;
  /** What `revoke` is asked for, by the authority that signed it. */
  readonly revocations?: ReadonlyMap<CredentialPath, readonly RequestedRevocation[]>;
  /** What `rotate` is asked for, and what the base branch says of keysets between two stages. */
  readonly rotation?: {
    readonly request: RotationRequest;
    readonly merged: ReadonlyMap<CredentialPath, MergedStage>;
    /** What clusters say of theirs, where they were asked. */
    readonly evidence?: ReadonlyMap<CredentialPath, Evidence>;
  };
}

/** A unit, and what it needs to know of the rest of the fleet. */
export interface Job {
  readonly unit: DesiredUnit;
  readonly foreign: Foreign;
  /** Of the unit's own keysets. */
  readonly history: History;
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

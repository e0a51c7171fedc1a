import { domainOf } from '../catalog/rotation/domain.ts';
import type { DesiredFleet, DesiredRotation, DesiredUnit } from '../model/desired.ts';
import { credentialParts, type CredentialPath, type Seconds } from '../model/names.ts';
import type { TrustDomain } from '../model/store/rotation.ts';
import { storedName } from '../model/recipients.ts';

/** What of a declaration explains a tree: kept for all clusters at once, so no more than is asked for. */
export class Declared {
  readonly fleet: DesiredFleet;
  /** Names of everybody who is declared, in whatever role, as they stand in files. */
  readonly recipients: ReadonlySet<string>;
  /** What stages of each keyset wait for. */
  readonly keysets = new Map<CredentialPath, DesiredRotation>();
  /** What each keyset is for. */
  readonly domains = new Map<CredentialPath, TrustDomain>();
  /** How long an authority lives, from when its certificate is signed. */
  readonly authorities = new Map<CredentialPath, Seconds>();
  /** Of leaves. */
  readonly validities = new Map<CredentialPath, Seconds>();
  /** Clusters that are handled together, by the name of each. */
  readonly #units = new Map<string, readonly string[]>();
  /** Of those that use others: which, in the order in which what is used comes first. */
  readonly #users: { readonly names: readonly string[]; readonly used: ReadonlySet<string> }[] = [];

  constructor(fleet: DesiredFleet) {
    this.fleet = fleet;
    this.recipients = new Set(
      fleet.clusters
        .flatMap(({ recipients, deliveryRecipients, nodes }) => [
          ...recipients,
          ...deliveryRecipients,
          ...nodes.flatMap((node) => node.recipients),
        ])
        .map(storedName),
    );
  }

  add({ clusters, imports }: DesiredUnit): void {
    const names = clusters.map(({ name }) => name);
    const used = new Set(imports.map((path) => credentialParts(path).cluster));
    if (used.size > 0) this.#users.push({ names, used });
    for (const cluster of clusters) {
      const { name, authorities, serviceAccountKeys, leaves } = cluster;
      this.#units.set(name, names);
      for (const keyset of [...authorities, ...serviceAccountKeys]) {
        this.keysets.set(keyset.path, keyset.rotation);
        this.domains.set(keyset.path, domainOf(cluster, keyset));
      }
      for (const { path, validity } of authorities) this.authorities.set(path, validity);
      for (const { path, validity } of leaves) this.validities.set(path, validity);
    }
  }

  /** What follows a change of a cluster: those that are handled together with it, and those that use something of one of them. */
  followersOf(cluster: string): ReadonlySet<string> {
    const followers = new Set(this.unitOf(cluster));
    for (const { names, used } of this.#users)
      if ([...used].some((name) => followers.has(name)))
        for (const name of names) followers.add(name);
    return followers;
  }

  /** Those that are handled together with a cluster. */
  unitOf(cluster: string): readonly string[] {
    return this.#units.get(cluster) ?? [cluster];
  }
}

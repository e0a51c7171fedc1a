import type { KeyObject } from 'node:crypto';
import type { DesiredKeyset, DesiredLeaf } from '../model/desired.ts';
import type { IssuedKeyset, IssuedLeaf, IssuedUnit } from '../model/made/issued.ts';
import type { CredentialPath, KeyAlgorithm, Seconds } from '../model/names.ts';
import type { RandomBytes } from '../model/ports.ts';
import { NEW_ENTRY, type PlannedReissue, type PlannedTransition } from '../model/store/rotation.ts';
import { buildCertificate } from '../x509/build/certificate.ts';
import type { LeafKey } from '../x509/build/key.ts';
import { serialNumber } from '../x509/build/serial.ts';
import { issueCrl, type OrderedCrl } from './crl.ts';
import { validityOf } from './dates.ts';
import { issueKeyset } from './keyset.ts';
import { issueAgain } from './reissue.ts';
import { signerOf, type Signer } from './signer.ts';

export interface IssuePorts {
  readonly now: Date;
  readonly randomBytes: RandomBytes;
  /** Of authorities, which sign. */
  readonly generateKey: (algorithm: KeyAlgorithm) => Promise<KeyObject>;
  readonly generateLeafKey: (algorithm: KeyAlgorithm) => Promise<LeafKey>;
}

/** What an issuer must have left for the last leaf that it issues. */
const LEAST_LIFE: Seconds = 1;

/** A leaf to be issued. */
interface OrderedLeaf {
  readonly desired: DesiredLeaf;
  readonly reason: string;
  /** Whether it may end with its issuer, however soon. */
  readonly isLast?: boolean;
}

/** What is to be made: keysets with issuers before those that they issue, then leaves. */
export interface Order {
  readonly create: readonly DesiredKeyset[];
  readonly reissues?: readonly PlannedReissue[];
  /** With the private keys of entries that stay or become what signs, by their id. */
  readonly transitions?: readonly {
    readonly planned: PlannedTransition;
    readonly keys: ReadonlyMap<string, KeyObject>;
  }[];
  readonly issue: readonly OrderedLeaf[];
  readonly crls?: readonly OrderedCrl[];
}

/**
 * Makes the keys and certificates of a plan. Every credential gets a private key of its own, made at once on the thread pool.
 *
 * @param signers issuing entries that exist already, by keyset.
 */
export async function issue(
  order: Order,
  signers: ReadonlyMap<CredentialPath, Signer>,
  ports: IssuePorts,
): Promise<IssuedUnit> {
  const keysets = [
    ...order.create.map((desired) => ({ desired, planned: undefined, keys: undefined })),
    ...(order.transitions ?? []).map((transition) => ({
      desired: transition.planned.desired,
      ...transition,
    })),
  ];
  const [keysetKeys, leafKeys] = await Promise.all([
    Promise.all(
      keysets.map(({ desired, planned }) =>
        planned === undefined || planned.after.entries.some(({ id }) => id === NEW_ENTRY)
          ? ports.generateKey(desired.keyAlgorithm)
          : Promise.resolve(null),
      ),
    ),
    Promise.all(order.issue.map(({ desired }) => ports.generateLeafKey(desired.keyAlgorithm))),
  ]);
  const known = new Map(signers);
  const reissues = (order.reissues ?? []).map((planned) => {
    const reissued = issueAgain(planned, known, ports);
    const signer = known.get(planned.desired.path);
    if (signer?.id === planned.entry.id)
      known.set(planned.desired.path, { ...signer, certificate: reissued.certificate });
    return reissued;
  });
  const issued = keysets.map(({ desired, planned, keys }, index): IssuedKeyset => {
    const newKey = keysetKeys[index] ?? null;
    const keyset = issueKeyset(desired, { planned, keys, newKey }, known, ports);
    const { entry, entries } = keyset;
    const isIssuing = entries.some(({ id, state }) => id === entry?.id && state === 'issuing');
    if (isIssuing && entry?.certificate && newKey !== null) {
      const { id, certificate } = entry;
      known.set(desired.path, { id, certificate, privateKey: newKey });
    }
    return keyset;
  });
  const leaves = order.issue.map((ordered, index) =>
    issueLeaf(ordered, at(leafKeys, index), known, ports),
  );
  const crls = (order.crls ?? []).map((crl) => issueCrl(crl, known, ports.now));
  return { keysets: issued, reissues, leaves, crls };
}

function issueLeaf(
  { desired, reason, isLast = false }: OrderedLeaf,
  { info, privateKey }: LeafKey,
  signers: ReadonlyMap<CredentialPath, Signer>,
  ports: IssuePorts,
): IssuedLeaf {
  const issuer = signerOf(desired.issuer, signers, desired.path);
  const certificate = buildCertificate(
    {
      profile: desired.profile,
      subject: desired.subject,
      dnsNames: desired.dnsNames,
      ipAddresses: desired.ipAddresses,
      uris: desired.uris,
      pathLength: null,
      serialNumber: serialNumber(ports.randomBytes),
      ...validityOf(desired, issuer.certificate, ports.now, isLast ? LEAST_LIFE : undefined),
    },
    info,
    issuer,
  );
  return {
    desired,
    certificate,
    issuer: { keyset: issuer.keyset, id: issuer.id },
    privateKey,
    issuedAt: ports.now,
    reason,
  };
}

function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new RangeError('index out of range');
  return item;
}

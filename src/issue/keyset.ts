import type { KeyObject } from 'node:crypto';
import { PkiError } from '../errors.ts';
import type { DesiredAuthority, DesiredKeyset } from '../model/desired.ts';
import type { IssuedEntry, IssuedKeyset } from '../model/made/issued.ts';
import type { CredentialPath } from '../model/names.ts';
import type { EntryState } from '../model/observed.ts';
import { NEW_ENTRY, type PlannedTransition } from '../model/store/rotation.ts';
import {
  entryId,
  keysetStatement,
  rememberedLife,
  type StatementEntry,
} from '../model/store/keyset.ts';
import type { CertificateInfo } from '../model/x509.ts';
import { buildCertificate } from '../x509/build/certificate.ts';
import { formatPrivateKey, formatPublicKey } from '../x509/build/key.ts';
import { serialNumber } from '../x509/build/serial.ts';
import { signData, spkiHash } from '../x509/read/key.ts';
import { validityOf } from './dates.ts';
import type { IssuePorts } from './issue.ts';
import { signerOf, type Signer } from './signer.ts';

/**
 * A new keyset, or the next revision of one: signed by the key that was issuing before, and by the one that is, where a stage
 * changes it (DESIGN §3).
 *
 * @param keys what there is: keys of entries by id, and one that was made for a new entry.
 * @throws PkiError `ERR_ISSUE` where a key that must sign is not at hand.
 */
export function issueKeyset(
  desired: DesiredKeyset,
  {
    planned,
    keys = new Map(),
    newKey,
  }: {
    readonly planned: PlannedTransition | undefined;
    readonly keys: ReadonlyMap<string, KeyObject> | undefined;
    readonly newKey: KeyObject | null;
  },
  signers: ReadonlyMap<CredentialPath, Signer>,
  ports: IssuePorts,
): IssuedKeyset {
  const after: readonly StatementEntry[] = planned?.after.entries ?? [firstEntry(desired)];
  const revision = (planned?.before.revision ?? 0) + 1;
  const reason = planned === undefined ? 'Missing' : 'Rotation';
  const entry = newKey === null ? null : issueEntry(desired, newKey, reason, signers, ports);
  const entries = after.map(({ id, spki, state, outsideLife }): StatementEntry => {
    const isNew = id === NEW_ENTRY && entry !== null;
    return { ...(isNew ? { id: entry.id, spki: entry.spki } : { id, spki }), state, outsideLife };
  });
  const statement = keysetStatement(desired.path, revision, entries);
  const signBy = (state: EntryState): string | null => {
    const signer = entries.find((candidate) => candidate.state === state);
    if (signer === undefined) return null;
    const key = signer.id === entry?.id ? newKey : keys.get(signer.id);
    if (key) return signData(key, statement).toString('base64');
    throw new PkiError('ERR_ISSUE', `the key of "${desired.path}/${signer.id}" is not at hand`);
  };
  const [outgoing, issuing] = [signBy('outgoing'), signBy('issuing')];
  return {
    desired,
    revision,
    entries,
    signature: outgoing ?? issuing ?? '',
    countersignature: outgoing === null ? null : issuing,
    entry,
  };
}

function firstEntry({ rotation }: DesiredKeyset): StatementEntry {
  const entry = { id: NEW_ENTRY, spki: '', state: 'issuing' } as const;
  return { ...entry, outsideLife: rememberedLife(entry, rotation.outsideLife) };
}

function issueEntry(
  desired: DesiredKeyset,
  privateKey: KeyObject,
  reason: string,
  signers: ReadonlyMap<CredentialPath, Signer>,
  ports: IssuePorts,
): IssuedEntry {
  const spki = spkiHash(privateKey);
  const isAuthority = desired.kind === 'CertificateAuthority';
  const issuer =
    isAuthority && desired.issuer !== null ? signerOf(desired.issuer, signers, desired.path) : null;
  return {
    id: entryId(spki),
    spki,
    certificate: isAuthority ? issueAuthority(desired, privateKey, issuer, ports) : null,
    publicKey: formatPublicKey(privateKey),
    issuer: issuer === null ? null : { keyset: issuer.keyset, id: issuer.id },
    privateKey: formatPrivateKey(privateKey),
    issuedAt: ports.now,
    reason,
  };
}

function issueAuthority(
  desired: DesiredAuthority,
  privateKey: KeyObject,
  issuer: Signer | null,
  ports: IssuePorts,
): CertificateInfo {
  const dates = validityOf({ ...desired, jitter: 0 }, issuer?.certificate ?? null, ports.now);
  return buildCertificate(
    {
      profile: 'ca',
      subject: desired.subject,
      dnsNames: desired.dnsNames,
      ipAddresses: [],
      uris: [],
      pathLength: desired.pathLength,
      serialNumber: serialNumber(ports.randomBytes),
      ...dates,
    },
    privateKey,
    issuer,
  );
}

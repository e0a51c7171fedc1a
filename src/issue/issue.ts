import type { KeyObject } from 'node:crypto';
import { PkiError } from '../errors.ts';
import type { DesiredAuthority, DesiredKeyset, DesiredLeaf } from '../model/desired.ts';
import type { IssuedKeyset, IssuedLeaf, IssuedUnit } from '../model/made/issued.ts';
import { entryId, keysetStatement } from '../model/store/keyset.ts';
import type { CredentialPath, KeyAlgorithm } from '../model/names.ts';
import type { RandomBytes } from '../model/ports.ts';
import type { CertificateInfo } from '../model/x509.ts';
import { buildCertificate } from '../x509/build/certificate.ts';
import { formatPrivateKey, formatPublicKey } from '../x509/build/key.ts';
import { serialNumber } from '../x509/build/serial.ts';
import { readCertificate } from '../x509/read/certificate.ts';
import { signData, spkiHash } from '../x509/read/key.ts';
import { validityOf } from './dates.ts';

export interface IssuePorts {
  readonly now: Date;
  readonly randomBytes: RandomBytes;
  readonly generateKey: (algorithm: KeyAlgorithm) => Promise<KeyObject>;
}

/** The issuing entry of a keyset, with its private key at hand. */
export interface Signer {
  readonly id: string;
  readonly certificate: CertificateInfo;
  readonly privateKey: KeyObject;
}

/** What is to be made: keysets with issuers before those that they issue, then leaves. */
export interface Order {
  readonly create: readonly DesiredKeyset[];
  readonly issue: readonly { readonly desired: DesiredLeaf; readonly reason: string }[];
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
  const [keysetKeys, leafKeys] = await Promise.all([
    Promise.all(order.create.map(({ keyAlgorithm }) => ports.generateKey(keyAlgorithm))),
    Promise.all(order.issue.map(({ desired }) => ports.generateKey(desired.keyAlgorithm))),
  ]);
  const known = new Map(signers);
  const keysets = order.create.map((desired, index) => {
    const privateKey = at(keysetKeys, index);
    const keyset = issueKeyset(desired, privateKey, known, ports);
    if (keyset.certificate !== null) {
      known.set(desired.path, { id: keyset.id, certificate: keyset.certificate, privateKey });
    }
    return keyset;
  });
  const leaves = order.issue.map(({ desired, reason }, index) =>
    issueLeaf(desired, reason, at(leafKeys, index), known, ports),
  );
  return { keysets, leaves };
}

function issueKeyset(
  desired: DesiredKeyset,
  privateKey: KeyObject,
  signers: ReadonlyMap<CredentialPath, Signer>,
  ports: IssuePorts,
): IssuedKeyset {
  const spki = spkiHash(privateKey);
  const id = entryId(spki);
  const statement = keysetStatement(desired.path, 1, [{ id, state: 'issuing', spki }]);
  const isAuthority = desired.kind === 'CertificateAuthority';
  const issuer =
    isAuthority && desired.issuer !== null ? signerOf(desired.issuer, signers, desired.path) : null;
  return {
    desired,
    id,
    spki,
    certificate: isAuthority ? issueAuthority(desired, privateKey, issuer, ports) : null,
    publicKey: formatPublicKey(privateKey),
    issuer: issuer === null ? null : { keyset: issuer.keyset, id: issuer.id },
    signature: signData(privateKey, statement).toString('base64'),
    privateKey: formatPrivateKey(privateKey),
    issuedAt: ports.now,
    reason: 'Missing',
  };
}

function issueAuthority(
  desired: DesiredAuthority,
  privateKey: KeyObject,
  issuer: Signer | null,
  ports: IssuePorts,
): CertificateInfo {
  const dates = validityOf({ ...desired, jitter: 0 }, issuer?.certificate ?? null, ports.now);
  const pem = buildCertificate(
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
  return readCertificate(pem);
}

function issueLeaf(
  desired: DesiredLeaf,
  reason: string,
  privateKey: KeyObject,
  signers: ReadonlyMap<CredentialPath, Signer>,
  ports: IssuePorts,
): IssuedLeaf {
  const issuer = signerOf(desired.issuer, signers, desired.path);
  const pem = buildCertificate(
    {
      profile: desired.profile,
      subject: desired.subject,
      dnsNames: desired.dnsNames,
      ipAddresses: desired.ipAddresses,
      uris: desired.uris,
      pathLength: null,
      serialNumber: serialNumber(ports.randomBytes),
      ...validityOf(desired, issuer.certificate, ports.now),
    },
    privateKey,
    issuer,
  );
  return {
    desired,
    certificate: readCertificate(pem),
    issuer: { keyset: issuer.keyset, id: issuer.id },
    privateKey: formatPrivateKey(privateKey),
    issuedAt: ports.now,
    reason,
  };
}

function signerOf(
  keyset: CredentialPath,
  signers: ReadonlyMap<CredentialPath, Signer>,
  credential: CredentialPath,
): Signer & { readonly keyset: CredentialPath } {
  const signer = signers.get(keyset);
  if (signer === undefined) {
    throw new PkiError(
      'ERR_ISSUE',
      `the key of "${keyset}", issuer of "${credential}", is not at hand`,
    );
  }
  return { ...signer, keyset };
}

function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new RangeError('index out of range');
  return item;
}

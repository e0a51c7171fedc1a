import { PkiError } from '../../../errors.ts';
import { REVOCATION_REASONS, type CrlSpec, type RevokedCertificate } from '../../../model/x509.ts';
import { signData } from '../../../x509/read/key.ts';
import { formatPem } from '../../../x509/read/pem.ts';
import { maySignCrls } from '../../../x509/read/usages.ts';
import { signatureAlgorithm } from '../certificate.ts';
import { type Asn1, der, encode } from '../der.ts';
import { extension } from '../extensions.ts';
import { type Issuer, readIssuer } from '../issuer.ts';
import { buildTime, wholeSeconds } from '../validity.ts';

const VERSION_2 = 1;
const MAX_SERIAL_OCTETS = 20;

/**
 * Builds and signs a CRL (RFC 5280 §5), with what its §5.2 asks of every one: authority key identifier and number.
 *
 * @param spec - Entries in the order that the CRL is to have; dates are cut to whole seconds.
 * @param issuer - The CA whose certificates it revokes.
 * @returns PEM, one block "X509 CRL".
 * @throws PkiError ERR_ISSUE where the result would break RFC 5280, or the CA may sign no CRLs
 */
export function buildCrl({ number, revoked, ...spec }: CrlSpec, issuer: Issuer): string {
  const { name, keyIdentifier } = readIssuer(issuer, false);
  if (!maySignCrls(issuer.certificate)) {
    throw new PkiError('ERR_ISSUE', 'the key usage of the CA does not allow it to sign CRLs', {
      hint: 'give it a certificate with cRLSign, for the key that it has: cdk8s-pki reissue CLUSTER KEYSET',
    });
  }
  if (!Number.isInteger(number) || number < 1) {
    throw new PkiError('ERR_ISSUE', `CRL number ${number} is not a positive integer`);
  }
  const thisUpdate = wholeSeconds('thisUpdate', spec.thisUpdate);
  const nextUpdate = wholeSeconds('nextUpdate', spec.nextUpdate);
  if (nextUpdate <= thisUpdate) {
    throw new PkiError('ERR_ISSUE', 'nextUpdate of the CRL is not after thisUpdate');
  }
  if (new Set(revoked.map(({ serialNumber }) => serialNumber)).size < revoked.length) {
    throw new PkiError('ERR_ISSUE', 'the CRL has a serial number twice');
  }
  const algorithm = signatureAlgorithm(issuer.privateKey);
  const toBeSigned = der.sequence(
    der.integer(VERSION_2),
    algorithm,
    der.rawSequence(name),
    buildTime(thisUpdate),
    buildTime(nextUpdate),
    // §5.1.2.6: absent where there is none, and not empty
    revoked.length === 0 ? undefined : der.sequence(...revoked.map(buildEntry)),
    der.explicit(
      0,
      der.sequence(
        extension('authorityKeyIdentifier', false, der.sequence(der.implicit(0, keyIdentifier))),
        extension('cRLNumber', false, der.integer(number)),
      ),
    ),
  );
  const signature = signData(issuer.privateKey, encode(toBeSigned));
  const list = der.sequence(toBeSigned, algorithm, der.bitString(signature));
  return formatPem('X509 CRL', encode(list));
}

function buildEntry({ serialNumber, revokedAt, reason }: RevokedCertificate): Asn1 {
  const code = REVOCATION_REASONS[reason];
  return der.sequence(
    buildSerial(serialNumber),
    buildTime(wholeSeconds('revocationDate', revokedAt)),
    // §5.3.1: unspecified is said by saying nothing
    code === REVOCATION_REASONS.unspecified
      ? undefined
      : der.sequence(extension('reasonCode', false, der.enumerated(code))),
  );
}

/** The serial number of a certificate, whoever issued it: adopted ones can have any length. */
function buildSerial(serialNumber: string): Asn1 {
  const octets = Buffer.from(serialNumber, 'hex');
  if (
    !/^(?:[0-9A-F]{2})+$/u.test(serialNumber) ||
    octets.length > MAX_SERIAL_OCTETS ||
    (octets.length > 1 && octets[0] === 0)
  ) {
    throw new PkiError('ERR_ISSUE', `"${serialNumber}" is no serial number of a certificate`);
  }
  // a top bit would make it negative
  return der.bigInteger(
    (octets[0] ?? 0) < 0x80 ? octets : Buffer.concat([Buffer.alloc(1), octets]),
  );
}

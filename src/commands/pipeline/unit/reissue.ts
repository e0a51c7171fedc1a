import { PkiError } from '../../../errors.ts';
import { validityOf } from '../../../issue/dates.ts';
import type { DesiredAuthority, DesiredKeyset } from '../../../model/desired.ts';
import type { CredentialPath } from '../../../model/names.ts';
import type { ObservedEntry, ObservedKeyset } from '../../../model/observed.ts';
import type { CertificateInfo } from '../../../model/x509.ts';
import { maySignCrls } from '../../../x509/read/usages.ts';

/**
 * A keyset whose issuing entry is to get a new certificate for the same key. It is planned before the plan, as a transition is: the
 * dates come into the observed entry, and what changes with it follows from there. States stay as they are, so it may come between two
 * stages of a rotation: whoever trusts the certificate before accepts what is signed under the new one, and the other way round.
 *
 * notBefore stays: what it signed begins before now, and some programs want a certificate to lie within its issuer's life.
 *
 * @param keysetOf keysets of this unit, and of others that it uses.
 * @throws PkiError `ERR_ROTATION` for a key without certificate, for one that another entry of its issuer must sign, and where it would
 * not live longer; `ERR_ISSUE` where its issuer ends too soon.
 */
export function withReissue(
  desired: DesiredKeyset,
  keyset: ObservedKeyset,
  keysetOf: (path: CredentialPath) => ObservedKeyset | undefined,
  now: Date,
): ObservedKeyset {
  const rotate = `cdk8s-pki rotate ${desired.path.replace('/', ' ')}`;
  const [entry, ...others] = keyset.entries;
  if (desired.kind !== 'CertificateAuthority' || !entry?.certificate) {
    throw new PkiError('ERR_ROTATION', `"${desired.path}" has no certificate, and so no end`, {
      hint: `its key can be replaced, in stages: ${rotate}`,
    });
  }
  const { notBefore, notAfter: was } = entry.certificate;
  const issuer = issuerOf(desired, entry, keysetOf);
  const { notAfter: is } = validityOf({ ...desired, jitter: 0 }, issuer, now);
  const notAfter = is.getTime() > was.getTime() ? is : was;
  // an adopted one may outlive what is declared, and lack what a CA is to have
  if (notAfter === was && maySignCrls(entry.certificate)) {
    throw new PkiError(
      'ERR_ROTATION',
      `the certificate of "${desired.path}" ends on ${was.toISOString()}, and signed again it would end on ${is.getTime() === was.getTime() ? 'the same' : is.toISOString()}`,
      {
        hint:
          issuer === null
            ? 'it lives as long as its validity says, from now: declare a longer one'
            : `its issuer ends on ${issuer.notAfter.toISOString()}: reissue or rotate that first`,
      },
    );
  }
  return { ...keyset, entries: [{ ...entry, reissue: { notBefore, notAfter } }, ...others] };
}

/** The certificate above; null for a root. Another one than that which signed it needs the stages of a rotation. */
function issuerOf(
  { path, issuer: is }: DesiredAuthority,
  { issuer: was }: ObservedEntry,
  keysetOf: (path: CredentialPath) => ObservedKeyset | undefined,
): CertificateInfo | null {
  if (was === null && is === null) return null;
  const entry = was === null ? undefined : keysetOf(was.keyset)?.entries[0];
  if (was !== null && was.keyset === is && entry?.id === was.id && entry.certificate !== null)
    return entry.certificate;
  throw new PkiError(
    'ERR_ROTATION',
    `"${path}" was signed by ${was === null ? 'itself' : `"${was.keyset}/${was.id}"`}, which does not issue it any more`,
    {
      hint: `what trusts it must learn its new issuer first: cdk8s-pki rotate ${path.replace('/', ' ')}`,
    },
  );
}

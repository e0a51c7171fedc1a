import type { Duration } from 'cdk8s';
import { Construct } from 'constructs';
import { setMark } from './tree/mark.ts';
import { referenceTo } from './tree/place.ts';
import { addProblems, idProblems } from './tree/problems.ts';
import type { KeyAlgorithm, Reference, Rotation, Subject } from './tree/props.ts';
import { rotationFrom, secondsOf, settingsProblems } from './tree/settings.ts';
import { subjectProblems } from './tree/subject.ts';

export interface CertificateAuthorityProps {
  /**
   * Subject; no other authority of the cluster may have the same.
   * @default - the credential's name as common name
   */
  readonly subject?: Subject;
  /**
   * The authority that signs this one's certificate.
   * @default - none: a self-signed root
   */
  readonly issuer?: CertificateAuthority;
  /**
   * How many authorities may follow below this one (RFC 5280 §4.2.1.9).
   * @default - no limit
   */
  readonly pathLength?: number;
  /**
   * Algorithm of its private key.
   * @default - the cluster's
   */
  readonly keyAlgorithm?: KeyAlgorithm;
  /**
   * Time from issue to notAfter.
   * @default - the cluster's caCertificateValidity
   */
  readonly validity?: Duration;
  /**
   * How long before notAfter it is due for rotation; never less than the default, where something is declared that it signs.
   * @default - three soaks and 30 days more than what it signs must be able to live, in whatever cluster: a certificate its validity, an
   * authority until it is due itself and a third of its validity before that; certificateValidity where nothing is declared
   */
  readonly renewBefore?: Duration;
  /**
   * How it is rotated.
   * @default - the cluster's
   */
  readonly rotation?: Rotation;
}

/**
 * A certificate authority: a keyset in the store, rotated in stages and never replaced in one step. Under a Cluster it belongs to
 * the cluster; under the App it is shared by clusters and lies in `_shared`.
 */
export class CertificateAuthority extends Construct {
  constructor(scope: Construct, id: string, props: CertificateAuthorityProps = {}) {
    super(scope, id);
    const { subject, issuer, pathLength, keyAlgorithm } = props;
    const validity = secondsOf(props.validity);
    const renewBefore = secondsOf(props.renewBefore);
    const rotation = rotationFrom(props.rotation);
    setMark(this, {
      kind: 'CertificateAuthority',
      subject,
      issuer,
      pathLength: pathLength ?? null,
      keyAlgorithm,
      validity,
      renewBefore,
      rotation,
      outsideLife: 0,
    });
    addProblems(this, [
      ...idProblems(id),
      ...subjectProblems(subject),
      ...settingsProblems({ keyAlgorithm, validity, renewBefore, rotation }),
      ...(pathLength === undefined || (Number.isSafeInteger(pathLength) && pathLength >= 0)
        ? []
        : ['pathLength is not a whole number of 0 or more']),
    ]);
  }

  /** Every certificate to be trusted, the issuing one first: one, or two during a rotation. */
  get trustBundle(): Reference {
    return referenceTo(this, 'trustBundle');
  }

  /** The certificate that signs now. */
  get certificate(): Reference {
    return referenceTo(this, 'certificate');
  }

  /** The private key of `certificate`. */
  get privateKey(): Reference {
    return referenceTo(this, 'privateKey');
  }
}

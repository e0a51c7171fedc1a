import type { Duration } from 'cdk8s';
import { Construct } from 'constructs';
import type { Canonical } from '../catalog/names/canonical.ts';
import { dnsName } from '../catalog/names/dns.ts';
import { ipAddress } from '../catalog/names/ip.ts';
import { uri } from '../catalog/names/uri.ts';
import type { CertificateAuthority } from './certificate-authority.ts';
import { setMark } from './tree/mark.ts';
import { referenceTo } from './tree/place.ts';
import { addProblems, idProblems } from './tree/problems.ts';
import type { KeyAlgorithm, Reference, RenewalProps, Subject } from './tree/props.ts';
import { renewalFrom, secondsOf, settingsProblems } from './tree/settings.ts';
import { subjectProblems } from './tree/subject.ts';

/** The extended key usages of a certificate; a peer is server and client (etcd). */
export type CertificateProfile = 'server' | 'client' | 'peer';

/** What is not said about its renewal is as the cluster has it. */
export interface CertificateProps extends RenewalProps {
  /** The authority that signs it. */
  readonly issuer: CertificateAuthority;
  readonly profile: CertificateProfile;
  /**
   * Subject. Kubernetes reads the common name as the user and the organizations as the groups.
   * @default - the credential's name as common name
   */
  readonly subject?: Subject;
  /**
   * DNS names; a wildcard may stand for the whole first label. Profiles server and peer need a name or an address.
   * @default - none
   */
  readonly dnsNames?: readonly string[];
  /**
   * IP addresses; an IPv4-mapped IPv6 address is written as IPv4.
   * @default - none
   */
  readonly ipAddresses?: readonly string[];
  /**
   * URIs, for instance SPIFFE ids.
   * @default - none
   */
  readonly uris?: readonly string[];
  /**
   * Time from issue to notAfter.
   * @default - the cluster's certificateValidity
   */
  readonly validity?: Duration;
  /**
   * Algorithm of its private key.
   * @default - the cluster's
   */
  readonly keyAlgorithm?: KeyAlgorithm;
}

const PROFILES: readonly string[] = ['server', 'client', 'peer'] satisfies CertificateProfile[];

/**
 * A certificate with a private key of its own, renewed with a new key before notAfter (X.509 v3, RFC 5280). Its name is the id,
 * or the ids below the cluster joined with `-`.
 */
export class Certificate extends Construct {
  constructor(scope: Construct, id: string, props: CertificateProps) {
    super(scope, id);
    const { issuer, profile, subject, keyAlgorithm } = props;
    const problems: string[] = [];
    const dnsNames = canonical('dnsNames', props.dnsNames, dnsName, problems);
    const ipAddresses = canonical('ipAddresses', props.ipAddresses, ipAddress, problems);
    const uris = canonical('uris', props.uris, uri, problems);
    const validity = secondsOf(props.validity);
    const renewal = renewalFrom(props);
    setMark(this, {
      kind: 'Certificate',
      issuer,
      profile,
      subject,
      dnsNames,
      ipAddresses,
      uris,
      validity,
      renewal,
      keyAlgorithm,
    });
    if (!PROFILES.includes(profile))
      problems.push(`profile "${profile as string}" is not one of ${PROFILES.join(', ')}`);
    const named = [props.dnsNames, props.ipAddresses, props.uris].some((names) => names?.length);
    if (profile !== 'client' && !named)
      problems.push(`profile "${profile}" needs at least one DNS name, IP address or URI`);
    addProblems(this, [
      ...idProblems(id),
      ...problems,
      ...subjectProblems(subject),
      ...settingsProblems({ keyAlgorithm, validity, ...renewal }),
    ]);
  }

  /** The certificate, followed by those of intermediate authorities. */
  get certificate(): Reference {
    return referenceTo(this, 'certificate');
  }

  /** The private key. */
  get privateKey(): Reference {
    return referenceTo(this, 'privateKey');
  }
}

const NONE: readonly string[] = [];

/** Canonical names, each once, DNS names and others alike in the order of declaration. */
function canonical(
  property: string,
  texts: readonly string[] = NONE,
  rule: (text: string) => Canonical,
  problems: string[],
): readonly string[] {
  if (texts.length === 0) return NONE;
  // JavaScript and casts let everything through
  const given: unknown = texts;
  if (!Array.isArray(given) || !given.every((text) => typeof text === 'string')) {
    problems.push(`${property} is not a list of texts`);
    return NONE;
  }
  const values = new Set<string>();
  for (const text of texts) {
    const { value, problem } = rule(text);
    if (value === undefined) problems.push(problem);
    else values.add(value);
  }
  return [...values];
}

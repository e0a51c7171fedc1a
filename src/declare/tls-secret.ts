import { ApiObject } from 'cdk8s';
import { Construct } from 'constructs';
import { isDnsName } from '../catalog/names/dns.ts';
import type { Certificate } from './certificate.ts';
import { markAs } from './tree/mark.ts';
import { nameBelowChart, referenceTo } from './tree/place.ts';
import { addProblems } from './tree/problems.ts';
import type { IConstruct } from 'constructs';

export interface TlsSecretProps {
  readonly certificate: Certificate;
  readonly namespace: string;
  /**
   * metadata.name
   * @default - the id, or the ids below the chart joined with `-`
   */
  readonly name?: string;
  /** @default - none */
  readonly labels?: Readonly<Record<string, string>>;
  /** @default - none */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A Secret of type `kubernetes.io/tls` with `tls.crt`, `tls.key` and, as `ca.crt`, the trust bundle of the issuer. */
export class TlsSecret extends Construct {
  constructor(scope: Construct, id: string, props: TlsSecretProps) {
    super(scope, id);
    const { certificate, namespace, name = nameBelowChart(this), labels, annotations } = props;
    const mark = markAs(certificate, 'Certificate');
    if (!isDnsName(name)) addProblems(this, [`"${name}" is not a name of a Secret`]);
    if (mark === undefined || markAs(mark.issuer, 'CertificateAuthority') === undefined) {
      addProblems(this, ['certificate is not a Certificate with an issuer']);
      return;
    }
    new ApiObject(this, 'Resource', {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        name,
        namespace,
        ...(labels === undefined ? {} : { labels }),
        ...(annotations === undefined ? {} : { annotations }),
      },
      type: 'kubernetes.io/tls',
      data: {
        'ca.crt': referenceTo(mark.issuer as IConstruct, 'trustBundle').base64,
        'tls.crt': certificate.certificate.base64,
        'tls.key': certificate.privateKey.base64,
      },
    });
  }
}

import { Construct } from 'constructs';
import { setMark } from './tree/mark.ts';
import { referenceTo } from './tree/place.ts';
import { addProblems, idProblems } from './tree/problems.ts';
import type { KeyAlgorithm, Reference } from './tree/props.ts';
import { settingsProblems } from './tree/settings.ts';

export interface ServiceAccountKeyProps {
  /**
   * Algorithm of the private key; not Ed25519, which kube-apiserver cannot sign tokens with.
   * @default - the cluster's
   */
  readonly keyAlgorithm?: KeyAlgorithm;
}

/** The key pair that signs service-account tokens: a keyset without certificates. */
export class ServiceAccountKey extends Construct {
  constructor(scope: Construct, id: string, props: ServiceAccountKeyProps = {}) {
    super(scope, id);
    const { keyAlgorithm } = props;
    setMark(this, { kind: 'ServiceAccountKey', keyAlgorithm });
    addProblems(this, [...idProblems(id), ...settingsProblems({ keyAlgorithm })]);
  }

  /** Every public key whose tokens are accepted, the signing one first (PEM `PUBLIC KEY`). */
  get publicKeys(): Reference {
    return referenceTo(this, 'publicKeys');
  }

  /** The key that signs now. */
  get privateKey(): Reference {
    return referenceTo(this, 'privateKey');
  }
}

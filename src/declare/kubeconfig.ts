import type { Duration } from 'cdk8s';
import { Construct } from 'constructs';
import { DEFAULTS } from '../catalog/defaults.ts';
import { serverUrl } from '../catalog/names/endpoint.ts';
import { setMark } from './tree/mark.ts';
import { referenceTo } from './tree/place.ts';
import { addProblems, idProblems } from './tree/problems.ts';
import type { Reference, RenewalProps } from './tree/props.ts';
import { renewalFrom, secondsOf, settingsProblems } from './tree/settings.ts';
import { subjectProblems } from './tree/subject.ts';

/** What is not said about its renewal is as the cluster has it. */
export interface KubeconfigProps extends RenewalProps {
  /** The user's name: common name of the client certificate. */
  readonly user: string;
  /**
   * Groups: organizations of the client certificate. Not `system:masters`.
   * @default - none
   */
  readonly groups?: readonly string[];
  /**
   * URL of the API server.
   * @default - the control-plane endpoint of the cluster
   */
  readonly server?: string;
  /**
   * Time from issue to notAfter of the client certificate.
   * @default - the cluster's certificateValidity
   */
  readonly validity?: Duration;
}

/** A kubeconfig with a client certificate of the cluster's `ca`, written to `<cluster>/kubeconfigs/<id>.conf`. */
export class Kubeconfig extends Construct {
  constructor(scope: Construct, id: string, props: KubeconfigProps) {
    super(scope, id);
    const { user, groups = [] } = props;
    const server =
      props.server === undefined ? undefined : serverUrl(props.server, DEFAULTS.apiServerPort);
    const validity = secondsOf(props.validity);
    const renewal = renewalFrom(props);
    setMark(this, {
      kind: 'Kubeconfig',
      user,
      groups,
      server: server?.value,
      validity,
      renewal,
    });
    addProblems(this, [
      ...idProblems(id),
      ...subjectProblems({ commonName: user, organizations: groups }),
      ...(server?.problem === undefined ? [] : [`server ${server.problem}`]),
      ...settingsProblems({ validity, ...renewal }),
    ]);
  }

  /** The whole kubeconfig; private material. */
  get content(): Reference {
    return referenceTo(this, 'content');
  }
}

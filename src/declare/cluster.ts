import { Chart, type ApiObject } from 'cdk8s';
import { chartName } from '../catalog/names/tree-name.ts';
import type { App } from './app.ts';
import { setMark } from './tree/mark.ts';
import { nameBelowChart } from './tree/place.ts';
import { addProblems, idProblems } from './tree/problems.ts';
import type { Defaults } from './tree/props.ts';
import { settingsFrom, settingsProblems } from './tree/settings.ts';

export interface ClusterProps extends Defaults {
  /**
   * Custodians of this cluster, instead of the App's.
   * @default - the App's
   */
  readonly recipients?: readonly string[];
  /**
   * They open this cluster's manifests, instead of the App's.
   * @default - the App's
   */
  readonly deliveryRecipients?: readonly string[];
  /**
   * Namespace of objects that name none.
   * @default - none
   */
  readonly namespace?: string;
}

/**
 * A cluster: one folder of the tree, with its own store, and a chart whose objects are applied in it. Its id is the folder's
 * name, a DNS label (RFC 1123). Objects are named by their ids below the chart, without a hash.
 */
export class Cluster extends Chart {
  constructor(scope: App, id: string, props: ClusterProps = {}) {
    super(scope, id, {
      disableResourceNameHashes: true,
      ...(props.namespace === undefined ? {} : { namespace: props.namespace }),
    });
    const settings = settingsFrom(props);
    setMark(this, {
      kind: 'Cluster',
      recipients: props.recipients && [...props.recipients],
      deliveryRecipients: props.deliveryRecipients && [...props.deliveryRecipients],
      settings,
      kubeadm: null,
    });
    const name = chartName(id);
    addProblems(this, [
      ...idProblems(id),
      ...(name.problem === undefined ? [] : [name.problem]),
      ...settingsProblems(settings),
    ]);
  }

  /** The ids of an object below this chart, joined with `-`. */
  override generateObjectName(apiObject: ApiObject): string {
    return nameBelowChart(apiObject);
  }
}

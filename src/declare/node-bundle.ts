import { Construct } from 'constructs';
import { nodeName } from '../catalog/names/tree-name.ts';
import { setMark } from './tree/mark.ts';
import { addProblems, idProblems } from './tree/problems.ts';
import type { BundleFile } from './tree/props.ts';

export interface NodeBundleProps {
  /**
   * They open this bundle and nothing else, besides the custodians: the node's own identity.
   * @default - custodians only
   */
  readonly recipients?: readonly string[];
  /** Files by their path from the node's root, without a leading slash: `etc/kubernetes/pki/ca.crt`. */
  readonly files: Readonly<Record<string, BundleFile>>;
}

/**
 * The files of one node, written to `<cluster>/nodes/<id>/`. Credentials that are declared below it belong to the node: they are
 * named and renewed by it. The manifest of a Pod below `etc/kubernetes/manifests/` that reads other files of the bundle gets the
 * annotation `cdk8s-pki/files`, a hash of what they hold, so that the kubelet restarts the pod when one of them changes: those that
 * arguments and environment of its containers name, and those in mounts of which they name nothing.
 */
export class NodeBundle extends Construct {
  constructor(scope: Construct, id: string, props: NodeBundleProps) {
    super(scope, id);
    // Read late, and not kept: thousands of nodes have dozens of files each.
    const files = (): NodeBundleProps['files'] => props.files;
    const { recipients = [] } = props;
    setMark(this, { kind: 'NodeBundle', node: id, recipients, etcdMember: null, files });
    const name = nodeName(id);
    addProblems(this, [...idProblems(id), ...(name.problem === undefined ? [] : [name.problem])]);
  }
}

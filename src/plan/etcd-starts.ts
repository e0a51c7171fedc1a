import type { DesiredBundle } from '../model/desired.ts';
import type { EtcdStart } from '../model/made/etcd.ts';

/**
 * How each member of a cluster's etcd starts. What is in the tree stays: a member that joins or leaves changes no other's manifest,
 * and restarts none. Members of a new cluster start together, in state `new`; one that is added later joins those that are there and
 * those that were added before it, in the order of the declaration, as etcd takes them one by one.
 */
export function etcdStarts(
  bundles: readonly Pick<DesiredBundle, 'node' | 'etcdMember'>[],
  observed: ReadonlyMap<string, EtcdStart>,
): Map<string, EtcdStart> {
  const members = bundles.flatMap(({ node, etcdMember }) =>
    etcdMember === null ? [] : [{ node, text: `${etcdMember.name}=${etcdMember.peerUrl}` }],
  );
  const isNew = !members.some(({ node }) => observed.has(node));
  const joined = members.filter(({ node }) => isNew || observed.has(node));
  return new Map(
    members.map((member): [string, EtcdStart] => {
      if (!joined.includes(member)) joined.push(member);
      const start = {
        initialCluster: joined.map(({ text }) => text).join(','),
        initialClusterState: isNew ? 'new' : 'existing',
      };
      return [member.node, observed.get(member.node) ?? start];
    }),
  );
}

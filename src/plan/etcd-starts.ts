import type { DesiredBundle } from '../model/desired.ts';
import type { EtcdStart } from '../model/made/etcd.ts';

/**
 * How each member of a cluster's etcd starts. What is in the tree stays: a member that joins or leaves changes no other's manifest,
 * and restarts none. Members of a new cluster start together, in state `new`; one that is added later joins those that are there and
 * those that were added before it, in the order of the declaration, as etcd takes them one by one. A member with another address is
 * one that is added: its old list would not hold it.
 */
export function etcdStarts(
  bundles: readonly Pick<DesiredBundle, 'node' | 'etcdMember'>[],
  observed: ReadonlyMap<string, EtcdStart>,
): Map<string, EtcdStart> {
  const members = bundles.flatMap(({ node, etcdMember }) =>
    etcdMember === null ? [] : [{ node, text: `${etcdMember.name}=${etcdMember.peerUrl}` }],
  );
  const holds = ({ node, text }: (typeof members)[number]): boolean =>
    observed.get(node)?.initialCluster.split(',').includes(text) ?? false;
  const isNew = !members.some(holds);
  const joined = members.filter((member) => isNew || holds(member));
  return new Map(
    members.map((member): [string, EtcdStart] => {
      if (!joined.includes(member)) joined.push(member);
      const start = {
        initialCluster: joined.map(({ text }) => text).join(','),
        initialClusterState: isNew ? 'new' : 'existing',
      };
      return [member.node, (holds(member) ? observed.get(member.node) : undefined) ?? start];
    }),
  );
}

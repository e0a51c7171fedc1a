import { domainOf } from '../../catalog/rotation/domain.ts';
import type { DesiredCluster, DesiredLeaf, DesiredUnit, JsonValue } from '../../model/desired.ts';
import type { CredentialPath } from '../../model/names.ts';
import type { Revocation, RevocationStatus } from '../../model/store/revocations.ts';

/** What the certificates of a unit's leaves that are revoked now still are, by their authority. */
export function revocationStatuses(
  { clusters }: DesiredUnit,
  revocations: ReadonlyMap<CredentialPath, readonly Revocation[]>,
): RevocationStatus[] {
  return [...revocations].flatMap(([authority, entries]) =>
    entries.flatMap(({ credential, serialNumber, notAfter }): RevocationStatus[] => {
      const cluster = clusters.find(({ leaves }) => leaves.some(({ path }) => path === credential));
      const leaf = cluster?.leaves.find(({ path }) => path === credential);
      if (cluster === undefined || leaf === undefined) return [];
      const { commonName: user = '', organizations: groups = [] } = leaf.subject;
      return [
        {
          credential,
          serialNumber,
          notAfter,
          authority,
          domain: domainOf(cluster, { kind: 'CertificateAuthority', path: authority }),
          profile: leaf.profile,
          user,
          groups,
          bindings: bindingsOf(cluster, leaf),
          hasHttpListener: cluster.bundles.some(({ files }) =>
            files.some(({ content }) => content.includes(HTTP_LISTENER)),
          ),
        },
      ];
    }),
  );
}

const HTTP_LISTENER = 'listen-client-http-urls';

/** The bindings, among the cluster's manifests, of a user or of one of its groups; with other leaves that have their rights of them. */
function bindingsOf(
  { manifests, leaves }: DesiredCluster,
  { name, subject }: DesiredLeaf,
): string[] {
  const { commonName: user = '', organizations: groups = [] } = subject;
  const names = new Set([`User ${user}`, ...groups.map((group) => `Group ${group}`)]);
  const others = (bound: string): string => {
    const sharing = leaves
      .filter(({ subject: { organizations = [] } }) =>
        organizations.some((group) => bound === `Group ${group}`),
      )
      .map((leaf) => leaf.name)
      .filter((other) => other !== name);
    return sharing.length === 0 ? '' : `, also of ${[...new Set(sharing)].join(', ')}`;
  };
  return manifests.flatMap(({ template }) => {
    const kind = text(template['kind']);
    if (kind !== 'ClusterRoleBinding' && kind !== 'RoleBinding') return [];
    const { subjects, metadata } = template;
    return (Array.isArray(subjects) ? (subjects as readonly JsonValue[]) : [])
      .map((bound) => `${text(field(bound, 'kind'))} ${text(field(bound, 'name'))}`)
      .filter((bound) => names.has(bound))
      .map((bound) => `${kind} ${text(field(metadata, 'name'))} (${bound}${others(bound)})`);
  });
}

const field = (value: JsonValue | undefined, name: string): JsonValue | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, JsonValue>>)[name]
    : undefined;

const text = (value: JsonValue | undefined): string => (typeof value === 'string' ? value : '');

import { domainOf } from '../../catalog/rotation/domain.ts';
import type { DesiredCluster, DesiredUnit, JsonValue } from '../../model/desired.ts';
import { credentialParts, type CredentialPath, type Subject } from '../../model/names.ts';
import type { RequestedRevocation, RevocationStatus } from '../../model/store/revocations.ts';
import { EXTENDED_KEY_USAGES } from '../../model/x509.ts';

/** What the certificates of a unit's leaves that are revoked now still are, by their authority. */
export function revocationStatuses(
  { clusters }: DesiredUnit,
  revocations: ReadonlyMap<CredentialPath, readonly RequestedRevocation[]>,
): RevocationStatus[] {
  return [...revocations].flatMap(([authority, entries]) =>
    entries.flatMap(({ credential, serialNumber, notAfter, certificate }): RevocationStatus[] => {
      const parts = credentialParts(credential);
      const cluster = clusters.find(({ name }) => name === parts.cluster);
      if (cluster === undefined) return [];
      const { commonName: user = '', organizations: groups = [] } = certificate.subject;
      return [
        {
          credential,
          serialNumber,
          notAfter,
          authority,
          isDeclared: cluster.leaves.some(({ path }) => path === credential),
          domain: domainOf(cluster, { kind: 'CertificateAuthority', path: authority }),
          profile: profileOf(certificate),
          user,
          groups,
          bindings: bindingsOf(cluster, credential, certificate.subject),
          hasHttpListener: cluster.bundles.some(({ files }) =>
            files.some(({ content }) => content.includes(HTTP_LISTENER)),
          ),
        },
      ];
    }),
  );
}

/** A leaf's, by its key purposes; of one that has others, the one that may do most. */
function profileOf({
  extendedKeyUsages,
}: RequestedRevocation['certificate']): RevocationStatus['profile'] {
  const has = new Set(extendedKeyUsages);
  const isOnly = (profile: 'client' | 'server'): boolean =>
    has.size === 1 && EXTENDED_KEY_USAGES[profile].every((usage) => has.has(usage));
  if (isOnly('client')) return 'client';
  return isOnly('server') ? 'server' : 'peer';
}

const HTTP_LISTENER = 'listen-client-http-urls';

/** The bindings, among the cluster's manifests, of a user or of one of its groups; with other leaves that have their rights of them. */
function bindingsOf(
  { manifests, leaves }: DesiredCluster,
  credential: CredentialPath,
  { commonName: user = '', organizations: groups = [] }: Subject,
): string[] {
  const names = new Set([`User ${user}`, ...groups.map((group) => `Group ${group}`)]);
  const others = (bound: string): string => {
    const sharing = leaves
      .filter(
        ({ path, subject: { organizations = [] } }) =>
          path !== credential && organizations.some((group) => bound === `Group ${group}`),
      )
      .map(({ name }) => name);
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

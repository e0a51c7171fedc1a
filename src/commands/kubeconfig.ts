import { load } from 'js-yaml';
import { LONGEST_KUBECONFIG } from '../catalog/defaults.ts';
import { UNRESTRICTED_GROUP } from '../catalog/kubeconfigs.ts';
import { EXIT, PkiError } from '../errors.ts';
import { issue } from '../issue/issue.ts';
import { parseDuration } from '../model/store/duration.ts';
import { layout } from '../model/store/layout.ts';
import type { DesiredLeaf } from '../model/desired.ts';
import type { Material } from '../model/made/material.ts';
import { credentialParts, credentialPath, treePath, type Seconds } from '../model/names.ts';
import type { ObservedKeyset, ObservedLeaf } from '../model/observed.ts';
import { listStore } from '../observe/cluster.ts';
import { observeKeyset } from '../observe/keyset.ts';
import { observeLeaf } from '../observe/leaf.ts';
import { keysetMaterial, leafMaterial } from '../render/material.ts';
import { kubeconfigText } from '../render/output/kubeconfig.ts';
import { nativeCipher } from '../sops/cipher.ts';
import { readPrivateKey } from '../x509/read/key.ts';
import type { Invocation } from './command.ts';
import { SYSTEM_ENTROPY } from './pipeline/ports.ts';
import { nameHints } from '../catalog/names/suggest.ts';
import { openKeys } from './pipeline/unit/open.ts';
import { NOTHING_FOREIGN } from './pipeline/context.ts';
import { findIdentities } from './pipeline/identities.ts';
import { openTree, type OpenTree } from './input/tree.ts';

const HOUR: Seconds = 3600;
const DEFAULT_VALIDITY: Seconds = 8 * HOUR;

const BREAK_GLASS: Identity = {
  user: 'kubernetes-super-admin',
  groups: [UNRESTRICTED_GROUP],
  validity: HOUR,
};

interface Identity {
  readonly user: string;
  readonly groups: readonly string[];
  readonly validity: Seconds;
}

/**
 * Prints a short-lived kubeconfig on standard output and stores nothing. Works from the tree alone: whoever needs it in an outage
 * must not depend on a declaration that runs.
 */
export async function run(invocation: Invocation): Promise<number> {
  const { environment, output, options } = invocation;
  const identity = identityOf(options);
  const now = options.now ?? new Date();
  const cluster = invocation.arguments[0] ?? '';
  const tree = openTree(invocation);
  const { administrator, keyset } = observeClient(tree, cluster);
  const identities = await findIdentities(environment);
  if (identities.list.length === 0) {
    throw new PkiError('ERR_IDENTITY_NEEDED', `the key of CA "${keyset.path}" signs it`, {
      hint: 'set SOPS_AGE_KEY_FILE to the identity file of a custodian',
    });
  }
  const keysets = new Map([[keyset.path, keyset]]);
  const [privateKey = ''] = (
    await openKeys(
      [keyset.path],
      { clusters: new Map(), foreign: { ...NOTHING_FOREIGN, keysets }, reader: tree.reader },
      nativeCipher(identities),
    )
  ).values();
  const desired = leafOf(cluster, identity, administrator);
  const [issuing] = keyset.entries;
  if (!issuing?.certificate) throw new TypeError('a keyset has an issuing entry');
  const { id, certificate } = issuing;
  const { leaves } = await issue(
    { create: [], issue: [{ desired, reason: 'Requested' }] },
    new Map([[keyset.path, { id, certificate, privateKey: readPrivateKey(privateKey) }]]),
    { now, ...SYSTEM_ENTROPY },
  );
  const authority: Material = new Map([
    [keyset.path, keysetMaterial(keyset.kind, keyset, new Map())],
  ]);
  const text = leaves.map((leaf) =>
    kubeconfigText(desired.path, {
      privateKeys: new Map([[desired.path, leaf.privateKey]]),
      material: new Map([...authority, [desired.path, leafMaterial(desired, leaf, authority)]]),
    }),
  );
  output.line(text.join('').trimEnd());
  const until = leaves.map((leaf) => leaf.certificate.notAfter.toISOString()).join();
  if (options.breakGlass === true) {
    output.note(
      `cdk8s-pki: warning: this kubeconfig is in ${UNRESTRICTED_GROUP}: no RBAC limits it, and nothing can revoke it before ${until}`,
    );
  }
  return EXIT.ok;
}

/** Whom the options ask for. @throws PkiError `ERR_USAGE` */
function identityOf(options: Invocation['options']): Identity {
  const { user, group = [], validity, breakGlass = false } = options;
  if (breakGlass) {
    if (user === undefined && group.length === 0 && validity === undefined) return BREAK_GLASS;
    throw new PkiError('ERR_USAGE', '--break-glass goes without --user, --group and --validity', {
      hint: `it is always ${BREAK_GLASS.user} in ${UNRESTRICTED_GROUP}, for one hour`,
    });
  }
  if (user === undefined || user === '') {
    throw new PkiError('ERR_USAGE', 'a kubeconfig is for somebody: --user is missing');
  }
  const odd = [user, ...group].find((name) => !/^(?=\S)[^\p{Cc}]{1,64}(?<=\S)$/u.test(name));
  if (odd !== undefined) {
    throw new PkiError('ERR_USAGE', `${JSON.stringify(odd)} is not a name of a user or group`, {
      hint: 'names have 1 to 64 characters, no control characters and no white space at their ends',
    });
  }
  if (group.includes(UNRESTRICTED_GROUP)) {
    throw new PkiError(
      'ERR_USAGE',
      `group "${UNRESTRICTED_GROUP}" passes by RBAC and cannot be revoked`,
      {
        hint: 'bind a group of your own to a role; in an emergency: cdk8s-pki kubeconfig CLUSTER --break-glass',
      },
    );
  }
  const seconds = validity === undefined ? DEFAULT_VALIDITY : parseDuration(validity);
  if (seconds === undefined || seconds <= 0 || seconds > LONGEST_KUBECONFIG) {
    throw new PkiError('ERR_USAGE', `--validity "${validity ?? ''}" is not a duration up to 24h`, {
      hint: 'write hours, minutes and seconds such as 8h or 1h30m; declare a Kubeconfig for a longer life',
    });
  }
  return { user, groups: group, validity: seconds };
}

/** How clients reach a cluster and who issues their certificates: what its own administrator's kubeconfig says. */
function observeClient(
  { reader, tree, clusters }: OpenTree,
  cluster: string,
): {
  readonly administrator: {
    readonly server: string;
    readonly clusterName: string;
    readonly leaf: ObservedLeaf;
  };
  readonly keyset: ObservedKeyset;
} {
  if (!clusters.includes(cluster)) {
    throw new PkiError('ERR_USAGE', `there is no cluster "${cluster}" in the tree`, {
      hint: nameHints(cluster, 'clusters', clusters),
    });
  }
  const path = listStore(reader, tree, cluster).leaves.find((leaf) => {
    const { node, name } = credentialParts(leaf);
    return node !== null && name === 'admin.conf';
  });
  const keysetOf = (keyset: ObservedKeyset['path']): ObservedKeyset | undefined =>
    observeKeyset(reader, tree, keyset);
  const leaf = path && observeLeaf(reader, tree, path, keysetOf);
  const keyset = leaf && 'issuer' in leaf ? keysetOf(leaf.issuer.keyset) : undefined;
  const client = path && readClient({ reader, tree, clusters }, path);
  if (!leaf || !('issuer' in leaf) || keyset === undefined || client === undefined) {
    throw new PkiError(
      'ERR_STORE',
      `cluster "${cluster}" has no admin.conf to take the server from`,
      {
        hint: 'only a KubeadmCluster whose tree is complete and sound has one: cdk8s-pki synth',
      },
    );
  }
  return { administrator: { ...client, leaf }, keyset };
}

/** Undefined for what is no YAML: it says nothing of the server. What a parser says quotes the text. */
function parseYaml(text: string): unknown {
  try {
    return load(text, { maxAliases: 0 });
  } catch {
    return undefined;
  }
}

/** Server and cluster name out of the clear part of an administrator's kubeconfig. */
function readClient(
  { reader, tree }: OpenTree,
  path: ObservedLeaf['path'],
): { readonly server: string; readonly clusterName: string } | undefined {
  const { cluster, node } = credentialParts(path);
  const file = treePath(layout.node(tree, cluster, node ?? ''), 'etc/kubernetes/admin.conf');
  const document = parseYaml(Buffer.from(reader.read(file) ?? '{}').toString('utf8'));
  const clusters: unknown =
    typeof document === 'object' && document !== null && 'clusters' in document
      ? document.clusters
      : [];
  const first: unknown = Array.isArray(clusters) ? clusters[0] : undefined;
  if (typeof first !== 'object' || first === null) return undefined;
  const { name, cluster: target } = first as { name?: unknown; cluster?: { server?: unknown } };
  const server = target?.server;
  return typeof name === 'string' && typeof server === 'string'
    ? { clusterName: name, server }
    : undefined;
}

function leafOf(
  cluster: string,
  { user, groups, validity }: Identity,
  { server, clusterName, leaf }: ReturnType<typeof observeClient>['administrator'],
): DesiredLeaf {
  const path = credentialPath(cluster, null, user);
  return {
    kind: 'Kubeconfig',
    path,
    cluster,
    node: null,
    name: user,
    constructPath: path,
    keyAlgorithm: leaf.certificate.keyAlgorithm ?? 'ECDSA-P256',
    issuer: leaf.issuer.keyset,
    profile: 'client',
    subject: { commonName: user, organizations: groups },
    dnsNames: [],
    ipAddresses: [],
    uris: [],
    validity,
    renewBefore: 0,
    jitter: 0,
    renewBeforePercentage: null,
    renewalWindows: [],
    kubeconfig: { server, clusterName, user },
  };
}

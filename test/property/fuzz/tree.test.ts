import { readCluster } from '../../../src/commands/check/tree.ts';
import { readPolicies } from '../../../src/commands/check/policies.ts';
import { fleetFiles } from '../../../src/render/fleet/files.ts';
import { observeKeyset } from '../../../src/observe/keyset.ts';
import { observeLeafValidity } from '../../../src/observe/leaf-validity.ts';
import { observeLeaf } from '../../../src/observe/leaf.ts';
import { observeLedger } from '../../../src/observe/ledger.ts';
import { observeEtcdMembers } from '../../../src/observe/nodes/etcd-member.ts';
import { observeMade, observeProjections } from '../../../src/observe/output.ts';
import { treePath, type CredentialPath } from '../../../src/model/names.ts';
import { fleet } from '../../_helpers/desired.ts';
import { MemoryTree, synth } from '../../_helpers/repository.ts';
import { BASE64, JSON_TEXT, LINES, OCTETS, PEM, type Mutation } from './_mutate.ts';
import { fuzz, REFUSED } from './_run.ts';
import { buffers, CLUSTER, IDENTITY, paths, scanner, tree, UNIT } from './_seeds.ts';

const TEXT: readonly Mutation[] = [...OCTETS, ...LINES, ...LINES, BASE64];
const DOCUMENT: readonly Mutation[] = [...TEXT, PEM];
const secrets = [IDENTITY];
const LEAF = 'deploy/prod/pki/web.sops.yaml';
const KEYSET = 'deploy/prod/pki/ca/keyset.yaml';
const FOLDER = treePath('deploy/prod');

/** A tree with this content at one path; whatever reads it must leave it as it is. */
function reading<T>(path: string, content: Buffer, read: (damaged: MemoryTree) => T): T {
  const damaged = tree().write(path, content);
  const before = new Map(damaged.files);
  const result = read(damaged);
  const same =
    before.size === damaged.files.size &&
    [...before].every(([file, octets]) => damaged.files.get(file) === octets);
  if (!same) throw new TypeError('what only reads wrote');
  return result;
}

const ca = 'prod/ca' as CredentialPath;
const web = 'prod/web' as CredentialPath;

fuzz({
  title: 'a leaf document is read or unreadable',
  seeds: buffers(/prod\/pki\/web\.sops\.yaml$/u),
  mutations: DOCUMENT,
  cases: 3000,
  refused: 0.3,
  accepted: 0.05,
  secrets,
  scanner,
  run: (input) =>
    reading(LEAF, input, (damaged) => {
      const leaf = observeLeaf(damaged, 'deploy', web, (path) =>
        observeKeyset(tree(), 'deploy', path),
      );
      if (leaf === undefined || 'unreadable' in leaf) return REFUSED;
      return observeLeafValidity(damaged, 'deploy', web);
    }),
});

fuzz({
  title: 'a keyset and its statement',
  seeds: buffers(/pki\/ca\/keyset\.yaml$/u),
  mutations: TEXT,
  cases: 2000,
  refused: 0.5,
  accepted: 0.02,
  secrets,
  scanner,
  run: (input) => reading(KEYSET, input, (damaged) => observeKeyset(damaged, 'deploy', ca)),
});

const ENTRY = paths(/pki\/ca\/[0-9a-f]{16}\.sops\.yaml$/u)[0] ?? '';
fuzz({
  title: 'an entry of a keyset',
  seeds: buffers(/pki\/ca\/[0-9a-f]{16}\.sops\.yaml$/u),
  mutations: DOCUMENT,
  cases: 2000,
  refused: 0.4,
  accepted: 0.05,
  secrets,
  scanner,
  run: (input) => reading(ENTRY, input, (damaged) => observeKeyset(damaged, 'deploy', ca)),
});

fuzz({
  title: 'the ledger',
  seeds: buffers(/^deploy\/authorities\.yaml$/u),
  mutations: TEXT,
  cases: 1000,
  refused: 0.4,
  accepted: 0.05,
  run: (input) =>
    reading('deploy/authorities.yaml', input, (damaged) => observeLedger(damaged, 'deploy')),
});

fuzz({
  title: 'an inventory',
  seeds: buffers(/inventory\.json$/u),
  mutations: [...TEXT, JSON_TEXT, JSON_TEXT, JSON_TEXT],
  cases: 1500,
  refused: 0.2,
  accepted: 0.2,
  run: (input) =>
    reading('deploy/prod/inventory.json', input, (damaged) => {
      for (const path of observeMade(damaged, FOLDER))
        if (!/^deploy\/prod\/(?!pki\/)[^\0]+$/u.test(path) || /(?:^|\/)\.{0,2}(?:\/|$)/u.test(path))
          throw new TypeError(`would delete ${path}`);
      return readPolicies(damaged, 'deploy', 'prod');
    }),
});

const ETCD = 'deploy/prod/nodes/cp-1/etc/kubernetes/manifests/etcd.yaml';
fuzz({
  title: 'the manifest of a member of etcd',
  seeds: buffers(/manifests\/etcd\.yaml$/u),
  mutations: TEXT,
  cases: 1000,
  refused: 0.1,
  accepted: 0.2,
  run: (input) =>
    reading(ETCD, input, (damaged) =>
      observeEtcdMembers(damaged, 'deploy', 'prod', CLUSTER.bundles),
    ),
});

const BUNDLE = 'deploy/prod/nodes/cp-1/bundle.yaml';
fuzz({
  title: 'the list of a node’s files',
  seeds: buffers(/cp-1\/bundle\.yaml$/u),
  mutations: TEXT,
  cases: 1000,
  refused: 0.1,
  accepted: 0.1,
  run: (input) =>
    reading(BUNDLE, input, (damaged) =>
      observeProjections(damaged, treePath('deploy/prod/nodes/cp-1')),
    ),
});

fuzz({
  title: '.sops.yaml and .gitattributes',
  seeds: buffers(/^\.(?:sops\.yaml|gitattributes)$/u),
  mutations: TEXT,
  cases: 1000,
  refused: 0,
  accepted: 0.3,
  run: (input) => {
    const text = input.toString('utf8');
    const once = fleetFiles(fleet([CLUSTER]), { sops: text, attributes: text });
    const [sops, attributes] = once.map(({ content }) => content);
    const twice = fleetFiles(fleet([CLUSTER]), { sops: sops ?? '', attributes: attributes ?? '' });
    if (JSON.stringify(once) !== JSON.stringify(twice))
      throw new TypeError('a second run writes again');
    return once;
  },
});

const EVERY = paths(/(?:)/u);
fuzz({
  title: 'plan and check over a tree in which any file is damaged',
  seeds: EVERY.map((path) => Buffer.from(`${path}\0${tree().text(path)}`)),
  mutations: [
    (random, input, others) => {
      const at = input.indexOf(0) + 1;
      const [path, content] = [input.subarray(0, at), input.subarray(at)];
      const contents = others.map((other) => other.subarray(other.indexOf(0) + 1));
      return Buffer.concat([
        path,
        random.pick([...DOCUMENT, JSON_TEXT])(random, content, contents),
      ]);
    },
  ],
  cases: 1000,
  refused: 0.5,
  accepted: 0.01,
  secrets,
  scanner,
  run: async (input) => {
    const at = input.indexOf(0);
    const damaged = tree().write(input.subarray(0, at).toString(), input.subarray(at + 1));
    const before = new Map(damaged.files);
    readCluster(damaged, 'deploy', 'prod');
    const { actions, files } = await synth(damaged, { units: [UNIT] }, 'plan');
    if (
      [...before].some(([file, octets]) => damaged.files.get(file) !== octets) ||
      before.size !== damaged.files.size
    )
      throw new TypeError('what only reads wrote');
    return actions.length + files.length > 0 ? REFUSED : undefined;
  },
});

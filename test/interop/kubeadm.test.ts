import { createPrivateKey, X509Certificate } from 'node:crypto';
import test from 'ava';
import { load } from 'js-yaml';
import {
  bundleFiles,
  bundleFolder,
  fromBase64,
  NODES,
  record,
  type NodePlace,
} from '../_helpers/fleet-tree.ts';
import { Fleet } from '../_helpers/fleet.ts';
import { kubeadmConfig, NodeRoot } from '../_helpers/node-root.ts';
import { toolTest } from '../_helpers/tool-test.ts';

const kubeadmTest = toolTest(['kubeadm', 'sops', 'age-keygen'], { serial: true });
/** The one file that `kubeadm init` adds: a bundle has no credential that passes every authorization check. */
const ADDED = 'super-admin.conf';

let fleet: Fleet;
const roots = new Map<NodePlace, NodeRoot>();

test.before(async () => {
  fleet = await Fleet.create();
  for (const place of NODES) {
    roots.set(place, await NodeRoot.installed(fleet, place, `root-${place.node}`));
  }
});
test.after.always(() => {
  fleet.remove();
});

function rootOf(place: NodePlace): NodeRoot {
  const root = roots.get(place);
  if (root === undefined) throw new Error(`${place.node} is not installed`);
  return root;
}

kubeadmTest('a bundle lists every file of its folder, with the permissions of kubeadm', (t) => {
  for (const place of NODES) {
    const folder = bundleFolder(place);
    const listed = bundleFiles(fleet, place);
    t.deepEqual(
      [...listed.map(({ path }) => folder + path), `${folder}/bundle.yaml`].sort(),
      fleet.files(folder),
    );
    const pki = listed.filter(({ path }) =>
      /^\/etc\/kubernetes\/(?:pki\/.+|[^/]+\.conf)$/u.test(path),
    );
    t.is(pki.length, 25);
    t.is(pki.filter(({ format }) => format === 'plain').length, 12);
    t.deepEqual([...new Set(listed.map(({ owner }) => owner))], ['root:root']);
  }
});

kubeadmTest(
  'a bundle has the files that kubeadm makes from an equal configuration, with equal names and permissions',
  async (t) => {
    for (const place of NODES) {
      const ours = rootOf(place);
      const theirs = new NodeRoot(fleet, `kubeadm-${place.node}`);
      for (const phase of ['certs', 'kubeconfig']) {
        const { status, stderr } = await theirs.kubeadm(
          ['init', 'phase', phase, 'all'],
          kubeadmConfig(place),
        );
        t.is(status, 0, stderr.toString());
      }
      const withheld = ['pki/etcd/ca.key', 'pki/front-proxy-ca.key', ADDED];
      const own = ['pki/cluster-signing-ca.crt'];
      const common = ours
        .files()
        .filter((file) => !own.includes(file) && !file.startsWith('manifests/'));
      t.deepEqual([...common, ...withheld].sort(), theirs.files());
      t.is(common.length, 24);
      for (const file of common) {
        const name = `${place.node}: ${file}`;
        t.is(ours.mode(file), theirs.mode(file), name);
        t.deepEqual(described(file, ours.read(file)), described(file, theirs.read(file)), name);
      }
    }
  },
);

/** What a file says apart from keys, dates and numbers that differ each time. */
function described(file: string, content: string): unknown {
  if (file.endsWith('.crt')) return describedCertificate(content);
  if (file.endsWith('.conf')) {
    const document = record(load(content));
    const [{ cluster, ...clusterRest }] = document['clusters'] as [Record<string, unknown>];
    const [{ user, ...userRest }] = document['users'] as [Record<string, unknown>];
    const { 'certificate-authority-data': ca, ...clusterFields } = record(cluster);
    const { 'client-certificate-data': crt, 'client-key-data': key, ...userFields } = record(user);
    return {
      ...document,
      clusters: [clusterRest, clusterFields, describedCertificate(fromBase64(ca))],
      users: [
        userRest,
        userFields,
        describedCertificate(fromBase64(crt)),
        describedKey(fromBase64(key)),
      ],
    };
  }
  return file.endsWith('.key') ? describedKey(content) : content.split('\n', 1);
}

function describedKey(pem: string): unknown {
  const { asymmetricKeyType, asymmetricKeyDetails } = createPrivateKey(pem);
  const { namedCurve, modulusLength } = asymmetricKeyDetails ?? {};
  return [pem.split('\n', 1), asymmetricKeyType, namedCurve, modulusLength];
}

function describedCertificate(pem: string): unknown {
  const { subject, issuer, subjectAltName, keyUsage, ca } = new X509Certificate(pem);
  const names = subjectAltName?.split(', ').sort();
  return { blocks: pem.split('-----BEGIN').length - 1, subject, issuer, names, keyUsage, ca };
}

kubeadmTest(
  'kubeadm init phase certs all and kubeconfig all accept a bundle and keep every file',
  async (t) => {
    for (const place of NODES) {
      const root = rootOf(place);
      const before = root.contents();
      t.true(before.size >= 25);
      const said: string[] = [];
      for (const phase of ['certs', 'kubeconfig']) {
        const args = ['init', 'phase', phase, 'all'];
        const { status, stdout, stderr } = await root.kubeadm(args, kubeadmConfig(place));
        t.is(status, 0, stderr.toString());
        t.is(stderr.toString(), '', 'no warning');
        said.push(...stdout.toString().split('\n'));
      }
      const after = root.contents();
      t.true(after.delete(ADDED));
      t.deepEqual(after, before);
      // 7 leaves, ca, two authorities without their keys, sa, 4 kubeconfigs
      t.is(said.filter((line) => /Using (?:the )?existing/u.test(line)).length, 7 + 1 + 2 + 1 + 4);
      t.is(said.filter((line) => /keyless certificate authority/u.test(line)).length, 2);
      t.deepEqual(
        said.filter((line) => /Generating|Writing/u.test(line)),
        [`[kubeconfig] Writing "${ADDED}" kubeconfig file`],
      );
    }
  },
);

kubeadmTest(
  'kubeadm refuses a bundle with a certificate, a kubeconfig or an authority of another cluster',
  async (t) => {
    const [place] = NODES;
    const other = NODES.at(-1);
    if (place === undefined || other === undefined) throw new Error('no nodes');
    const cases: readonly (readonly [string, string, RegExp])[] = [
      ['pki/apiserver.crt', 'certs', /apiserver.* not signed by/u],
      ['pki/etcd/peer.crt', 'certs', /etcd\/peer.* not signed by/u],
      ['pki/front-proxy-ca.crt', 'certs', /front-proxy client is not signed by/u],
      ['admin.conf', 'kubeconfig', /admin\.conf.* does not contain a trusted CA/u],
    ];
    for (const [file, phase, message] of cases) {
      const root = await NodeRoot.installed(fleet, place, 'refused');
      root.write(file, rootOf(other).read(file));
      const args = ['init', 'phase', phase, 'all'];
      const { status, stderr } = await root.kubeadm(args, kubeadmConfig(place));
      t.is(status, 1, file);
      t.regex(stderr.toString(), message);
    }
  },
);

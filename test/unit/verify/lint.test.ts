import test from 'ava';
import { verifyStores } from '../../../src/verify/tree/store.ts';
import { lintCertificate } from '../../../src/verify/tree/lint.ts';
import { readCertificate } from '../../../src/x509/read/certificate.ts';
import { authority, cluster, leaf, TREE } from '../../_helpers/desired.ts';
import { MemoryTree, newIdentity, synth } from '../../_helpers/repository.ts';
import { noSki, p521 } from '../x509/foreign.ts';

const identity = await newIdentity();
const tree = new MemoryTree();
await synth(tree, {
  units: [
    {
      clusters: ['a', 'b'].map((name) =>
        cluster(name, {
          recipients: [identity.recipient],
          authorities: [authority(`${name}/ca`)],
          leaves: [leaf(`${name}/web`), leaf(`${name}/api`)],
        }),
      ),
      imports: [],
      exports: [],
      users: [],
    },
  ],
  identity,
});

test('verifyStores: what synth makes has nothing against it', (t) => {
  const { keysets, leaves, findings } = verifyStores(tree, TREE, ['a', 'b']);
  t.deepEqual([keysets.size, leaves.size, findings], [2, 4, []]);
});

test('verifyStores: two credentials with one key and one serial number, and a leaf of another CA', (t) => {
  const copy = tree.clone();
  const document = copy.text('deploy/a/pki/web.sops.yaml');
  copy.write('deploy/a/pki/api.sops.yaml', document.replace('name: web', 'name: api'));
  const certificate = /^certificate: \|\n(?: +.*\n)+/mu;
  copy.edit(
    'deploy/b/pki/web.sops.yaml',
    certificate,
    certificate.exec(copy.text('deploy/b/pki/api.sops.yaml'))?.[0] ?? '',
  );
  copy.edit('deploy/b/pki/api.sops.yaml', certificate, certificate.exec(document)?.[0] ?? '');
  const { findings } = verifyStores(copy, TREE, ['a', 'b']);
  t.deepEqual([...new Set(findings.map(({ code }) => code))].sort(), [
    'ChainBroken',
    'DuplicateKey',
    'DuplicateSerial',
  ]);
});

test('lintCertificate: foreign certificates are told what they lack', (t) => {
  const lacking = readCertificate(noSki);
  t.true(lintCertificate(lacking, lacking).includes('it has no subject key identifier'));
  t.true(
    lintCertificate(readCertificate(p521), undefined).includes(
      'its key is of a kind or length that Kubernetes PKI does not use',
    ),
  );
});

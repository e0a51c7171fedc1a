import test from 'ava';
import { askedFor } from '../../../../src/commands/propose/asked.ts';
import { credentialPath, treePath } from '../../../../src/model/names.ts';
import { MemoryTree } from '../../../_helpers/repository.ts';

const document = (over: Readonly<Record<string, string>> = {}): string =>
  Object.entries({
    kind: 'Certificate',
    cluster: 'prod',
    name: 'web',
    issuedAt: '"2026-12-01T08:00:00.000Z"',
    reason: 'Requested',
    ...over,
  })
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('');

const FILE = treePath('deploy/prod/pki/web.sops.yaml');
const base = (over: Readonly<Record<string, string>> = {}): MemoryTree => {
  const tree = new MemoryTree();
  tree.write(
    FILE,
    document({ issuedAt: '"2026-11-22T08:00:00.000Z"', reason: 'Missing', ...over }),
  );
  return tree;
};

test('askedFor: a leaf that was issued because somebody asked for it', (t) => {
  t.is(askedFor(base(), 'deploy', FILE, document()), credentialPath('prod', null, 'web'));
  t.is(askedFor(new MemoryTree(), 'deploy', FILE, document()), credentialPath('prod', null, 'web'));
  const ofNode = treePath('deploy/prod/pki/cp-1/apiserver.sops.yaml');
  const text = document({ name: 'apiserver', node: 'cp-1' });
  t.is(askedFor(base(), 'deploy', ofNode, text), credentialPath('prod', 'cp-1', 'apiserver'));
});

test('askedFor: none where it was issued for another reason, or only encrypted again', (t) => {
  t.is(askedFor(base(), 'deploy', FILE, document({ reason: 'RenewalDue' })), undefined);
  const same = { issuedAt: '"2026-12-01T08:00:00.000Z"', reason: 'Requested' };
  t.is(askedFor(base(same), 'deploy', FILE, document()), undefined);
});

test('askedFor: none where the document is not the one of its file', (t) => {
  t.is(askedFor(base(), 'deploy', FILE, document({ cluster: 'other' })), undefined);
  t.is(askedFor(base(), 'deploy', FILE, 'reason: Requested\n'), undefined);
});

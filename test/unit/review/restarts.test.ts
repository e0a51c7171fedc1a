import test from 'ava';
import { restartOrder } from '../../../src/commands/pipeline/report.ts';
import type { CredentialPath, TreePath } from '../../../src/model/names.ts';
import type { Action } from '../../../src/model/plan.ts';
import { restartLineOf } from '../../../src/review/print/restarts.ts';
import type {
  ClusterReview,
  EntryFacts,
  KeysetChange,
  Review,
} from '../../../src/review/report.ts';
import { NOW } from '../../_helpers/desired.ts';

const entry = (id: string): EntryFacts => ({
  ...{ id, state: 'issuing', spki: id, subject: null, notAfter: null },
});
const keyset = (before: readonly string[], after: readonly string[]): KeysetChange => ({
  credential: 'prod/etcd-ca' as CredentialPath,
  file: 'deploy/prod/pki/etcd-ca/keyset.yaml' as TreePath,
  change: 'changed',
  before: { revision: 1, entries: before.map(entry) },
  after: { revision: 2, entries: after.map(entry) },
  oldNotAfter: null,
  problems: [],
});
const cluster = (name: string, keysets: readonly KeysetChange[]): ClusterReview => ({
  ...{ name, keysets, change: 'changed', certificates: [], deadline: null, copies: [], files: [] },
  totals: {
    ...{ renewed: 0, changed: 0, added: 0, removed: 0, rewritten: 0, damaged: 0 },
    ...{ keysets: 1, nodes: 2, files: 2 },
  },
  restarts: ['cp-1', 'cp-2'].map((node) => ({
    node,
    pods: [{ name: 'etcd', change: 'restart', reads: [] }],
  })),
});
const review = (...clusters: readonly ClusterReview[]): Review => ({
  ...{ now: NOW, flags: [], deadline: null, clusters },
  totals: cluster('prod', []).totals,
});
const replaced = keyset(['a'], ['b']);

for (const [name, clusters, expected] of [
  ['a stage', [cluster('prod', [keyset(['a'], ['a', 'b'])])], '`cp-1`, then `cp-2`: `etcd`'],
  [
    'a replacement',
    [cluster('prod', [replaced])],
    'all at once, as nodes with old and with new files refuse each other: `cp-1`, `cp-2`: `etcd`',
  ],
  [
    'another cluster’s replacement',
    [cluster('prod', []), cluster('test', [replaced])],
    '`cp-1`, then `cp-2`: `etcd`',
  ],
  [
    'a replacement of what clusters share',
    [cluster('prod', []), cluster('_shared', [replaced])],
    'all at once, as nodes with old and with new files refuse each other: `cp-1`, `cp-2`: `etcd`',
  ],
] as const)
  test(`restartLineOf: the order of ${name}`, (t) => {
    t.is(restartLineOf(review(...clusters))(clusters[0]), `- \`prod\`: ${expected}`);
  });

test('restartOrder: nodes of a cluster one by one, and none after another where all trust is new', (t) => {
  const issue = (node: string, reason: Action['reason']): Action => ({
    ...{ action: 'issue', cluster: 'prod', credential: `prod/${node}/etcd-peer` as CredentialPath },
    ...{ reason, message: '', needsIdentity: true },
  });
  const nodes = (reason: Action['reason']): Action[] =>
    ['cp-2', 'cp-1'].map((node) => issue(node, reason));
  t.regex(restartOrder(nodes('IssuerRetired')).join(), /one node at a time: cp-1, then cp-2;/u);
  const replacement: Action = { ...issue('cp-1', 'Compromised'), action: 'rotate' };
  t.deepEqual(restartOrder([replacement, ...nodes('IssuerRetired')]), []);
});

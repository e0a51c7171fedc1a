import test, { type ExecutionContext } from 'ava';
import { PkiError, type ErrorCode } from '../../../src/errors.ts';
import { guardAuthorities } from '../../../src/observe/guards/authorities.ts';
import { guardClusterOrphans, guardOrphans } from '../../../src/observe/guards/orphans.ts';
import { guardRecipients } from '../../../src/observe/guards/recipients.ts';
import { historyOf } from '../../../src/observe/ledger.ts';
import type { CredentialPath } from '../../../src/model/names.ts';
import { NO_HEAD, type Head, type LedgerEntry } from '../../../src/model/store/ledger.ts';
import {
  ALICE,
  authority,
  BOB,
  cluster,
  fleet,
  leaf,
  observedCluster,
  serviceAccountKey,
  TREE,
} from '../../_helpers/desired.ts';
import { MemoryTree } from '../../_helpers/repository.ts';

const CA = authority('prod/ca');
const SA = serviceAccountKey('prod/sa');
const PROD = cluster('prod', {
  authorities: [CA],
  serviceAccountKeys: [SA],
  nodes: [{ name: 'cp-1', recipients: [] }],
  leaves: [leaf('prod/web'), leaf('prod/cp-1/api')],
});
const WHOLE = observedCluster(PROD);
const NONE = observedCluster(PROD, { keysets: [], leaves: [] });

function refused(
  t: ExecutionContext,
  work: () => void,
  code: ErrorCode,
  message: string,
  details: readonly string[],
): readonly string[] {
  const error = t.throws<PkiError>(work, { instanceOf: PkiError });
  t.deepEqual(
    { code: error.code, message: error.message, details: error.details },
    { code, message, details },
  );
  return error.hints;
}

const head = (made: readonly string[]): Head => ({
  ...NO_HEAD,
  keysets: new Set(made as readonly CredentialPath[]),
});

const guard =
  (observed: typeof NONE, made: readonly string[], deliberate: readonly string[] = []) =>
  (): void => {
    const history = historyOf([], head(made));
    guardAuthorities(TREE, PROD, observed, history, new Set(deliberate));
  };

test('guardAuthorities: a keyset that was never made may be missing', (t) => {
  t.notThrows(guard(NONE, ['test/ca', 'prod/other']));
});

test('guardAuthorities: one that is there and not in the ledger was made by somebody else', (t) => {
  const hints = refused(
    t,
    guard(WHOLE, ['prod/ca', 'prod/sa'], ['prod/sa']),
    'ERR_KEYSET_STATE',
    'the store of "prod" has a keyset that is not in the ledger',
    ['nothing says that prod/ca was made by this program'],
  );
  t.regex(hints[1] ?? '', /- \{cluster: prod, keyset: ca, id: "/u);
});

test('guardAuthorities: ones that were made and are gone are named, with the way back', (t) => {
  const hints = refused(
    t,
    guard(NONE, ['prod/ca', 'prod/sa']),
    'ERR_AUTHORITY_MISSING',
    'the store of "prod" lacks a keyset that was made before',
    [
      'prod/ca is in the ledger or in HEAD, its documents are gone',
      'prod/sa is in the ledger or in HEAD, its documents are gone',
    ],
  );
  t.true(hints[0]?.endsWith("git checkout HEAD -- 'deploy/prod'"), 'nothing of it is left');
  t.true(hints[1]?.endsWith('cdk8s-pki synth --new-authority prod/ca --new-authority prod/sa'));
});

test('guardAuthorities: --new-authority lets exactly the named one go', (t) => {
  t.notThrows(guard(NONE, ['prod/ca', 'prod/sa'], ['prod/ca', 'prod/sa']));
  refused(
    t,
    guard(NONE, ['prod/ca', 'prod/sa'], ['prod/ca']),
    'ERR_AUTHORITY_MISSING',
    'the store of "prod" lacks a keyset that was made before',
    ['prod/sa is in the ledger or in HEAD, its documents are gone'],
  );
});

const spkisOf = (path: string): string[] =>
  [...WHOLE.keysets.values()]
    .filter((keyset) => keyset.path === path)
    .flatMap(({ entries }) => entries.map(({ spki }) => spki));

const lineOf = (path: string): LedgerEntry[] => {
  const [cluster = '', keyset = ''] = path.split('/');
  return spkisOf(path).map((spki) => ({ cluster, keyset, id: spki.slice(0, 16), spki }));
};

const guardLedger =
  (observed: typeof NONE, spkis: readonly string[], deliberate: readonly string[] = []) =>
  (): void => {
    const lines = spkis.map((spki) => ({ cluster: 'prod', keyset: 'ca', id: '', spki }));
    const history = historyOf([...lines, ...lineOf('prod/sa')], NO_HEAD);
    guardAuthorities(TREE, PROD, observed, history, new Set(deliberate));
  };

test('guardAuthorities: a keyset with an entry of the ledger is the one that was made', (t) => {
  t.is(spkisOf('prod/ca').length, 1);
  t.notThrows(guardLedger(WHOLE, ['retired', ...spkisOf('prod/ca')]));
});

test('guardAuthorities: another keyset in the place of the one in the ledger is refused', (t) => {
  refused(
    t,
    guardLedger(WHOLE, ['another']),
    'ERR_AUTHORITY_MISSING',
    'the store of "prod" lacks a keyset that was made before',
    ['prod/ca in the store is not the one in the ledger'],
  );
  t.notThrows(guardLedger(WHOLE, ['another'], ['prod/ca']));
});

test('guardAuthorities: a keyset that only the ledger knows is missing', (t) => {
  refused(
    t,
    guardLedger(NONE, ['another']),
    'ERR_AUTHORITY_MISSING',
    'the store of "prod" lacks a keyset that was made before',
    [
      'prod/ca is in the ledger or in HEAD, its documents are gone',
      'prod/sa is in the ledger or in HEAD, its documents are gone',
    ],
  );
});

const ORPHANED = 'the tree has stores that the declaration does not know';

test('guardOrphans: a cluster with a store and no declaration is named', (t) => {
  const tree = new MemoryTree()
    .write('deploy/prod/pki/web.sops.yaml', '')
    .write('deploy/old/pki/web.sops.yaml', '')
    .write('deploy/older/pki/ca/keyset.yaml', '');
  refused(
    t,
    () => {
      guardOrphans(tree, fleet([PROD]));
    },
    'ERR_ORPHANED',
    ORPHANED,
    [
      'cluster "old" has a store but no declaration',
      'cluster "older" has a store but no declaration',
    ],
  );
});

test('guardOrphans: a folder without a store is no orphan', (t) => {
  const tree = new MemoryTree()
    .write('deploy/charts/manifests/a.yaml', '')
    .write('deploy/README.md', '');
  t.notThrows(() => {
    guardOrphans(tree, fleet([PROD]));
  });
});

test('guardClusterOrphans: what is declared is no orphan', (t) => {
  t.notThrows(() => {
    guardClusterOrphans(TREE, PROD, WHOLE);
  });
});

test('guardClusterOrphans: keysets and nodes without a declaration are named, nodes once', (t) => {
  const observed = observedCluster(
    cluster('prod', {
      authorities: [CA, authority('prod/old-ca')],
      leaves: [leaf('prod/cp-9/api'), leaf('prod/cp-9/etcd'), leaf('prod/gone')],
    }),
  );
  refused(
    t,
    () => {
      guardClusterOrphans(TREE, PROD, observed);
    },
    'ERR_ORPHANED',
    ORPHANED,
    [
      'keyset "prod/old-ca" has a store but no declaration',
      'node "prod/cp-9" has a store but no declaration',
    ],
  );
});

test('guardClusterOrphans: a keyset of another kind than declared is refused', (t) => {
  const desired = cluster('prod', { serviceAccountKeys: [serviceAccountKey('prod/ca')] });
  const observed = observedCluster(cluster('prod', { authorities: [CA] }));
  refused(
    t,
    () => {
      guardClusterOrphans(TREE, desired, observed);
    },
    'ERR_KEYSET_STATE',
    'keyset "prod/ca" is a CertificateAuthority, is declared a ServiceAccountKey',
    [],
  );
});

test('guardClusterOrphans: entries without their keyset.yaml are not taken for a node', (t) => {
  const observed = observedCluster(cluster('prod', { leaves: [leaf('prod/ca/0123456789abcdef')] }));
  refused(
    t,
    () => {
      guardClusterOrphans(TREE, PROD, observed);
    },
    'ERR_KEYSET_STATE',
    'keyset "prod/ca" has entries and no keyset.yaml',
    [],
  );
});

const FILE = 'deploy/prod/pki/web.sops.yaml';
const removed = (recipient: string): Parameters<typeof guardRecipients>[3] => ({
  removedRecipients: [{ recipient, since: '2026-11-01', compromised: false }],
});
const NOBODY = { removedRecipients: [] };

test('guardRecipients: declared ones, in any order, and fewer than declared are fine', (t) => {
  t.notThrows(() => {
    guardRecipients(FILE, [BOB, ALICE], [ALICE, BOB], NOBODY, []);
    guardRecipients(FILE, [ALICE], [ALICE, BOB], NOBODY, []);
  });
});

test('guardRecipients: one on its way out is fine', (t) => {
  t.notThrows(() => {
    guardRecipients(FILE, [ALICE, BOB], [ALICE], removed(BOB), []);
  });
});

test('guardRecipients: one that the declaration names elsewhere leaves this file', (t) => {
  t.notThrows(() => {
    guardRecipients(FILE, [ALICE, BOB], [ALICE], NOBODY, [ALICE, BOB]);
  });
});

test('guardRecipients: one that nobody declared is ERR_UNKNOWN_RECIPIENT and named', (t) => {
  const hints = refused(
    t,
    () => {
      guardRecipients(FILE, [ALICE, BOB, 'age1eve'], [ALICE], removed(BOB), []);
    },
    'ERR_UNKNOWN_RECIPIENT',
    `"${FILE}" is encrypted to a recipient that is not declared`,
    ['age1eve'],
  );
  t.true(hints.some((hint) => hint.endsWith(`git checkout HEAD -- '${FILE}'`)));
});

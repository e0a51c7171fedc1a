import test from 'ava';
import type { RenderedFile, YamlFile } from '../../../src/model/made/tree.ts';
import { treePath, type CredentialPath } from '../../../src/model/names.ts';
import type { ObservedOutput } from '../../../src/model/made/output.ts';
import { planOutputs, type OutputPlan } from '../../../src/plan/outputs.ts';
import { ALICE, BOB } from '../../_helpers/desired.ts';

const WEB = 'prod/web' as CredentialPath;
const PLAIN: RenderedFile = { format: 'plain', path: treePath('a.yaml'), content: 'a: 1\n' };
const SECRET: YamlFile = {
  format: 'yaml',
  path: treePath('s.sops.yaml'),
  document: {
    kind: 'Secret',
    metadata: { name: 's' },
    data: { 'tls.crt': 'Y2VydA==', 'tls.key': 'x' },
  },
  recipients: [ALICE],
  uses: [WEB],
  complete: false,
  projection: 'sha256:1',
  selector: { unencrypted_regex: '^(kind|metadata|tls.crt)$' },
  sealed: [['data', 'tls.key']],
};
const BINARY: RenderedFile = {
  format: 'binary',
  path: treePath('k.key'),
  content: 'sha256:…',
  recipients: [ALICE, BOB],
  uses: [WEB],
  complete: false,
  projection: 'sha256:2',
};

const sealed = (over: Record<string, unknown> = {}): ObservedOutput => ({
  format: 'yaml',
  document: {
    kind: 'Secret',
    metadata: { name: 's' },
    data: { 'tls.crt': 'Y2VydA==', 'tls.key': 'ENC[AES256_GCM,…]' },
    ...over,
  },
  recipients: [ALICE],
});

function outputs(file: RenderedFile, observed: ObservedOutput | undefined): OutputPlan {
  return planOutputs([file], () => observed, []);
}

const rows: readonly (readonly [string, RenderedFile, ObservedOutput | undefined, string?])[] = [
  ['a plain file of the same text is current', PLAIN, { format: 'plain', content: 'a: 1\n' }],
  ['a plain file that is not there is created', PLAIN, undefined, 'create'],
  [
    'a plain file of another text is updated',
    PLAIN,
    { format: 'plain', content: 'a: 2\n' },
    'update',
  ],
  ['a Secret that differs only in what is encrypted is current', SECRET, sealed()],
  [
    'a Secret with a public value edited is updated',
    SECRET,
    sealed({ metadata: { name: 't' } }),
    'update',
  ],
  ['a Secret with a field more is updated', SECRET, sealed({ type: 'Opaque' }), 'update'],
  [
    'a Secret with an encrypted key more is updated',
    SECRET,
    sealed({ data: { 'tls.crt': 'Y2VydA==', 'tls.key': 'ENC[', extra: 'ENC[' } }),
    'update',
  ],
  [
    'a Secret without its encrypted key is updated',
    SECRET,
    sealed({ data: { 'tls.crt': 'Y2VydA==' } }),
    'update',
  ],
  [
    'a Secret of other recipients is updated',
    SECRET,
    { ...sealed(), recipients: [BOB] } as ObservedOutput,
    'update',
  ],
  ['a broken Secret is updated', SECRET, { format: 'broken' }, 'update'],
  [
    'plain text in place of a Secret is updated',
    SECRET,
    { format: 'plain', content: '' },
    'update',
  ],
  [
    'a binary file of the same projection is current, in whatever order its recipients stand',
    BINARY,
    { format: 'binary', recipients: [BOB, ALICE], projection: 'sha256:2' },
  ],
  [
    'a binary file of another projection is updated',
    BINARY,
    { format: 'binary', recipients: [ALICE, BOB], projection: 'sha256:3' },
    'update',
  ],
  [
    'a binary file that bundle.yaml does not know is updated',
    BINARY,
    { format: 'binary', recipients: [ALICE, BOB], projection: undefined },
    'update',
  ],
  [
    'a binary file of fewer recipients is updated',
    BINARY,
    { format: 'binary', recipients: [ALICE], projection: 'sha256:2' },
    'update',
  ],
];

for (const [title, file, observed, change] of rows) {
  test(`planOutputs: ${title}`, (t) => {
    const uses = change === undefined || file.format === 'plain' ? [] : [WEB];
    const { changes, uses: used, writes } = outputs(file, observed);
    t.deepEqual(
      { changes, used },
      {
        changes: change === undefined ? [] : [{ path: file.path, change: change as 'create' }],
        used: new Set(uses),
      },
    );
    t.deepEqual(new Set(writes.map(({ credential }) => credential)), new Set(uses));
  });
}

test('planOutputs: files made before and no longer expected are deleted, others never', (t) => {
  const gone = treePath('gone.yaml');
  const { changes } = planOutputs([PLAIN], () => ({ format: 'plain', content: 'a: 1\n' }), [
    gone,
    PLAIN.path,
  ]);
  t.deepEqual(changes, [{ path: gone, change: 'delete' }]);
});

for (const [title, file, recipients, message] of [
  ['a Secret', SECRET, [ALICE, 'age1eve'], 'of a manifest: removed age1eve'],
  ['a key', BINARY, [ALICE, 'age1eve'], `of a node bundle: added ${BOB}; removed age1eve`],
] as const) {
  test(`planOutputs: who leaves ${title} is told, with the credentials whose keys it holds`, (t) => {
    const place = { ...file, path: treePath('deploy/prod/x', file.path) };
    const nodes = { ...file, path: treePath('deploy/prod/nodes', file.path) };
    const observed =
      file.format === 'binary'
        ? { format: 'binary' as const, recipients, projection: file.projection }
        : { format: 'yaml' as const, recipients, document: file.document };
    const { leaving, writes } = planOutputs(
      [file.format === 'binary' ? nodes : place],
      () => observed,
      [],
    );
    t.deepEqual([...leaving], [[WEB, new Set(['age1eve'])]]);
    t.deepEqual(writes, [{ credential: WEB, reason: 'RecipientsChanged', message }]);
  });
}

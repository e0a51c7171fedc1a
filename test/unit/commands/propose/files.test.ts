import test from 'ava';
import { isMade } from '../../../../src/commands/propose/files.ts';
import { treePath } from '../../../../src/model/names.ts';
import { withMarkedLines } from '../../../../src/model/store/marked.ts';
import type { ReadFiles } from '../../../../src/propose/renewal.ts';
import { MemoryTree } from '../../../_helpers/repository.ts';

const PREFIX = 'infra/';
const SPKI = `id: "${'a'.repeat(16)}", spki: "${'a'.repeat(64)}"`;
const rules = (recipient: string): string =>
  withMarkedLines('creation_rules:\n  - age: age1own\n', [`- age: ${recipient}`], {
    indent: '  ',
    after: /^creation_rules:/u,
  });
const attributes = (own: string): string => withMarkedLines(own, ['deploy/** -merge']);

const BASE = {
  '.sops.yaml': rules('age1a'),
  '.gitattributes': attributes('*.png binary\n'),
  'deploy/authorities.yaml': `- {cluster: prod, keyset: ca, ${SPKI}}\n`,
  'deploy/prod/inventory.json': JSON.stringify({ files: ['deploy/prod/manifests/old.yaml'] }),
  'deploy/prod/manifests/old.yaml': 'old\n',
  'deploy/prod/README.md': 'ours\n',
  'deploy/prod/pki/ca/keyset.yaml': 'revision: 1\n',
};
type Change = Readonly<Record<string, string | null>>;

const treeOf = (files: Readonly<Record<string, string>>): MemoryTree => {
  const tree = new MemoryTree();
  for (const [file, content] of Object.entries(files)) tree.write(file, content);
  return tree;
};
const reading =
  (tree: MemoryTree): ReadFiles =>
  (paths) =>
    Promise.resolve(
      new Map(
        paths.flatMap((path) => {
          const content = tree.read(treePath(path.slice(PREFIX.length)));
          return content === undefined ? [] : [[path, content] as const];
        }),
      ),
    );

const ROWS: readonly (readonly [title: string, isOurs: boolean, change: Change])[] = [
  ['documents of the store', true, { 'deploy/prod/pki/cp-1/apiserver.sops.yaml': 'x' }],
  [
    'what the inventory of the branch lists',
    true,
    {
      'deploy/prod/inventory.json': JSON.stringify({ files: ['deploy/prod/manifests/new.yaml'] }),
      'deploy/prod/manifests/new.yaml': 'new\n',
      'deploy/prod/manifests/old.yaml': null,
    },
  ],
  [
    'a new keyset, with its line of the ledger and its recipients',
    true,
    {
      'deploy/new/inventory.json': '{"files": []}',
      'deploy/new/pki/ca/keyset.yaml': 'revision: 1\n',
      'deploy/authorities.yaml': `${BASE['deploy/authorities.yaml']}- {cluster: new, keyset: ca, ${SPKI}}\n`,
      '.sops.yaml': rules('age1b'),
      '.gitattributes': attributes('*.png binary\n'),
    },
  ],
  ['a record of what a keyset revoked', true, { 'deploy/prod/pki/ca/revocations.yaml': 'x' }],
  ['a record of no keyset', false, { 'deploy/prod/pki/x/revocations.yaml': 'x' }],
  ['a manifest that no inventory lists', false, { 'deploy/prod/manifests/evil.yaml': 'x' }],
  ['a cluster that has no inventory', false, { 'deploy/evil/manifests/evil.yaml': 'x' }],
  ['words', false, { 'deploy/prod/notes.md': 'x' }],
  ['words of a user that are edited', false, { 'deploy/prod/README.md': 'x' }],
  ['words of a user that go', false, { 'deploy/prod/README.md': null }],
  ['rules of sops in a folder', false, { 'deploy/prod/.sops.yaml': 'x' }],
  ['rules of a user', false, { '.sops.yaml': `${rules('age1a')}  - age: age1evil\n` }],
  [
    'a rule before the generated ones',
    false,
    { '.sops.yaml': `creation_rules:\n  - age: x\n${rules('age1a').slice(16)}` },
  ],
  ['attributes of a user', false, { '.gitattributes': attributes('*.yaml diff=evil\n') }],
  [
    'a line of the ledger of no keyset',
    false,
    {
      'deploy/authorities.yaml': `${BASE['deploy/authorities.yaml']}- {cluster: evil, keyset: ca, ${SPKI}}\n`,
    },
  ],
  ['a ledger that lost a line', false, { 'deploy/authorities.yaml': '' }],
];

for (const [title, isOurs, change] of ROWS) {
  test(`isMade: ${title}: ${isOurs ? 'ours' : "a person's"}`, async (t) => {
    const [was, is] = [treeOf(BASE), treeOf(BASE)];
    for (const [file, content] of Object.entries(change)) {
      if (content === null) is.remove(file);
      else is.write(file, content);
    }
    const paths = Object.keys(change).map((file) => PREFIX + file);
    t.is(await isMade(PREFIX, 'deploy', paths, reading(was), reading(is)), isOurs);
  });
}

import test from 'ava';
import { parse } from 'yaml';
import { PkiError } from '../../../src/errors.ts';
import { fleetFiles } from '../../../src/render/fleet/files.ts';
import { ALICE, BOB, cluster, fleet } from '../../_helpers/desired.ts';

const PROD = cluster('prod.eu', {
  deliveryRecipients: [BOB],
  nodes: [{ name: 'cp-1', recipients: ['age1node'] }],
});
const FLEET = fleet([PROD]);

const sops = (present: string): string =>
  fleetFiles(FLEET, { sops: present, attributes: '' })[0]?.content ?? '';
const attributes = (present: string): string =>
  fleetFiles(FLEET, { sops: '', attributes: present })[1]?.content ?? '';

interface Rule {
  readonly path_regex: string;
  readonly age?: string;
}
const rulesOf = (text: string): Rule[] =>
  (parse(text) as { readonly creation_rules: Rule[] }).creation_rules;
const generated = rulesOf(sops(''));

test('.sops.yaml: the first rule that matches a file gives its recipients, nodes before clusters', (t) => {
  const recipients = (file: string): string | undefined =>
    generated.find((rule) => new RegExp(rule.path_regex, 'u').test(file))?.age;
  t.is(recipients('deploy/prod.eu/pki/web.sops.yaml'), ALICE);
  t.is(recipients('deploy/prod.eu/kubeconfigs/ann.conf'), ALICE);
  t.is(recipients('deploy/prod.eu/manifests/Secret.x.sops.yaml'), `${ALICE},${BOB}`);
  t.is(recipients('deploy/prod.eu/nodes/cp-1/etc/kubernetes/admin.conf'), `${ALICE},age1node`);
  t.is(recipients('deploy/prodXeu/pki/web.sops.yaml'), undefined);
  t.is(recipients('other/deploy/prod.eu/pki/web.sops.yaml'), undefined);
});

const MINE = { path_regex: '^mine/', age: 'age1mine' };
const own = (indent: string): string =>
  `creation_rules:\n${indent}- path_regex: ^mine/\n${indent}  age: age1mine\n`;

const texts: readonly (readonly [string, string])[] = [
  ['absent', ''],
  ['with a rule of the user’s', own('  ')],
  ['with a rule that is not indented', own('')],
  ['with a rule indented by four', own('    ')],
  ['with other settings only', 'stores:\n  yaml:\n    indent: 2\n'],
  ['without a final line feed', 'stores:\n  yaml:\n    indent: 2'],
  ['with rules and no final line feed', own('  ').trimEnd()],
  ['with an empty list of rules', 'creation_rules: []\n'],
  ['with rules that are null', 'creation_rules:\n'],
  ['with comments', `# mine\ncreation_rules: # all of them\n  # the first\n${own('  ').slice(16)}`],
  ['with settings after the rules', `${own('  ')}stores:\n  yaml:\n    indent: 2\n`],
  ['with CRLF line ends', own('  ').replaceAll('\n', '\r\n')],
];

for (const [what, present] of texts) {
  test(`.sops.yaml ${what}: is YAML with the generated rules first, keeps the user’s, and settles`, (t) => {
    const written = sops(present);
    const mine = present.includes('mine/') ? [MINE] : [];
    t.deepEqual(rulesOf(written), [...generated, ...mine]);
    const before = (parse(present) ?? {}) as Record<string, unknown>;
    t.deepEqual((parse(written) as Record<string, unknown>)['stores'], before['stores']);
    t.is(sops(written), written, 'a second time changes nothing');
    for (const line of present
      .split('\n')
      .filter((each) => each.trim() !== '' && !each.includes('[]')))
      t.true(written.split('\n').includes(line), line);
  });
}

for (const flow of ['creation_rules: [{path_regex: a, age: b}]\n', 'creation_rules: *rules\n']) {
  test(`.sops.yaml with ${flow.trim()}: is refused, not broken`, (t) => {
    const error = t.throws<PkiError>(() => sops(flow), { instanceOf: PkiError });
    t.deepEqual(
      { code: error.code, message: error.message },
      {
        code: 'ERR_STORE',
        message: '".sops.yaml": creation_rules are not written one below the other',
      },
    );
  });
}

const BEGIN = '# cdk8s-pki: begin (generated, edit outside these lines)';
const END = '# cdk8s-pki: end';
const BLOCK = [
  BEGIN,
  'deploy/** -text -merge linguist-generated diff=cdk8s-pki',
  'deploy/authorities.yaml merge=union',
  END,
];

for (const [what, present, expected] of [
  ['absent', [], BLOCK],
  ['with lines of the user’s', ['*.png binary'], ['*.png binary', ...BLOCK]],
  ['with an old block between them', ['a', BEGIN, 'old', END, 'b'], ['a', ...BLOCK, 'b']],
  [
    'with two blocks',
    ['a', BEGIN, 'old', END, 'b', BEGIN, 'older', END, 'c'],
    ['a', ...BLOCK, 'b', 'c'],
  ],
  ['with a block whose end is lost', ['a', BEGIN, 'b', 'c'], ['a', ...BLOCK, 'b', 'c']],
  ['with a block whose begin is lost', ['a', END, 'b'], ['a', 'b', ...BLOCK]],
  [
    'with a begin before a whole block',
    ['a', BEGIN, 'b', BEGIN, 'old', END, 'c'],
    ['a', ...BLOCK, 'b', 'c'],
  ],
  ['with an end before its begin', ['a', END, 'b', BEGIN, 'c'], ['a', 'b', ...BLOCK, 'c']],
  ['with an indented block', ['a', `  ${BEGIN}`, 'old', `\t${END}`], ['a', ...BLOCK]],
] as const) {
  test(`.gitattributes ${what}: one block, every other line where it was, and it settles`, (t) => {
    for (const end of ['\n', '\r\n']) {
      const text = present.map((line) => line + end).join('');
      const written = attributes(text);
      const newline = present.length === 0 ? '\n' : end;
      t.is(written, expected.map((line) => line + newline).join(''));
      t.is(attributes(written), written);
    }
  });
}

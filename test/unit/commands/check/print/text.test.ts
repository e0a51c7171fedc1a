import test from 'ava';
import { sortRows } from '../../../../../src/commands/check/row.ts';
import { summarize } from '../../../../../src/commands/check/summary.ts';
import { tableLines } from '../../../../../src/commands/check/print/table.ts';
import { checkText } from '../../../../../src/commands/check/print/text.ts';
import type { Row } from '../../../../../src/commands/check/row.ts';
import { at, NOW, plain, row } from '../rows.ts';

const print = (rows: readonly Row[], place = '1 cluster'): string[] => [
  ...checkText(rows, summarize(rows, place, NOW), NOW, plain),
];

const ca = row(
  { node: null, name: 'ca', kind: 'authority', id: '0123456789abcdef', state: 'issuing' },
  { to: at(3650) },
);

test("checkText: kubeadm's two tables after cluster and node, and a line that sums them up", (t) => {
  t.deepEqual(print([ca, row()]), [
    'CLUSTER   NODE      CERTIFICATE   EXPIRES                  RESIDUAL TIME   CERTIFICATE AUTHORITY   EXTERNALLY MANAGED   STATUS',
    'prod      cp-1      apiserver     Nov 22, 2027 08:00 UTC   365d            ca                      no                   ok',
    '',
    'CLUSTER   NODE      CERTIFICATE AUTHORITY   EXPIRES                  RESIDUAL TIME   EXTERNALLY MANAGED   STATUS',
    'prod                ca                      Nov 19, 2036 08:00 UTC   10y             no                   ok',
    '',
    '1 certificate and 1 authority in 1 cluster: all ok; next: prod/ca on Aug 19, 2027',
  ]);
});

test('checkText: an existing folder has neither cluster nor node; what is missing is printed as kubeadm does', (t) => {
  const lines = print(
    [
      row({ cluster: null, node: null }),
      row({ cluster: null, node: null, name: 'super-admin.conf', certificate: null }),
    ],
    '/etc/kubernetes',
  );
  t.true(lines[0]?.startsWith('CERTIFICATE                  EXPIRES '));
  t.is(lines[2], '!MISSING! super-admin.conf');
  t.is(
    lines.at(-1),
    '1 certificate and 0 authorities in /etc/kubernetes: 1 missing; next: apiserver on Aug 19, 2027',
  );
});

test('checkText: says since when something is due, what is expired and what is not valid yet', (t) => {
  const [, due, expired, future] = print([
    row({ renewAt: at(-3) }),
    row({}, { to: at(-1) }),
    row({}, { from: at(1), to: at(90) }),
  ]);
  t.true(due?.endsWith('no                   due since Nov 19, 2026'));
  t.regex(expired ?? '', / <invalid> .* expired$/u);
  t.true(future?.endsWith('not valid before Nov 23, 2026 08:00 UTC'));
});

test('checkText: tells the entries of a keyset apart by id and state', (t) => {
  const old = { ...ca, id: 'fedcba9876543210', state: 'outgoing' as const, renewAt: null };
  const lines = print([ca, old]);
  t.regex(lines[3] ?? '', /^prod {16}ca {2,}.* ok$/u);
  t.regex(lines[4] ?? '', /^prod {16}ca\/fedcba9876543210 .* ok, outgoing$/u);
});

test('checkText: only what needs somebody is coloured, by its words', (t) => {
  const rows = [row({ renewAt: at(-3) }), row()];
  const paint = (style: string, cell: string): string => `<${style}:${cell}>`;
  const text = [...checkText(rows, summarize(rows, 'x', NOW), NOW, paint)].join('\n');
  t.true(text.includes('<warning:due since Nov 19, 2026>'));
  t.true(text.includes('<bad:1 due>'));
  t.false(text.includes(':ok>'));
});

test('checkText: what is soonest due is named, of those that are not due yet', (t) => {
  const rows = [
    row({ renewAt: at(-3) }),
    row({ name: 'later', renewAt: at(9) }),
    row({ name: 'next', node: null, renewAt: at(8) }),
  ];
  t.is(
    print(rows).at(-1),
    '3 certificates and 0 authorities in 1 cluster: 1 due; next: prod/next on Nov 30, 2026',
  );
});

test('tableLines: columns are as wide as their widest cell and three, ten at least; colour does not count', (t) => {
  const cells = (...texts: string[]) => texts.map((text) => ({ text, style: 'bad' as const }));
  t.deepEqual(
    [
      ...tableLines(
        [
          ['A', 'B', 'C'],
          ['12345678', 'x', ''],
        ],
        (texts) => cells(...texts),
        (_style, text) => `[${text}]`,
      ),
    ],
    ['[A]          [B]         [C]', '[12345678]   [x]'],
  );
});

test('tableLines: control characters and line breaks of a name cannot steer the terminal', (t) => {
  const [line] = tableLines(['a\u001B[2Jb\nc\u2028d\u009B'], (text) => [{ text }], plain);
  t.is(line, 'a\uFFFD[2Jb c d\uFFFD');
});

test('sortRows: by cluster, node and name in code units, what has no node first, entries in their order', (t) => {
  const rows = [
    row({ cluster: 'b' }),
    row({ cluster: 'a', node: 'n-2' }),
    row({ cluster: 'a', node: 'n-10' }),
    row({ cluster: 'a', node: null, name: 'ca', id: '2' }),
    row({ cluster: 'a', node: null, name: 'ca', id: '1' }),
    row({ cluster: 'a', node: null, name: 'Z' }),
  ];
  t.deepEqual(
    sortRows(rows).map(({ cluster, node, name, id }) => [cluster, node, name, id]),
    [
      ['a', null, 'Z', null],
      ['a', null, 'ca', '2'],
      ['a', null, 'ca', '1'],
      ['a', 'n-10', 'apiserver', null],
      ['a', 'n-2', 'apiserver', null],
      ['b', 'cp-1', 'apiserver', null],
    ],
  );
});

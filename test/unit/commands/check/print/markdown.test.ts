import test from 'ava';
import { checkJson } from '../../../../../src/commands/check/print/json.ts';
import { checkMarkdown, escapeMarkdown } from '../../../../../src/commands/check/print/markdown.ts';
import type { Row } from '../../../../../src/commands/check/row.ts';
import { summarize } from '../../../../../src/commands/check/summary.ts';
import { at, NOW, row } from '../rows.ts';

const page = (rows: readonly Row[]): string[] =>
  checkMarkdown(rows, summarize(rows, '2 clusters', NOW), NOW).split('\n');

test('checkMarkdown: a heading, totals, and a table with what is wrong first, then what is due soonest', (t) => {
  const lines = page([
    row({ name: 'later', renewAt: at(20) }),
    row({ name: 'soon', renewAt: at(10) }),
    row({ name: 'due', renewAt: at(-1) }),
    row({ name: 'expired' }, { to: at(-1) }),
  ]);
  t.is(lines[0], '## PKI: 1 expired, 1 due');
  t.is(
    lines[2],
    '4 certificates and 0 authorities in 2 clusters on Nov 22, 2026. Next: prod/cp-1/soon on Dec 02, 2026.',
  );
  t.is(lines[4]?.split('|').length, lines[5]?.split('|').length);
  t.deepEqual(
    lines.slice(6).map((line) => line.split(' | ').slice(0, 4).join(' ')),
    [
      '| **expired** prod cp-1 expired',
      '| **due since Nov 21, 2026** prod cp-1 due',
      '| ok prod cp-1 soon',
      '| ok prod cp-1 later',
    ],
  );
});

test('checkMarkdown: of an authority that signs and is due it says which commands help, and of no other', (t) => {
  const ca = { node: null, kind: 'authority', id: '0123456789abcdef' } as const;
  const lines = page([
    row({ ...ca, name: 'ca', state: 'issuing', renewAt: at(-1) }),
    row({ ...ca, name: 'etcd-ca', state: 'issuing' }, { to: at(-1) }),
    row({ ...ca, name: 'fresh', state: 'issuing' }),
    row({ ...ca, name: 'old', state: 'outgoing', renewAt: null }, { to: at(-1) }),
    row({ ...ca, name: 'found', cluster: null, state: null, renewAt: at(-1) }),
    row({ renewAt: at(-1) }),
  ]);
  t.deepEqual(
    lines.filter((line) => line.startsWith('- ')),
    ['etcd-ca', 'ca'].map(
      (name) =>
        String.raw`- prod/${name} is not renewed by itself: cdk8s-pki rotate prod ${name} \(a new key, in stages, which takes weeks\) or cdk8s-pki reissue prod ${name} \(the key that it has for longer, in one change\)`,
    ),
  );
});

test('checkMarkdown: a page that GitHub takes, however large the fleet', (t) => {
  const lines = page(Array.from({ length: 700 }, (_, index) => row({ name: `n${index}` })));
  t.is(lines.filter((line) => line.startsWith('| ok')).length, 500);
  t.is(lines.at(-1), 'And 200 more; `cdk8s-pki check` prints all.');
});

test('escapeMarkdown: nothing of a name is markup, nor ends its cell', (t) => {
  t.is(
    escapeMarkdown('a|b\n<img src=x> ![x](y) `c` _d_ *e* \\'),
    String.raw`a\|b \<img src=x\> \!\[x\]\(y\) \`c\` \_d\_ \*e\* \\`,
  );
  t.is(escapeMarkdown('etcd-server.conf 9y1d'), 'etcd-server.conf 9y1d');
});

test('checkJson: every field in its order, dates in UTC, and nothing for what is missing', (t) => {
  const json = checkJson([row(), row({ certificate: null })], NOW);
  t.is(
    JSON.stringify(json),
    JSON.stringify({
      now: '2026-11-22T08:00:00.000Z',
      certificates: [
        {
          cluster: 'prod',
          node: 'cp-1',
          name: 'apiserver',
          kind: 'certificate',
          subject: 'CN=kube-apiserver',
          issuer: 'CN=kubernetes',
          serialNumber: '0A',
          notBefore: '2026-11-21T08:00:00.000Z',
          notAfter: '2027-11-22T08:00:00.000Z',
          residualSeconds: 31_536_000,
          renewAt: '2027-08-19T08:00:00.000Z',
          status: 'ok',
          externallyManaged: false,
          path: 'deploy/prod/pki/cp-1/apiserver.sops.yaml',
          id: null,
        },
      ],
    }),
  );
});

import test, { type ExecutionContext } from 'ava';
import { execaSync } from 'execa';
import { checkOpenMetrics } from '../../src/commands/check/print/openmetrics.ts';
import type { Row } from '../../src/commands/check/row.ts';
import { toolTest } from '../_helpers/tool-test.ts';
import { toolPath } from '../_helpers/tools.ts';
import { at, NOW, row } from '../unit/commands/check/rows.ts';

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Family {
  readonly name: string;
  readonly type: string;
  readonly unit: string;
  readonly samples: readonly Sample[];
}

type Parsed = Readonly<Record<'openmetrics' | 'text', readonly Family[]>>;

/** What prometheus_client's two parsers make of it. */
function parsed(rows: readonly Row[]): Parsed {
  const openmetrics = `${checkOpenMetrics(rows, NOW)}\n`;
  const input = JSON.stringify({ openmetrics });
  return JSON.parse(execaSync(toolPath('py-formats'), { input }).stdout) as Parsed;
}

const seconds = (date: Date): number => date.getTime() / 1000;

toolTest(['py-formats'])(
  'check: prometheus_client reads each gauge of cert-manager, as OpenMetrics and as text',
  (t) => {
    const found = parsed([row({ renewAt: at(270) }, { from: at(-1, 0.5), to: at(365) })]);
    for (const families of [found.openmetrics, found.text]) {
      t.deepEqual(
        families.map(({ name, type, samples }) => [name, type, samples[0]?.value]),
        [
          ['cdk8s_pki_certificate_expiration_timestamp_seconds', 'gauge', seconds(at(365))],
          ['cdk8s_pki_certificate_not_after_timestamp_seconds', 'gauge', seconds(at(365))],
          ['cdk8s_pki_certificate_not_before_timestamp_seconds', 'gauge', seconds(at(-1, 0.5))],
          ['cdk8s_pki_certificate_renewal_timestamp_seconds', 'gauge', seconds(at(270))],
          ['cdk8s_pki_certificate_ready_status', 'gauge', 1],
        ],
      );
    }
    t.deepEqual(
      found.openmetrics.map(({ unit }) => unit),
      ['seconds', 'seconds', 'seconds', 'seconds', ''],
    );
    t.deepEqual(found.openmetrics[0]?.samples[0]?.labels, {
      cluster: 'prod',
      node: 'cp-1',
      name: 'apiserver',
      kind: 'certificate',
      issuer: 'ca',
      id: '',
    });
  },
);

toolTest(['py-formats'])('check: no value of a label ends it or begins another', (t) => {
  const names = ['a"b', String.raw`a\b`, 'a\nb', String.raw`a\nb`, '"} 1\n# EOF\n', 'ü😀 {}'];
  const found = parsed(names.map((name) => row({ name })));
  for (const families of [found.openmetrics, found.text]) {
    for (const { samples, name } of families.slice(0, 4)) {
      t.deepEqual(
        samples.map(({ labels }) => labels['name']),
        names,
        name,
      );
    }
  }
});

toolTest(['py-formats'])('check: entries of one keyset are different series', (t) => {
  const entry = (id: string, state: 'issuing' | 'outgoing'): Row =>
    row({ kind: 'authority', name: 'ca', node: null, id, state, renewAt: null });
  const [family, , , renewal] = parsed([
    entry('a1', 'issuing'),
    entry('b2', 'outgoing'),
  ]).openmetrics;
  t.deepEqual(
    family?.samples.map(({ labels }) => labels['id']),
    ['a1', 'b2'],
  );
  t.deepEqual(renewal?.samples, [], 'nothing renews them');
});

const READY: readonly (readonly [string, Row, string | undefined])[] = [
  ['is ok', row(), 'True'],
  ['is due', row({ renewAt: at(-1) }), 'True'],
  ['is expired', row({}, { to: at(-1) }), 'False'],
  ['is not yet valid', row({}, { from: at(1) }), 'False'],
  ['is missing', row({ certificate: null, renewAt: null }), undefined],
];
for (const [state, one, condition] of READY) {
  toolTest(['py-formats'])(
    `check: what ${state} has the condition ${condition ?? 'of nothing'}`,
    (t) => {
      t.is(conditionOf(t, parsed([one])), condition);
    },
  );
}

/** The one condition that holds, as cert-manager has it: of three series one is 1. */
function conditionOf(t: ExecutionContext, { openmetrics }: Parsed): string | undefined {
  const samples = openmetrics.at(-1)?.samples ?? [];
  t.true([0, 3].includes(samples.length));
  const held = samples.filter(({ value }) => value === 1);
  t.is(held.length, samples.length / 3);
  return held[0]?.labels['condition'];
}

test('check: OpenMetrics ends with its mark, and has a head for each family even without a row', (t) => {
  const lines = checkOpenMetrics([], NOW).split('\n');
  t.is(lines.length, 4 * 3 + 2 + 1);
  t.is(lines.at(-1), '# EOF');
});

import type { Row } from '../row.ts';
import { statusOf } from '../status.ts';

type Certificate = NonNullable<Row['certificate']>;

interface Family {
  /** cert-manager's name of the gauge, behind our prefix. */
  readonly name: string;
  readonly help: string;
  readonly instant: (certificate: Certificate, row: Row) => Date | null;
}

const PREFIX = 'cdk8s_pki_certificate_';

/** cert-manager has the end of a certificate under two names, and dashboards of both. */
const INSTANTS: readonly Family[] = [
  {
    name: 'expiration_timestamp_seconds',
    help: 'When the certificate expires, in Unix time.',
    instant: ({ notAfter }) => notAfter,
  },
  {
    name: 'not_after_timestamp_seconds',
    help: 'When the certificate expires, in Unix time.',
    instant: ({ notAfter }) => notAfter,
  },
  {
    name: 'not_before_timestamp_seconds',
    help: 'When the certificate becomes valid, in Unix time.',
    instant: ({ notBefore }) => notBefore,
  },
  {
    name: 'renewal_timestamp_seconds',
    help: 'When the certificate is due for renewal, in Unix time; of an authority for cdk8s-pki rotate or reissue.',
    instant: (_, { renewAt }) => renewAt,
  },
];

/** cert-manager's Ready condition: a certificate that is due is ready still. */
const READY = { ok: 'True', due: 'True', expired: 'False', 'not-yet-valid': 'False' } as const;
const CONDITIONS = ['True', 'False', 'Unknown'];

/**
 * OpenMetrics 1.0, and Prometheus' text format as well, which is what node_exporter's textfile collector reads: there `# UNIT` and
 * `# EOF` are comments. What is missing is not in it.
 */
export function checkOpenMetrics(rows: readonly Row[], now: Date): string {
  const lines = INSTANTS.flatMap(({ name, help, instant }) => [
    ...head(PREFIX + name, help, 'seconds'),
    ...rows.flatMap((row) => {
      const at = row.certificate === null ? null : instant(row.certificate, row);
      return at === null ? [] : [`${PREFIX}${name}${labels(row)} ${at.getTime() / 1000}`];
    }),
  ]);
  const ready = `${PREFIX}ready_status`;
  lines.push(
    ...head(ready, 'Whether the certificate is valid now, by condition.'),
    ...rows.flatMap((row) => {
      const status = statusOf(row, now);
      if (status === 'missing') return [];
      return CONDITIONS.map(
        (condition) =>
          `${ready}${labels(row, { condition })} ${condition === READY[status] ? 1 : 0}`,
      );
    }),
  );
  return [...lines, '# EOF'].join('\n');
}

function head(name: string, help: string, unit?: string): string[] {
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} gauge`,
    ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
  ];
}

/** The same names in each sample; `id` tells the entries of a keyset apart. */
function labels(row: Row, more: Readonly<Record<string, string>> = {}): string {
  const { cluster, node, name, kind, authority: issuer, id } = row;
  const pairs = Object.entries({ cluster, node, name, kind, issuer, id, ...more });
  return `{${pairs.map(([label, value]) => `${label}="${escape(value ?? '')}"`).join(',')}}`;
}

function escape(value: string): string {
  return value
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', String.raw`\n`)
    .replaceAll('"', '\\"');
}

import type { Row } from '../../../../src/commands/check/row.ts';

export const NOW = new Date('2026-11-22T08:00:00Z');
const DAY = 86_400;

export const at = (days: number, seconds = 0): Date =>
  new Date(NOW.getTime() + (days * DAY + seconds) * 1000);

/** A leaf that has a year to go and is due in nine months; a test says what is different. */
export function row(over: Partial<Row> = {}, dates: { from?: Date; to?: Date } = {}): Row {
  const { from = at(-1), to = at(365) } = dates;
  return {
    cluster: 'prod',
    node: 'cp-1',
    name: 'apiserver',
    kind: 'certificate',
    certificate: {
      subject: 'CN=kube-apiserver',
      issuer: 'CN=kubernetes',
      serialNumber: '0A',
      notBefore: from,
      notAfter: to,
    },
    authority: 'ca',
    renewAt: at(270),
    externallyManaged: false,
    path: 'deploy/prod/pki/cp-1/apiserver.sops.yaml',
    id: null,
    state: null,
    ...over,
  };
}

export const plain = (_style: string, text: string): string => text;

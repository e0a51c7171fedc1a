import type { Row } from '../row.ts';
import { residualSeconds, statusOf } from '../status.ts';

/** The JSON of DESIGN §6; what is missing has no dates and is not in it. */
export function checkJson(rows: readonly Row[], now: Date): object {
  return {
    now: now.toISOString(),
    certificates: rows.flatMap((row) => {
      const { cluster, node, name, kind, certificate, renewAt, externallyManaged, path, id } = row;
      if (certificate === null) return [];
      return [
        {
          cluster,
          node,
          name,
          kind,
          subject: certificate.subject,
          issuer: certificate.issuer,
          serialNumber: certificate.serialNumber,
          notBefore: certificate.notBefore.toISOString(),
          notAfter: certificate.notAfter.toISOString(),
          residualSeconds: residualSeconds(certificate.notAfter, now),
          renewAt: renewAt?.toISOString() ?? null,
          status: statusOf(row, now),
          externallyManaged,
          path,
          id,
        },
      ];
    }),
  };
}

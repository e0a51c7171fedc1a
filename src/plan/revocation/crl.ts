import type { DesiredAuthority } from '../../model/desired.ts';
import type { Seconds } from '../../model/names.ts';
import type { ObservedKeyset } from '../../model/observed.ts';
import type { Action } from '../../model/plan.ts';
import {
  crlDueAt,
  type CrlReason,
  type ObservedRevocations,
  type PlannedCrl,
  type Revocation,
} from '../../model/store/revocations.ts';

const YEAR: Seconds = 365 * 86_400;

/**
 * The next CRL of an authority that has revoked something, where one is to be signed: it lives as long as the longest leaf does, so
 * that it is due no more often than those are. Undefined where the one that is there is as it must be.
 *
 * @param isTimed whether the run is about what is due as well.
 */
export function planCrl(
  desired: DesiredAuthority,
  keyset: ObservedKeyset | undefined,
  { longestLeaf, isTimed, now }: { longestLeaf: Seconds; isTimed: boolean; now: Date },
): PlannedCrl | undefined {
  const record = keyset?.revocations;
  if (keyset === undefined || record === undefined) return undefined;
  const verdict = judgeCrl(record, keyset, isTimed, now);
  if (verdict === undefined) return undefined;
  return {
    desired,
    number: (record.crl?.number ?? 0) + 1,
    entries: kept(record),
    validity: longestLeaf > 0 ? longestLeaf : YEAR,
    ...verdict,
  };
}

function judgeCrl(
  { crl, added }: ObservedRevocations,
  { entries }: ObservedKeyset,
  isTimed: boolean,
  now: Date,
): { readonly reason: CrlReason; readonly message: string } | undefined {
  if (crl === null || added.length > 0)
    return { reason: 'Revoked', message: `it gets the serial numbers ${added.join(', ')}` };
  const signer = entries.find(({ id }) => id === crl.issuer);
  if (signer?.state !== 'issuing')
    return {
      reason: 'IssuerRetired',
      message: `its signer "${crl.issuer}" is ${signer?.state ?? 'gone'}`,
    };
  const due = crlDueAt(crl);
  return isTimed && now.getTime() >= due.getTime()
    ? { reason: 'RenewalDue', message: `due since ${due.toISOString()}` }
    : undefined;
}

/** An entry leaves once a CRL from after the end of its certificate has named it (RFC 5280 §3.3). */
function kept({ crl, entries }: ObservedRevocations): readonly Revocation[] {
  return entries.filter(
    ({ notAfter }) => crl === null || crl.thisUpdate.getTime() <= notAfter.getTime(),
  );
}

export function crlAction({ desired, number, entries, reason, message }: PlannedCrl): Action {
  const { cluster, path } = desired;
  const count = entries.length === 1 ? '1 certificate' : `${entries.length} certificates`;
  return {
    action: 'revoke',
    cluster,
    credential: path,
    reason,
    message: `CRL ${number} of ${count}: ${message}`,
    needsIdentity: true,
  };
}

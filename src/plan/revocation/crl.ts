import type { DesiredAuthority } from '../../model/desired.ts';
import type { Seconds } from '../../model/names.ts';
import type { ObservedEntry, ObservedKeyset } from '../../model/observed.ts';
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
    outgoing: outgoingSigner(keyset) ?? null,
    validity: longestLeaf > 0 ? longestLeaf : YEAR,
    ...verdict,
  };
}

/**
 * The entry that signs it beside the issuing one. What that one issued is in use until it is retired, and who looks for the CRL of a
 * certificate's issuer finds none in that of the other. Who may sign no CRLs never had one that could be missed.
 */
function outgoingSigner({ entries }: ObservedKeyset): string | undefined {
  return entries.find((entry) => entry.state === 'outgoing' && maySign(entry))?.id;
}

/** A reissue brings in what an adopted certificate lacks. */
const maySign = ({ lacksCrlSign, reissue }: ObservedEntry): boolean =>
  lacksCrlSign !== true || reissue !== undefined;

function judgeCrl(
  { crl, added }: ObservedRevocations,
  keyset: ObservedKeyset,
  isTimed: boolean,
  now: Date,
): { readonly reason: CrlReason; readonly message: string } | undefined {
  if (crl === null || added.length > 0)
    return { reason: 'Revoked', message: `it gets the serial numbers ${added.join(', ')}` };
  const stateOf = (signer: string): string =>
    keyset.entries.find(({ id }) => id === signer)?.state ?? 'gone';
  const outgoing = outgoingSigner(keyset);
  const also = crl.outgoing?.issuer;
  const due = crlDueAt(crl);
  const isDue = isTimed && now.getTime() >= due.getTime();
  const issuing = keyset.entries.find(({ state }) => state === 'issuing');
  // a stage can be taken back to an entry that may sign none: a finding says until when that does
  if (issuing && !maySign(issuing) && crl.issuer === outgoing) return undefined;
  if (stateOf(crl.issuer) !== 'issuing')
    return {
      reason: 'IssuerRetired',
      message: `its signer "${crl.issuer}" is ${stateOf(crl.issuer)}`,
    };
  if (outgoing !== undefined && also !== outgoing)
    return {
      reason: 'IssuerRetired',
      message: `the outgoing entry "${outgoing}" has not signed it`,
    };
  if (also !== undefined && also !== outgoing)
    return { reason: 'IssuerRetired', message: `its second signer "${also}" is ${stateOf(also)}` };
  return isDue ? { reason: 'RenewalDue', message: `due since ${due.toISOString()}` } : undefined;
}

/** What a person must know of a CRL that nobody can sign again: it would hold up nothing else, and end unseen. */
export function unsignableCrl(keyset: ObservedKeyset | undefined): string | undefined {
  const crl = keyset?.revocations?.crl;
  const issuing = keyset?.entries.find(({ state }) => state === 'issuing');
  if (!keyset || !crl || !issuing || maySign(issuing)) return undefined;
  return `its certificate may sign no CRL (cRLSign), and the one that is there ends on ${crl.nextUpdate.toISOString()}: cdk8s-pki reissue ${keyset.path.replace('/', ' ')}`;
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

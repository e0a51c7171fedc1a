import type { DesiredKeyset } from '../../model/desired.ts';
import type { TreePath } from '../../model/names.ts';
import type { ObservedEntry, ObservedKeyset } from '../../model/observed.ts';
import type { Action } from '../../model/plan.ts';
import { rememberedLife } from '../../model/store/keyset.ts';
import {
  NEW_ENTRY,
  type PlannedTransition,
  type TransitionName,
} from '../../model/store/rotation.ts';
import { TRANSITIONS } from './transitions.ts';

/** Stands for public text of a key that is still to be made: no file of the tree holds it. */
const PENDING = '(pending)\n';

/** What a transition makes of a keyset. Pure; the issuing entry stays first. */
export function planTransition(
  name: TransitionName,
  desired: DesiredKeyset,
  before: ObservedKeyset,
  recipients: readonly string[],
): PlannedTransition {
  const known = new Map(before.entries.map((entry) => [entry.id, entry]));
  const entries = TRANSITIONS[name](before.entries)
    .map(({ id, state }): ObservedEntry => ({
      ...(known.get(id) ?? pendingEntry(desired, recipients)),
      state,
      outsideLife: rememberedLife(
        { state, outsideLife: known.get(id)?.outsideLife },
        desired.rotation.outsideLife,
      ),
    }))
    .sort((a, b) => Number(b.state === 'issuing') - Number(a.state === 'issuing'));
  const kept = new Set(entries.map(({ id }) => id));
  return {
    name,
    desired,
    before,
    after: { ...before, revision: before.revision + 1, entries },
    dropped: before.entries.filter(({ id }) => !kept.has(id)),
  };
}

function pendingEntry(
  { keyAlgorithm }: DesiredKeyset,
  recipients: readonly string[],
): ObservedEntry {
  return {
    id: NEW_ENTRY,
    file: '' as TreePath,
    state: 'incoming',
    spki: PENDING,
    certificate: null,
    keyAlgorithm,
    publicKey: PENDING,
    issuer: null,
    issuedAt: new Date(0),
    policy: null,
    pathLength: null,
    recipients,
    formerRecipients: [],
  };
}

/** What each transition does, for people. */
export const MEANING: Readonly<Record<TransitionName, string>> = {
  accept: 'a new entry comes into every trust bundle and signs nothing yet',
  issue:
    'the incoming entry signs from now on, the one before it stays trusted; what that one signed is issued again',
  retire: 'the outgoing entry leaves every trust bundle, and its key is deleted',
  'abort-accept': 'the incoming entry leaves every trust bundle again; it signed nothing',
  'abort-issue':
    'the outgoing entry signs again, the other stays trusted; what that one signed is issued again',
  replace:
    'a new entry takes the place of all others at once: whoever trusts only those, or has a certificate or token of them, is locked out',
};

const REASONS: Readonly<Record<TransitionName, string>> = {
  accept: 'Accept',
  issue: 'Issue',
  retire: 'Retire',
  'abort-accept': 'AbortAccept',
  'abort-issue': 'AbortIssue',
  replace: 'Compromised',
};

/** The transition as an action of a plan, and the key files that it deletes. */
export function transitionActions({ name, desired, dropped }: PlannedTransition): Action[] {
  const { cluster, path } = desired;
  const common = { cluster, credential: path, reason: REASONS[name] };
  return [
    { ...common, action: 'rotate', message: MEANING[name], needsIdentity: true },
    ...dropped.map(({ id }): Action => ({
      ...common,
      action: 'delete',
      message: `entry ${id} leaves the keyset`,
      needsIdentity: false,
    })),
  ];
}

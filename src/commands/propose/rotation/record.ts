import type { Rollout } from '../../../catalog/rotation/rollout.ts';
import { credentialPath } from '../../../model/names.ts';
import type { RotationRequest } from '../../../model/store/rotation.ts';
import { TRANSITIONS } from '../../../plan/rotation/transitions.ts';

/** Who wants a stage: a person, who decides what becomes of its pull request, or the declaration (`rotation.automatic`). */
export type Wish = 'asked-for' | 'automatic';

/** What a branch is for, as its commit says it. */
export interface StageRecord extends Pick<RotationRequest, 'keyset' | 'acceptLockout'> {
  readonly wish: Wish;
  readonly transition: Rollout;
  /** Where the keyset stood before: what is done to another standing is not what was asked for. */
  readonly before: string;
}

const LOCKOUT = ' --accept-lockout';
const RECORD =
  /^(asked-for|automatic) ([a-z-]+?)( --accept-lockout)? ([a-z0-9_.-]+)\/([a-z0-9.-]+) (\S.*)$/u;

/** The change itself, whoever wants it. */
export function changeText({
  transition,
  acceptLockout,
  keyset,
  before,
}: Omit<StageRecord, 'wish'>): string {
  return `${transition}${acceptLockout ? LOCKOUT : ''} ${keyset} ${before}`;
}

/** Undefined for a text that this program did not write. */
export function parseRecord(text: string | undefined): StageRecord | undefined {
  const [, wish, name, lockout, cluster, keyset, before] = RECORD.exec(text ?? '') ?? [];
  const transition = [...(Object.keys(TRANSITIONS) as Rollout[]), 'reissue' as const].find(
    (known) => known === name,
  );
  if (!wish || !cluster || !keyset || !before || transition === undefined) return undefined;
  return {
    wish: wish as Wish,
    transition,
    acceptLockout: lockout !== undefined,
    keyset: credentialPath(cluster, null, keyset),
    before,
  };
}

/** What is asked for to have a transition made. */
export function requestFor({
  keyset,
  transition,
  acceptLockout,
}: Pick<StageRecord, 'keyset' | 'transition' | 'acceptLockout'>): RotationRequest {
  return { keyset, acceptLockout, verb: VERBS[transition] };
}

const VERBS: Readonly<Record<Rollout, RotationRequest['verb']>> = {
  accept: 'advance',
  issue: 'advance',
  retire: 'advance',
  'abort-accept': 'abort',
  'abort-issue': 'abort',
  replace: 'compromised',
  reissue: 'reissue',
};

import type { EntryState } from '../../model/observed.ts';
import {
  entryTexts,
  entryTextsAfter,
  NEW_ENTRY,
  type Stage,
  type Standing,
  type TransitionName,
} from '../../model/store/rotation.ts';

export interface Entry {
  readonly id: string;
  readonly state: EntryState;
}

type Primitive = (entries: readonly Entry[]) => readonly Entry[];

const add =
  (state: EntryState): Primitive =>
  (entries) => [...entries, { id: NEW_ENTRY, state }];

const drop =
  (dropped: EntryState): Primitive =>
  (entries) =>
    entries.filter(({ state }) => state !== dropped);

/** The entry of `state` becomes issuing; the one that was, outgoing. */
const promote =
  (state: EntryState): Primitive =>
  (entries) =>
    entries.map((entry): Entry => {
      if (entry.state === state) return { ...entry, state: 'issuing' };
      return entry.state === 'issuing' ? { ...entry, state: 'outgoing' } : entry;
    });

/**
 * Every change of a keyset, composed of three primitives (DESIGN §7): an entry is added, made issuing, or dropped. An entry is trusted
 * before it signs and signs no more before it is dropped; `replace` alone breaks that, since what it drops is in wrong hands.
 */
export const TRANSITIONS: Readonly<Record<TransitionName, Primitive>> = {
  accept: add('incoming'),
  issue: promote('incoming'),
  retire: drop('outgoing'),
  'abort-accept': drop('incoming'),
  'abort-issue': promote('outgoing'),
  replace: () => add('issuing')([]),
};

/** What follows a standing, and what takes it back. */
export const MOVES: Readonly<
  Record<Standing, { readonly next: Stage; readonly abort: TransitionName | null }>
> = {
  steady: { next: 'accept', abort: null },
  accepted: { next: 'issue', abort: 'abort-accept' },
  issued: { next: 'retire', abort: 'abort-issue' },
};

export function standingOf(entries: readonly Pick<Entry, 'state'>[]): Standing {
  const has = (wanted: EntryState): boolean => entries.some(({ state }) => state === wanted);
  if (has('incoming')) return 'accepted';
  return has('outgoing') ? 'issued' : 'steady';
}

/** The one transition that leads from some entries to others, whose states and ids are compared; undefined where none does. */
export function transitionBetween(
  before: readonly Entry[],
  after: readonly Entry[],
): TransitionName | undefined {
  const known = new Set(before.map(({ id }) => id));
  const wanted = entryTextsAfter(known, after).join();
  const names = Object.keys(TRANSITIONS) as TransitionName[];
  return names.find((name) => entryTexts(TRANSITIONS[name](before)).join() === wanted);
}

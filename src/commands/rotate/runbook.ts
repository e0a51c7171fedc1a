import {
  partsBefore,
  placeText,
  rolloutParts,
  type RolloutPart,
} from '../../catalog/rotation/parts.ts';
import type { Rollout } from '../../catalog/rotation/rollout.ts';
import { stepText } from '../../catalog/rotation/runbook.ts';
import type { RotationRequest, RotationStatus } from '../../model/store/rotation.ts';
import { MOVES } from '../../plan/rotation/transitions.ts';

/** Of these `ROTATION.md` says nothing: it is gone, or it never was. What follows is printed whole. */
const LAST: ReadonlySet<Rollout> = new Set(['retire', 'abort-accept', 'replace', 'reissue']);

/**
 * What people do now, for the terminal: titles, and where the rest stands.
 *
 * @param statuses where keysets stood before.
 */
export function runbookLines(
  request: RotationRequest,
  statuses: readonly RotationStatus[],
): string[] {
  const status = statuses.find(({ keyset }) => keyset === request.keyset);
  const transition = status && transitionOf(request, status);
  if (!status || !transition) return [];
  const isLast = LAST.has(transition);
  const next = 'next: review and merge this, roll it out everywhere';
  const [cluster = ''] = request.keyset.split('/');
  const parts = rolloutParts(status.domain, transition, [], status.users);
  const before = partsBefore(parts);
  return [
    ...(before.length === 0 ? [] : [`before you merge "${transition}":`]),
    ...before.flatMap((part) => partLines(part, isLast)),
    `to roll out "${transition}":`,
    ...parts.flatMap((part) => partLines(part, isLast)),
    ...(isLast ? [] : [`  how, and how to see it: ROTATION.md of ${cluster}`]),
    transition === 'reissue'
      ? next
      : `${next}, then: cdk8s-pki rotate ${request.keyset.replace('/', ' ')} --status`,
  ];
}

/** The same for programs: what must hold before the merge, and all steps with their commands. */
export function runbookJson(
  request: RotationRequest,
  statuses: readonly RotationStatus[],
): { readonly before: readonly unknown[]; readonly steps: readonly unknown[] } {
  const status = statuses.find(({ keyset }) => keyset === request.keyset);
  const transition = status && transitionOf(request, status);
  if (!status || !transition) return { before: [], steps: [] };
  const parts = rolloutParts(status.domain, transition, [], status.users);
  return { before: stepsJson(partsBefore(parts)), steps: stepsJson(parts) };
}

/** Steps of a runbook; of a keyset that clusters share with those to which each belongs. */
export const stepsJson = (parts: readonly RolloutPart[]): unknown[] =>
  parts.flatMap(({ places, steps }) => {
    const clusters = places.flatMap(({ places: all }) => all.map(({ cluster }) => cluster));
    return steps.map((each) => ({ ...each, ...(clusters.length === 0 ? {} : { clusters }) }));
  });

function partLines({ heading, places, steps }: RolloutPart, isWhole: boolean): string[] {
  const plain = (text: string): string => text;
  return [
    ...(heading === null ? [] : [`  ${heading}:`]),
    ...places.flatMap(({ places: all, following }) => [
      `  - ${all.map((place) => placeText(place, plain)).join('; ')}`,
      ...(isWhole ? following.map(({ label, names }) => `    ${label}: ${names.join(', ')}`) : []),
    ]),
    ...steps.flatMap((each, index) => [
      `  ${index + 1}. ${each.title}`,
      ...(isWhole
        ? [`     ${stepText(each)}`, ...each.commands.map((command) => `       ${command}`)]
        : []),
    ]),
  ];
}

function transitionOf(
  { verb }: RotationRequest,
  { standing, next }: RotationStatus,
): Rollout | null {
  if (verb === 'advance') return next;
  if (verb === 'reissue') return verb;
  return verb === 'compromised' ? 'replace' : MOVES[standing].abort;
}

import { REPLACEMENTS } from '../../catalog/rotation/replacements.ts';
import { placeText, rolloutParts, type RolloutPart } from '../../catalog/rotation/parts.ts';
import type { Rollout } from '../../catalog/rotation/rollout.ts';
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
  now: Date,
): string[] {
  const status = statuses.find(({ keyset }) => keyset === request.keyset);
  const transition = status && transitionOf(request, status);
  if (!status || !transition) return [];
  const isLast = LAST.has(transition);
  const next = 'next: review and merge this, roll it out everywhere';
  const [cluster = ''] = request.keyset.split('/');
  return [
    ...(transition === 'replace' ? [`outage: ${REPLACEMENTS[status.domain].lockout}`] : []),
    ...(transition === 'reissue' ? [`deadline: ${reissueDeadline(status, now)}`] : []),
    `to roll out "${transition}":`,
    ...rolloutParts(status.domain, transition, [], status.users).flatMap((part) =>
      partLines(part, isLast),
    ),
    ...(isLast ? [] : [`  how, and how to see it: ROTATION.md of ${cluster}`]),
    transition === 'reissue'
      ? next
      : `${next}, then: cdk8s-pki rotate ${request.keyset.replace('/', ' ')} --status`,
  ];
}

function partLines({ heading, places, steps }: RolloutPart, isWhole: boolean): string[] {
  const plain = (text: string): string => text;
  return [
    ...(heading === null ? [] : [`  ${heading}:`]),
    ...places.flatMap(({ places: all, following }) => [
      `  - ${all.map((place) => placeText(place, plain)).join('; ')}`,
      ...(isWhole ? following.map(({ label, names }) => `    ${label}: ${names.join(', ')}`) : []),
    ]),
    ...steps.flatMap(({ title, text, commands }, index) => [
      `  ${index + 1}. ${title}`,
      ...(isWhole ? [`     ${text}`, ...commands.map((command) => `       ${command}`)] : []),
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

/** Until when everybody must have what was signed again: the certificate before goes on being good until its end. */
export function reissueDeadline({ notAfter }: Pick<RotationStatus, 'notAfter'>, now: Date): string {
  const end = notAfter?.toISOString() ?? '';
  return notAfter !== null && now.getTime() > notAfter.getTime()
    ? `the certificate before ended on ${end}: whoever has only that one refuses everybody until it has the new one, so roll it out at once, in any order`
    : `the certificate before is good until ${end}: by then everybody must have the new one, or refuses everybody; what it signed stays good until its own end, and is issued again when it is due`;
}

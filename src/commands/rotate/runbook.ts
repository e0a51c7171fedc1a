import { REPLACEMENTS } from '../../catalog/rotation/replacements.ts';
import { rolloutSteps } from '../../catalog/rotation/rollout.ts';
import type {
  RotationRequest,
  RotationStatus,
  TransitionName,
} from '../../model/store/rotation.ts';
import { MOVES } from '../../plan/rotation/transitions.ts';

/** After these no rotation is under way, so `ROTATION.md` is gone: what follows is printed whole. */
const LAST: ReadonlySet<TransitionName> = new Set(['retire', 'abort-accept', 'replace']);

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
  const [cluster = ''] = request.keyset.split('/');
  return [
    ...(transition === 'replace' ? [`outage: ${REPLACEMENTS[status.domain].lockout}`] : []),
    `to roll out "${transition}":`,
    ...rolloutSteps(status.domain, transition, []).flatMap(({ title, text, commands }, index) => [
      `  ${index + 1}. ${title}`,
      ...(isLast ? [`     ${text}`, ...commands.map((command) => `       ${command}`)] : []),
    ]),
    ...(isLast ? [] : [`  how, and how to see it: ROTATION.md of ${cluster}`]),
  ];
}

function transitionOf(
  { verb }: RotationRequest,
  { standing, next }: RotationStatus,
): TransitionName | null {
  if (verb === 'advance') return next;
  return verb === 'compromised' ? 'replace' : MOVES[standing].abort;
}

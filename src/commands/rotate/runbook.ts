import { stageSteps } from '../../catalog/rotation/stage-steps.ts';
import { RUNBOOKS } from '../../catalog/rotation/runbooks.ts';
import type { RotationRequest, RotationStatus } from '../../model/store/rotation.ts';

/**
 * What people do now, for the terminal: titles, and where the rest stands. The last stage takes `ROTATION.md` away, so that one is
 * printed whole.
 */
export function runbookLines(
  { keyset, verb }: RotationRequest,
  statuses: readonly RotationStatus[],
): string[] {
  const status = statuses.find((one) => one.keyset === keyset);
  if (status === undefined || verb !== 'advance') return [];
  const { next, domain } = status;
  const isLast = next === 'retire';
  const steps = stageSteps(RUNBOOKS[domain], next, []);
  const [cluster = ''] = keyset.split('/');
  return [
    `to roll out "${next}":`,
    ...steps.flatMap(({ title, text, commands }, index) => [
      `  ${index + 1}. ${title}`,
      ...(isLast ? [`     ${text}`, ...commands.map((command) => `       ${command}`)] : []),
    ]),
    ...(isLast ? [] : [`  how, and how to see it: ROTATION.md of ${cluster}`]),
  ];
}

import type { PullRequestText } from '../../propose/forges/forge.ts';
import type { CredentialPath } from '../../model/names.ts';
import type { Action } from '../../model/plan.ts';
import type { TransitionName } from '../../model/store/rotation.ts';
import { MEANING } from '../../plan/rotation/plan-transition.ts';
import { restartOrder } from '../pipeline/report.ts';
import type { RotationWork } from './rotations.ts';
import type { ClusterWork } from './work.ts';

/** So many rows, then a count. */
const MOST_ROWS = 200;

/** Title and text of a pull request: what is done, why, and until when. */
export function describeWork({
  name,
  clusters,
  actions,
  deadline,
  ends,
}: ClusterWork): PullRequestText {
  const issued = actions.filter(({ action }) => action === 'issue').length;
  const what =
    issued > 0
      ? `Renew ${issued} ${issued === 1 ? 'certificate' : 'certificates'}`
      : 'Bring the tree in line with the declaration';
  return {
    title: `${what} of ${name}${deadline === null ? '' : ` before ${day(deadline)}`}`,
    body: [
      deadline === null
        ? `Clusters: ${clusters.map(cell).join(', ')}.`
        : `Clusters: ${clusters.map(cell).join(', ')}. If nobody merges this, the first certificate ends on **${deadline.toISOString()}**.`,
      '',
      ...actionTable(actions, ends),
      ...restartOrder(actions).flatMap((line) => ['', cell(line)]),
      '',
      'To look at it locally: check the branch out, then `cdk8s-pki plan` prints nothing to do and `cdk8s-pki check` the new dates.',
      'The branch has one commit and is made anew when the base moves; a commit of yours on it stops that.',
    ].join('\n'),
  };
}

/** Title and text for one stage of a rotation. */
export function describeStage({
  transition,
  keyset,
  actions,
}: Pick<RotationWork, 'transition' | 'keyset' | 'actions'>): PullRequestText {
  const number = STAGES.indexOf(transition) + 1;
  const stage = number === 0 ? transition : `${transition} (stage ${number} of 3)`;
  const [cluster = '', name = ''] = keyset.split('/');
  return {
    title: `Rotate ${keyset}: ${stage}`,
    body: [
      `**${transition}**: ${MEANING[transition]}.`,
      '',
      'Roll it out everywhere before the next stage. That one waits for the soak, counted from the commit that brings this to the base branch:',
      `\`cdk8s-pki rotate ${cell(cluster)} ${cell(name)} --status\` says from when. To go back: \`cdk8s-pki rotate ${cell(cluster)} ${cell(name)} --abort\`.`,
      '',
      ...actionTable(actions, new Map()),
      ...restartOrder(actions).flatMap((line) => ['', cell(line)]),
    ].join('\n'),
  };
}

const STAGES: readonly TransitionName[] = ['accept', 'issue', 'retire'];

function actionTable(
  actions: readonly Action[],
  ends: ReadonlyMap<CredentialPath, Date>,
): string[] {
  const rows = actions.slice(0, MOST_ROWS).map(({ action, credential, reason, message }) => {
    const end = ends.get(credential);
    return `| ${action} | ${cell(credential)} | ${end === undefined ? '' : day(end)} | ${cell(`${reason}: ${message}`)} |`;
  });
  return [
    '| Action | Credential | Ends | Why |',
    '| --- | --- | --- | --- |',
    ...rows,
    ...(actions.length > MOST_ROWS ? [`| | … and ${actions.length - MOST_ROWS} more | | |`] : []),
  ];
}

const day = (date: Date): string => date.toISOString().slice(0, 10);

/** Text of the declaration must not end a table's cell, or begin markup. */
function cell(text: string): string {
  return text.replaceAll(/[|<>`\r\n]/gu, ' ');
}

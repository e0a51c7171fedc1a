import type { PullRequestText } from '../../propose/forges/forge.ts';
import type { CredentialPath } from '../../model/names.ts';
import type { Action } from '../../model/plan.ts';
import {
  partsBefore,
  placeText,
  rolloutParts,
  type RolloutPart,
} from '../../catalog/rotation/parts.ts';
import type { Rollout } from '../../catalog/rotation/rollout.ts';
import { stepText } from '../../catalog/rotation/runbook.ts';
import type { RotationStatus, Stage, TransitionName } from '../../model/store/rotation.ts';
import { MEANING } from '../../plan/rotation/plan-transition.ts';
import { restartOrder } from '../pipeline/report.ts';
import { outageOf, reissueDeadline } from '../rotate/warnings.ts';
import { code, prose } from '../../review/print/escape.ts';
import { revocationLines } from '../revoke/print.ts';
import type { RevocationWork } from './revocation.ts';
import type { RotationWork } from './rotation/works.ts';
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
      : actions.some(({ action }) => action === 'revoke')
        ? 'Renew the CRL'
        : 'Bring the tree in line with the declaration';
  return {
    title: `${what} of ${name}${deadline === null ? '' : ` before ${day(deadline)}`}`,
    body: [
      deadline === null
        ? `Clusters: ${clusters.map(code).join(', ')}.`
        : `Clusters: ${clusters.map(code).join(', ')}. If nobody merges this, the first certificate ends on **${deadline.toISOString()}**.`,
      '',
      ...actionTable(actions, ends),
      ...restartOrder(actions).flatMap((line) => ['', prose(line)]),
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
  domain,
  users,
  wish,
  lockout,
  evidence,
}: Pick<
  RotationWork,
  'keyset' | 'actions' | 'domain' | 'users' | 'wish' | 'lockout' | 'evidence'
> & {
  readonly transition: TransitionName;
}): PullRequestText {
  const number = STAGES.findIndex((name) => name === transition) + 1;
  const stage = number === 0 ? transition : `${transition} (stage ${number} of 3)`;
  const command = `cdk8s-pki rotate ${keyset.replace('/', ' ')}`;
  return {
    title: `Rotate ${keyset}: ${stage}${lockout === null ? '' : ' with --accept-lockout'}`,
    body: [
      `**${transition}**: ${MEANING[transition]}.`,
      '',
      FOLLOWS[transition](command),
      '',
      ...(transition === 'replace' ? [`**Outage.** ${outageOf({ domain, users })}`, ''] : []),
      ...(lockout === null ? [] : [`**Lockout** (\`--accept-lockout\`). ${lockout}`, '']),
      WISHES[wish],
      '',
      ...evidenceOf(evidence),
      ...actionTable(actions, new Map()),
      ...restartOrder(actions).flatMap((line) => ['', prose(line)]),
      ...stepsOf(transition, domain, users),
    ].join('\n'),
  };
}

/** Title and text for certificates that are revoked. */
export function describeRevocation({ statuses, actions }: RevocationWork): PullRequestText {
  const names = [...new Set(statuses.map(({ credential }) => credential))];
  const [first = '', ...more] = names;
  return {
    title: `Revoke ${first}${more.length === 0 ? '' : ` and ${more.length} more`}`,
    body: [
      '**revoke**: new keys and certificates now, and those that they had come on the CRL of their authority. Until this is merged and rolled out they go on being good.',
      '',
      ...revocationLines(statuses).map((line) =>
        line.startsWith('revoked ') ? `\n**${prose(line)}**\n` : item(line.trimStart()),
      ),
      '',
      ...actionTable(actions, new Map()),
      ...restartOrder(actions).flatMap((line) => ['', prose(line)]),
    ].join('\n'),
  };
}

/** Title and text for an authority that gets a certificate with new dates. */
export function describeReissue(
  { keyset, actions, domain, users, deadline }: Omit<RotationWork, 'transition'>,
  now: Date,
): PullRequestText {
  return {
    title: `Reissue ${keyset}${deadline === null ? '' : ` before ${day(deadline)}`}`,
    body: [
      '**reissue**: the authority gets a certificate with new dates for the key that it has. What it signed is good under either, so nobody is refused on the way.',
      '',
      `**Deadline.** ${reissueDeadline({ notAfter: deadline }, now)}.`,
      '',
      ...actionTable(actions, new Map()),
      ...restartOrder(actions).flatMap((line) => ['', prose(line)]),
      ...stepsOf('reissue', domain, users),
    ].join('\n'),
  };
}

/** Why it follows before its time. */
function evidenceOf([first, ...more]: readonly string[]): string[] {
  if (first === undefined) return [];
  return [`**Evidence.** ${prose(first)}.`, '', ...more.map((line) => `- ${prose(line)}`), ''];
}

const STAGES: readonly Stage[] = ['accept', 'issue', 'retire'];

const WISHES: Readonly<Record<RotationWork['wish'], string>> = {
  'asked-for':
    'Somebody asked for this: `renew` neither closes it nor puts another stage in its place.',
  automatic: 'Nobody asked for this: `rotation.automatic` is declared, and its time has come.',
};

const waits = (command: string): string =>
  `Roll it out everywhere before the next stage. That one waits, counted from the commit that brings this to the base branch: \`${command} --status\` says until when. To go back: \`${command} --abort\`.`;

/** What follows a transition; what was retired or replaced does not come back. */
const FOLLOWS: Readonly<Record<TransitionName, (command: string) => string>> = {
  accept: waits,
  issue: waits,
  retire: () => 'There is no way back: the key of the outgoing entry is deleted.',
  'abort-accept': (command) => `To begin again: \`${command}\`.`,
  'abort-issue': waits,
  replace: () =>
    'There is no way back, and no soak: roll it out everywhere at once. `verify` finds that no key that could be trusted signed it; somebody has to overrule that.',
};

/** How to roll it out. */
function stepsOf(
  rollout: Rollout,
  domain: RotationStatus['domain'],
  users: RotationStatus['users'],
): string[] {
  const parts = rolloutParts(domain, rollout, [], users);
  const before = partsBefore(parts);
  return [
    ...(before.length === 0 ? [] : ['', '### Before you merge', ...partLines(before)]),
    '',
    '### To roll it out',
    ...partLines(parts),
  ];
}

const partLines = (parts: readonly RolloutPart[]): string[] =>
  parts.flatMap(({ heading, places, steps }) => [
    ...(heading === null ? [] : ['', `#### ${heading}`, '']),
    ...places
      .slice(0, MOST_ROWS)
      .flatMap(({ places: all, following }) => [
        `- ${listed(all.map((place) => placeText(place, code)))}`,
        ...following.map(({ label, names }) => `  - ${label}: ${listed(names.map(code))}`),
      ]),
    ...steps.flatMap((each, index) => [
      '',
      `${index + 1}. **${each.title}.** ${stepText(each)}`,
      ...(each.commands.length === 0
        ? []
        : ['', '   ```bash', ...each.commands.map((line) => `   ${line}`), '   ```']),
    ]),
  ]);

/** A pull request has room for so much; the runbook in the tree has all. */
const listed = (names: readonly string[]): string =>
  names.length > MOST_ROWS
    ? `${names.slice(0, MOST_ROWS).join(', ')} and ${names.length - MOST_ROWS} more`
    : names.join(', ');

function actionTable(
  actions: readonly Action[],
  ends: ReadonlyMap<CredentialPath, Date>,
): string[] {
  const rows = actions.slice(0, MOST_ROWS).map(({ action, credential, reason, message }) => {
    const end = ends.get(credential);
    return `| ${action} | ${code(credential)} | ${end === undefined ? '' : day(end)} | ${reason}: ${prose(message)} |`;
  });
  return [
    '| Action | Credential | Ends | Why |',
    '| --- | --- | --- | --- |',
    ...rows,
    ...(actions.length > MOST_ROWS ? [`| | … and ${actions.length - MOST_ROWS} more | | |`] : []),
  ];
}

const item = (line: string): string =>
  line.startsWith('- ') ? `- ${prose(line.slice(2))}` : prose(line);

const day = (date: Date): string => date.toISOString().slice(0, 10);

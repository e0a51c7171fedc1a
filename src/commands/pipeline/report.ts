import { EXIT } from '../../errors.ts';
import { credentialParts } from '../../model/names.ts';
import type { Action, Waiting } from '../../model/plan.ts';
import type { Output } from '../../output.ts';
import type { RunResult } from './total.ts';

/** So many actions of one kind in one cluster are named one by one; more are counted. */
const MOST_NAMED = 5;

/** `{"actions": […], "files": […]}` of DESIGN §6, with findings beside them. */
export function reportJson({
  actions,
  files,
  findings,
  waiting,
  skipped,
  problems,
  unknownFiles,
}: RunResult): Readonly<Record<string, unknown>> {
  const failed = problems.clusters;
  return {
    actions,
    files: files.list,
    findings,
    ...(waiting.length > 0 ? { waiting } : {}),
    ...(skipped.length > 0 ? { skipped } : {}),
    ...(failed.length > 0 ? { failed } : {}),
    ...(unknownFiles.length > 0 ? { unknownFiles } : {}),
  };
}

/** What is or was to be done, for people: actions with reasons, folded where they are many; then files by kind of change. */
export function reportText(
  output: Output,
  { actions, files, findings, waiting, unknownFiles }: RunResult,
  tense: 'to do' | 'done',
): void {
  for (const group of groups(actions)) {
    const [{ action, reason, message, needsIdentity }] = group;
    const verb = output.paint('strong', action);
    const note = needsIdentity && tense === 'to do' ? ' [needs an identity]' : '';
    if (group.length > MOST_NAMED) {
      const what = `${placeOf(group)}: ${group.length} credentials`;
      output.line(`${verb} ${what}: ${reason}, ${message}${note}`);
    } else {
      for (const { credential } of group) {
        output.line(`${verb} ${credential}: ${reason}, ${message}${note}`);
      }
    }
  }
  if (actions.some(isRemoval)) {
    const isCompromised = actions.some(({ reason }) => reason === 'Exposed');
    const advice = isCompromised
      ? ''
      : '; if an identity may be in wrong hands, say compromised: true';
    output.line(
      `note: git's history keeps the old copies: who is removed can open them for ever${advice}`,
    );
  }
  for (const line of [...restartOrder(actions), ...unknownText(unknownFiles)]) output.line(line);
  for (const { credential, code, message } of findings) {
    output.line(`${output.paint('warning', code)} ${credential}: ${message}`);
  }
  for (const line of waitingText(waiting)) output.line(line);
  const parts = (['create', 'update', 'delete'] as const)
    .filter((change) => files.count(change) > 0)
    .map((change) =>
      tense === 'to do'
        ? `${files.count(change)} to ${change}`
        : `${files.count(change)} ${change}d`,
    );
  const created = actions.filter(({ action }) => action === 'create').length;
  if (tense === 'to do' && created > 0)
    parts.push(`and ${created} more, named by ${created === 1 ? 'its new key' : 'their new keys'}`);
  if (parts.length > 0) output.line(`files: ${parts.join(', ')}`);
}

/** What history cannot tell, so that nobody takes it for nothing. */
function unknownText(files: readonly string[]): string[] {
  if (files.length === 0) return [];
  const named = files.slice(0, MOST_NAMED).join(', ');
  const more = files.length > MOST_NAMED ? ` and ${files.length - MOST_NAMED} more` : '';
  return [
    `note: git's history has files that a compromised recipient could open and that do not say whose key they held, if any: ${named}${more}; replace what was in them`,
  ];
}

/** Of actions in one cluster: that, and the node where it is one. */
function placeOf([first, ...others]: readonly [Action, ...Action[]]): string {
  const { node } = credentialParts(first.credential);
  const isOne = others.every(({ credential }) => credentialParts(credential).node === node);
  return node !== null && isOne ? `${first.cluster}/${node}` : first.cluster;
}

/** What is due and not renewed yet, folded where it is much. */
export function waitingText(waiting: readonly Waiting[]): string[] {
  const text = (what: string, { until }: Waiting, since = ''): string =>
    `waiting ${what}: due${since}, waiting for its renewal window until ${until.toISOString()}`;
  const clusters = new Set(waiting.map(({ cluster }) => cluster));
  return [...clusters].flatMap((cluster) => {
    const own = waiting
      .filter((item) => item.cluster === cluster)
      .sort((a, b) => a.until.getTime() - b.until.getTime());
    const [first] = own;
    return first === undefined || own.length <= MOST_NAMED
      ? own.map((item) => text(item.credential, item, ` since ${item.since.toISOString()}`))
      : [text(`${cluster}: ${own.length} credentials`, first)];
  });
}

/** Nodes of one cluster whose certificates fall together must not restart together: etcd would lose its majority. */
export function restartOrder(actions: readonly Action[]): string[] {
  // nodes with old and with new files refuse each other: none waits for another, as the runbook says
  if (actions.some(({ reason }) => reason === 'Compromised')) return [];
  const nodes = new Map<string, Set<string>>();
  for (const { action, cluster, credential } of actions) {
    const { node } = credentialParts(credential);
    if (action !== 'issue' || node === null) continue;
    nodes.set(cluster, (nodes.get(cluster) ?? new Set()).add(node));
  }
  return [...nodes]
    .filter(([, names]) => names.size > 1)
    .map(
      ([cluster, names]) =>
        `order ${cluster}: one node at a time: ${[...names].sort().join(', then ')}; after each wait until its pods run and etcd is healthy (etcdctl endpoint health --cluster)`,
    );
}

function isRemoval({ reason, message }: Action): boolean {
  return reason === 'Exposed' || (reason === 'RecipientsChanged' && message.includes('removed '));
}

/** The last line: whether something is left, and for whom. */
export function outcomeText(result: RunResult): string {
  const { actions, files, findings, skipped } = result;
  const isEmpty = actions.length + files.size + skipped.length === 0;
  const count = findings.length;
  if (count === 0) return isEmpty ? `nothing to do: ${asDeclared(result)}` : asDeclared(result);
  const needs = count === 1 ? '1 finding needs a person' : `${count} findings need a person`;
  return isEmpty ? `nothing to do for synth; ${needs}` : `${asDeclared(result)}; ${needs}`;
}

/** Of a plan: something is to do, or left for a person. */
export function planStatus(result: RunResult): number {
  return isNothing(result) && result.findings.length === 0 ? EXIT.ok : EXIT.findings;
}

export function isNothing({ actions, files }: RunResult): boolean {
  return actions.length === 0 && files.size === 0;
}

/** `1 cluster is as declared`. */
function asDeclared({ clusters }: RunResult): string {
  return `${clusters} ${clusters === 1 ? 'cluster is' : 'clusters are'} as declared`;
}

/** Actions that read alike but for the credential, in the order of the first of each. */
function groups(actions: readonly Action[]): [Action, ...Action[]][] {
  const byText = new Map<string, [Action, ...Action[]]>();
  for (const action of actions) {
    const { cluster, reason, message, needsIdentity } = action;
    const key = JSON.stringify([action.action, cluster, reason, message, needsIdentity]);
    const group = byText.get(key);
    if (group === undefined) byText.set(key, [action]);
    else group.push(action);
  }
  return [...byText.values()];
}

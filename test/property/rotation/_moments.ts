import type { DesiredUnit } from '../../../src/model/desired.ts';
import type { CredentialPath } from '../../../src/model/names.ts';
import type { RotationRequest } from '../../../src/model/store/rotation.ts';
import { layout } from '../../../src/model/store/layout.ts';
import type { AgeIdentity } from '../../../src/sops/age/identity.ts';
import { after, DAY, NOW, TREE } from '../../_helpers/desired.ts';
import { MemoryTree, synth } from '../../_helpers/repository.ts';
import { momentOf, type Moment } from './_judge.ts';

/** A transition of a keyset, by the name that its moment gets. */
export type Step = Pick<RotationRequest, 'verb'> & { readonly name: string };

export const ACCEPT: Step = { name: 'accept', verb: 'advance' };
export const ISSUE: Step = { name: 'issue', verb: 'advance' };
export const RETIRE: Step = { name: 'retire', verb: 'advance' };
export const ABORT: Step = { name: 'abort', verb: 'abort' };
export const REISSUE: Step = { name: 'reissue', verb: 'reissue' };
export const REPLACE: Step = { name: 'replace', verb: 'compromised' };

/** All ways through a rotation. */
export const SEQUENCES: readonly (readonly Step[])[] = [
  [ACCEPT, ISSUE, RETIRE],
  [ACCEPT, ABORT],
  [ACCEPT, ISSUE, ABORT, RETIRE],
];

/** The trees of a sequence of transitions, each made by the line that `rotate` runs, from the one before, so many days later. */
export async function momentsOf(
  unit: DesiredUnit,
  identity: AgeIdentity,
  steps: readonly (Step & { readonly keyset: CredentialPath })[],
  days = 400,
): Promise<Moment[]> {
  const tree = new MemoryTree();
  await synth(tree, { units: [unit] });
  const all = [await momentOf('start', tree, identity)];
  let now = NOW;
  for (const { name, verb, keyset } of steps) {
    const content = tree.read(layout.keyset(TREE, keyset)) ?? new Uint8Array();
    const merged = new Map([[keyset, { since: now, commit: 'c'.repeat(40), content }]]);
    now = after(now, days * DAY);
    const request = { keyset, verb, acceptLockout: name === 'retire' };
    await synth(tree, { units: [unit], identity, now, rotation: { request, merged } });
    all.push(await momentOf(name, tree, identity));
  }
  return all;
}

import type { IConstruct } from 'constructs';
import { ageRecipient, sopsRecipient } from '../../catalog/names/recipient.ts';
import type { Fleet, OpenFolder, Report } from '../fleet/collect.ts';
import { markAs } from '../tree/mark.ts';

/** Recipients of one folder: who opens its store, its manifests, its nodes. */
export function checkRecipients(fleet: Fleet, folder: OpenFolder, report: Report): void {
  const { cluster, construct, bundles } = folder;
  const check = checker(fleet, report);
  check(construct, 'recipients', cluster?.recipients ?? []);
  check(construct, 'deliveryRecipients', cluster?.deliveryRecipients ?? []);
  if (cluster?.recipients?.length === 0)
    report(construct, 'recipients names nobody; nobody could open the store');
  for (const bundle of bundles) {
    const mark = markAs(bundle, 'NodeBundle');
    if (mark !== undefined) check(bundle, 'recipients', mark.recipients);
  }
}

export function checkAppRecipients(fleet: Fleet, report: Report): void {
  const { app, mark } = fleet;
  const check = checker(fleet, report);
  check(app, 'recipients', mark.recipients);
  check(app, 'deliveryRecipients', mark.deliveryRecipients);
  for (const { recipient } of mark.removedRecipients) {
    const { problem } = sopsRecipient(recipient);
    if (problem !== undefined) report(app, `removedRecipients: ${problem}`);
  }
  if (mark.recipients.length === 0)
    report(app, 'recipients names nobody; nobody could open the store');
  const removed = mark.removedRecipients.map(({ recipient }) => recipient);
  const twice = removed.filter((recipient, index) => removed.indexOf(recipient) !== index);
  for (const recipient of new Set(twice))
    report(app, `removedRecipients: "${recipient}" is named twice`);
}

function checker({ mark }: Fleet, report: Report) {
  const rule = mark.encryption === 'sops' ? sopsRecipient : ageRecipient;
  const removed = new Set(mark.removedRecipients.map(({ recipient }) => recipient));
  return (construct: IConstruct, label: string, recipients: readonly string[]): void => {
    const seen = new Set<string>();
    for (const recipient of recipients) {
      const { problem } = rule(recipient);
      if (problem !== undefined) report(construct, `${label}: ${problem}`);
      else if (removed.has(recipient))
        report(construct, `${label}: "${recipient}" is in removedRecipients as well`);
      else if (seen.has(recipient)) report(construct, `${label}: "${recipient}" is named twice`);
      seen.add(recipient);
    }
  };
}

import { UNRESTRICTED_GROUP } from '../../catalog/kubeconfigs.ts';
import type { Subject } from '../../model/names.ts';

/** Upper bounds of RFC 5280 appendix A, in characters. */
const BOUNDS: readonly (readonly [keyof Subject, string, number])[] = [
  ['commonName', 'common name', 64],
  ['organizations', 'organization', 64],
  ['organizationalUnits', 'organizational unit', 64],
  ['serialNumber', 'serial number', 64],
];

/** What is wrong with a distinguished name. */
export function subjectProblems(subject: Subject | undefined): string[] {
  if (subject === undefined) return [];
  const problems: string[] = [];
  for (const [attribute, name, bound] of BOUNDS) {
    for (const value of [subject[attribute] ?? []].flat()) {
      if (value === '') problems.push(`${name} is empty`);
      else if (/\p{Cc}/u.test(value))
        problems.push(`${name} ${JSON.stringify(value)} has control characters`);
      else if (Array.from(value).length > bound)
        problems.push(`${name} ${JSON.stringify(value)} is longer than ${bound} characters`);
    }
  }
  if (subject.country !== undefined && !/^[A-Z]{2}$/u.test(subject.country))
    problems.push(`country ${JSON.stringify(subject.country)} is not two upper-case letters`);
  if (subject.organizations?.includes(UNRESTRICTED_GROUP))
    problems.push(UNRESTRICTED_GROUP_PROBLEM);
  return problems;
}

const UNRESTRICTED_GROUP_PROBLEM =
  `group "${UNRESTRICTED_GROUP}" bypasses authorization and cannot be revoked; ` +
  'for an emergency run "cdk8s-pki kubeconfig CLUSTER --break-glass"';

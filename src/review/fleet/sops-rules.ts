import { load } from 'js-yaml';
import type { TreePath } from '../../model/names.ts';
import { markedLines, unmarkedLines } from '../../model/store/marked.ts';
import { flag } from '../flags.ts';
import type { Flag } from '../report.ts';

/**
 * What differs in a `.sops.yaml`: recipients that it did not name, lines of a user, and what keeps generated rules from being obeyed.
 * Lines of a user are compared as text: what they mean to sops is for people to say.
 */
export function ruleFlags(
  before: string | undefined,
  after: string | undefined,
  file: TreePath,
): Flag[] {
  const [was, is] = [parse(before), parse(after)];
  const added = [...(is?.recipients ?? [])].filter(
    (recipient) => was?.recipients.has(recipient) !== true,
  );
  const flags = added.map((recipient) =>
    flag('RecipientAdded', `${recipient} is new in ${file}: sops updatekeys would let it read`, {
      file,
    }),
  );
  flags.push(...bypasses(was, is, after ?? '', file));
  if (ownLines(before) !== ownLines(after)) {
    const change = after === undefined ? 'is gone' : 'is changed outside its generated lines';
    const text = `${file} ${change}, which decides to whom sops encrypts: read it yourself`;
    flags.push(flag('WorkflowChanged', text, { file }));
  }
  return flags;
}

/** Rules of a `.sops.yaml` that sops obeys in the place of generated ones, since it takes the first that matches. */
export function bypassFlags(text: string | undefined, file: TreePath): Flag[] {
  return bypasses(undefined, parse(text), text ?? '', file);
}

function bypasses(
  was: Rules | undefined,
  is: Rules | undefined,
  text: string,
  file: TreePath,
): Flag[] {
  const bypassed = (what: string): Flag =>
    flag('RulesBypassed', `${file} ${what}: whoever runs sops obeys that`, { file });
  const marked = markedLines(text);
  const generated = parse(marked.length === 0 ? '' : ['creation_rules:', ...marked].join('\n'));
  if (is === undefined || generated === undefined)
    return [bypassed('cannot be understood, so nobody can tell whom it lets read')];
  const [first] = generated.rules;
  if (first === undefined) return [];
  const at = is.rules.indexOf(first);
  if (generated.rules.some((rule, index) => is.rules[at + index] !== rule))
    return [bypassed('does not have its generated lines as creation rules')];
  return is.rules
    .slice(0, at)
    .filter((rule) => was?.rules.includes(rule) !== true)
    .map((rule) => bypassed(`has the rule ${rule.replaceAll('"', "'")} before the generated ones`));
}

/** Every recipient that a `.sops.yaml` names; undefined where it cannot be understood. */
export function ruleRecipients(text: string | undefined): ReadonlySet<string> | undefined {
  return parse(text)?.recipients;
}

/** Where there is no file, generated rules come below a first line. */
function ownLines(text: string | undefined): string {
  return (text === undefined ? ['creation_rules:'] : unmarkedLines(text)).join('\n');
}

interface Rules {
  /** Each in one form, in the order in which sops tries them. */
  readonly rules: readonly string[];
  readonly recipients: ReadonlySet<string>;
}

const KEYS = /^(?:age|pgp|kms|gcp_kms|hckms|azure_keyvault|hc_vault_transit_uri|key_groups)$/u;

/** Ten thousand clusters have some hundred thousand. */
const MOST_VALUES = 5_000_000;

/** Undefined for what is not one document of YAML with a list of rules, or what aliases make endless. */
function parse(text: string | undefined): Rules | undefined {
  if (text === undefined || text.trim() === '') return { rules: [], recipients: new Set() };
  const recipients = new Set<string>();
  let values = 0;
  const collect = (value: unknown, isKey: boolean): void => {
    values += 1;
    if (values > MOST_VALUES) throw new RangeError('too many values');
    if (typeof value === 'string' && isKey) {
      for (const recipient of value.split(',')) recipients.add(recipient.trim());
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, item] of Object.entries(value)) collect(item, isKey || KEYS.test(key));
    }
  };
  try {
    const document: unknown = load(text);
    collect(document, false);
    recipients.delete('');
    const list: unknown = isMapping(document) ? (document.creation_rules ?? []) : undefined;
    if (!Array.isArray(list)) return undefined;
    return { rules: list.map((rule) => JSON.stringify(rule)), recipients };
  } catch {
    return undefined;
  }
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

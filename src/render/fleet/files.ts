import { PkiError } from '../../errors.ts';
import type { DesiredFleet, FleetCluster } from '../../model/desired.ts';
import { layout, STORE_SELECTOR } from '../../model/store/layout.ts';
import { treePath } from '../../model/names.ts';
import type { PlainFile } from '../../model/made/tree.ts';
import { markedLines, unmarkedLines, withMarkedLines } from '../../model/store/marked.ts';
import { restoreHints } from '../../model/store/restore.ts';

interface Rule {
  readonly place: string;
  readonly selector: string | null;
  readonly recipients: readonly string[];
}

/**
 * `.sops.yaml` and `.gitattributes` beside the tree: what `sops edit`, `sops updatekeys` and git need to know of it. Lines outside
 * the markers are the user's and stay.
 *
 * @param kept clusters whose files stay as they are, declared or not, and so do their rules.
 */
export function fleetFiles(
  fleet: DesiredFleet,
  present: { readonly sops: string; readonly attributes: string },
  kept: readonly string[] = [],
): PlainFile[] {
  const { tree } = fleet;
  refuseDamaged('.sops.yaml', present.sops);
  refuseDamaged('.gitattributes', present.attributes);
  return [
    {
      format: 'plain',
      path: treePath('.sops.yaml'),
      content: sopsConfiguration(present.sops, creationRules(fleet, present.sops, kept)),
    },
    {
      format: 'plain',
      path: treePath('.gitattributes'),
      content: withMarkedLines(present.attributes, [
        // no conversion of line ends: a checkout on Windows must have the octets that MACs and hashes are over
        `${tree}/** -text -merge linguist-generated diff=cdk8s-pki`,
        `${layout.ledger(tree)} merge=union`,
      ]),
    },
  ];
}

/** The user's own lines are kept: what they are must be clear. */
function refuseDamaged(file: string, text: string): void {
  const problem = text.includes('\u{fffd}')
    ? 'the file is not UTF-8 text'
    : /^(?:<{7}|={7}|>{7})(?: |\r?$)/mu.test(text)
      ? 'the file holds merge-conflict markers'
      : undefined;
  if (problem === undefined) return;
  throw new PkiError('ERR_STORE', `"${file}": ${problem}`, {
    hint: ['keep your own lines and run it again', ...restoreHints(file)],
  });
}

/** A byte order mark may stand before the first line. */
const RULES = /^\u{feff}?creation_rules:/u;

/** Generated rules come before the user's, in the indentation that theirs have. */
function sopsConfiguration(present: string, rules: readonly string[]): string {
  const own = present === '' ? [] : unmarkedLines(present);
  const at = own.findIndex((line) => RULES.test(line));
  if (at === -1) {
    const text = present === '' ? '' : present.replace(/\r?\n?$/u, '\n');
    return withMarkedLines(`${text}creation_rules:\n`, rules, { indent: '  ', after: RULES });
  }
  if (!/^\u{feff}?creation_rules:\s*(?:\[\s*\]\s*)?(?:#.*)?$/u.test(own[at] ?? '')) {
    throw new PkiError(
      'ERR_STORE',
      '".sops.yaml": creation_rules are not written one below the other',
      {
        hint: 'write each rule as an item of a block list: "creation_rules:", then "  - path_regex: …"',
      },
    );
  }
  const first = own.slice(at + 1).find((line) => /^\s*-\s/u.test(line));
  const indent = first === undefined ? '  ' : (/^\s*/u.exec(first)?.[0] ?? '');
  const text = present.replace(/^(\u{feff}?)creation_rules:\s*\[\s*\]/mu, '$1creation_rules:');
  return withMarkedLines(text, rules, { indent, after: RULES });
}

/** The generated rules, those for single nodes first: sops takes the first that matches. */
function creationRules(
  { tree, clusters }: DesiredFleet,
  present: string,
  kept: readonly string[],
): string[] {
  const rules = new Map(clusters.map((cluster) => [cluster.name, rulesOf(tree, cluster)]));
  for (const name of kept) rules.set(name, presentRules(present, `${tree}/${name}/`));
  const all = [...rules].map(([name, lines]) => ({ name, lines }));
  return byName(all).flatMap(({ lines }) => lines);
}

function rulesOf(tree: string, cluster: FleetCluster): string[] {
  const { name, recipients } = cluster;
  const delivery = [...new Set([...recipients, ...cluster.deliveryRecipients])];
  const rules: Rule[] = [
    ...byName(cluster.nodes).map((node) => ({
      place: `${name}/nodes/${node.name}/`,
      selector: null,
      recipients: [...new Set([...recipients, ...node.recipients])],
    })),
    { place: `${name}/pki/`, selector: `encrypted_regex: ${STORE_SELECTOR}`, recipients },
    {
      place: `${name}/kubeconfigs/`,
      selector: 'encrypted_regex: ^client-key-data$',
      recipients,
    },
    {
      place: `${name}/`,
      selector: 'encrypted_regex: ^(data|stringData)$',
      recipients: delivery,
    },
  ];
  return rules.flatMap(({ place, selector, recipients: readers }) => [
    `${PATH}${escape(`${tree}/${place}`)}`,
    ...(selector === null ? [] : [`  ${selector}`]),
    `  age: ${readers.join(',')}`,
  ]);
}

/** The generated rules for files below `place`, as they stand in a `.sops.yaml`. */
function presentRules(text: string, place: string): string[] {
  const rules: string[][] = [];
  for (const line of markedLines(text).map((marked) => marked.replace(/^\s*(?=- )/u, '')))
    if (line.startsWith(PATH)) rules.push([line]);
    else rules.at(-1)?.push(`  ${line.trim()}`);
  return rules.filter(([path]) => path?.startsWith(PATH + escape(place))).flat();
}

const PATH = '- path_regex: ^';

/** The order of declarations does not change the file. */
function byName<T extends { readonly name: string }>(list: readonly T[]): T[] {
  return list.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function escape(text: string): string {
  return text.replaceAll('.', String.raw`\.`);
}

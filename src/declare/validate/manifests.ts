import type { IConstruct } from 'constructs';
import type { DesiredManifest, JsonValue } from '../../model/desired.ts';
import { findReferences } from '../../model/reference.ts';
import type { Folder, OpenFolder, Report } from '../fleet/collect.ts';
import { eachText } from '../fleet/imports.ts';
import { describeManifest, identityOf, record, text } from '../describe/manifests.ts';
import { referenceProblems, type KindOf } from './references.ts';

/** Objects of a folder, described: their files and what they refer to. Undefined where one cannot be rendered. */
export function checkManifests(
  folder: OpenFolder,
  kindOf: KindOf,
  report: Report,
): DesiredManifest[] | undefined {
  const files = new Map<string, DesiredManifest>();
  const identities = new Map<string, DesiredManifest>();
  const described: DesiredManifest[] = [];
  for (const construct of folder.objects) {
    const manifest = tryDescribe(construct, folder, report);
    if (manifest === undefined) continue;
    described.push(manifest);
    const { path, template } = manifest;
    const [chart = '', file = ''] = path.split('/');
    const key = `${chart}:${identityOf(template)}`;
    const twin = identities.get(key);
    const neighbour = files.get(path.toLowerCase());
    if (twin !== undefined)
      report(construct, `is the same ${text(template['kind'])} as [${twin.constructPath}]`);
    else if (neighbour !== undefined)
      report(
        construct,
        `would be written to the file of [${neighbour.constructPath}], ${path}; rename one or use a child chart`,
      );
    if (text(record(template['metadata'])['name']) === '')
      report(construct, 'has no metadata.name');
    if (file.length > 240) report(construct, 'has a name too long for a file');
    identities.set(key, manifest);
    files.set(path.toLowerCase(), manifest);
    for (const problem of new Set(templateProblems(template, kindOf))) report(construct, problem);
  }
  return described.length === folder.objects.length ? described : undefined;
}

function tryDescribe(
  construct: IConstruct,
  folder: Folder,
  report: Report,
): DesiredManifest | undefined {
  try {
    return describeManifest(construct, folder);
  } catch (error) {
    report(
      construct,
      `cannot be rendered: ${error instanceof Error ? error.message : 'unknown error'}`,
    );
    return undefined;
  }
}

function* templateProblems(
  template: DesiredManifest['template'],
  kindOf: KindOf,
): Generator<string> {
  const isSecret = template['apiVersion'] === 'v1' && template['kind'] === 'Secret';
  const { data, stringData, ...rest } = template;
  const texts: string[] = [];
  eachText(isSecret ? rest : template, (value) => texts.push(value));
  if (isSecret) for (const map of [data, stringData]) texts.push(...Object.keys(record(map)));
  for (const value of texts) yield* referenceProblems(value, false, kindOf);
  if (holdsSecrets(template))
    yield 'is a list with Secrets in it: declare each Secret as an object of its own, so that it can be encrypted';
  if (isSecret) yield* secretProblems(record(data), record(stringData), kindOf);
}

type Values = { readonly [key: string]: JsonValue };

function* secretProblems(data: Values, stringData: Values, kindOf: KindOf): Generator<string> {
  let references = 0;
  for (const [key, value] of Object.entries(data)) {
    const found = findReferences(text(value));
    references += found.length;
    yield* referenceProblems(text(value), true, kindOf);
    const [only] = found;
    if (only !== undefined && (found.length > 1 || only.form !== 'base64' || !isWhole(text(value))))
      yield `data "${key}" is not one .base64 reference; data holds base64, text with references belongs into stringData`;
  }
  for (const value of Object.values(stringData)) {
    references += findReferences(text(value)).length;
    yield* referenceProblems(text(value), true, kindOf);
  }
  if (references === 0 && Object.keys(data).length + Object.keys(stringData).length > 0)
    yield 'ERR_LITERAL_SECRET: the Secret holds literal values only; a declaration is no place for secrets, refer to credentials instead';
}

function holdsSecrets({ kind, items }: DesiredManifest['template']): boolean {
  const isSecret = (item: JsonValue): boolean => record(item)['kind'] === 'Secret';
  return kind === 'SecretList' || (kind === 'List' && Array.isArray(items) && items.some(isSecret));
}

const isWhole = (value: string): boolean => value.startsWith('__') && value.endsWith('__');

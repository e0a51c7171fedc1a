import { relativePath } from '../../catalog/names/tree-name.ts';
import type { DesiredBundle } from '../../model/desired.ts';
import { PLACEHOLDERS } from '../../model/placeholder.ts';
import { findReferences } from '../../model/reference.ts';
import { describeBundle, MANIFESTS } from '../describe/bundle.ts';
import type { OpenFolder, Report } from '../fleet/collect.ts';
import { countBesidePod } from '../describe/pod-manifest.ts';
import { markAs } from '../tree/mark.ts';
import type { BundleFile } from '../tree/props.ts';
import { referenceProblems, type KindOf } from './references.ts';

/** The file in which a bundle lists its own files. */
const LIST = 'bundle.yaml';

/**
 * Node bundles of a folder, described: where their files lie and what they refer to. Undefined where one cannot be described. Their
 * files are asked for once, since they are made at each asking.
 */
export function checkBundles(
  folder: OpenFolder,
  kindOf: KindOf,
  report: Report,
): DesiredBundle[] | undefined {
  const described: DesiredBundle[] = [];
  for (const construct of folder.bundles) {
    const files = markAs(construct, 'NodeBundle')?.files() ?? {};
    for (const problem of Object.entries(files).flatMap(placeProblems)) report(construct, problem);
    if (Object.values(files).some(({ content }) => typeof content !== 'string')) continue;
    const bundle = describeBundle(construct, files);
    described.push(bundle);
    for (const problem of contentProblems(bundle, kindOf)) report(construct, problem);
  }
  return described.length === folder.bundles.length ? described : undefined;
}

function placeProblems([path, { content, mode = 0 }]: readonly [string, BundleFile]): string[] {
  const { problem } = relativePath(path);
  return [
    ...(problem === undefined ? [] : [`file ${problem}`]),
    ...(typeof content === 'string' ? [] : [`file "${path}" has no text as content`]),
    ...(Number.isInteger(mode) && mode >= 0 && mode <= 0o777
      ? []
      : [`file "${path}" has a mode outside 0 to 0o777`]),
  ];
}

function* contentProblems({ files }: DesiredBundle, kindOf: KindOf): Generator<string> {
  const paths = new Set([LIST]);
  for (const { path, content, secret } of files) {
    const folded = path.toLowerCase();
    if (paths.has(folded)) yield `file "${path}" is there twice, or belongs to the tool`;
    paths.add(folded);
    for (const problem of referenceProblems(withoutPlaceholders(content), secret, kindOf))
      yield `file "${path}" ${problem}`;
    const documents = path.startsWith(MANIFESTS) ? countBesidePod(content) : 0;
    if (documents > 1)
      yield `file "${path}" holds ${documents} documents, of which the kubelet reads the first only; give each Pod a file of its own`;
    if (secret && findReferences(content).length === 0)
      yield `ERR_LITERAL_SECRET: file "${path}" is declared secret and holds literal text only; refer to credentials instead`;
  }
}

/** What rendering puts in by itself is no reference. */
const withoutPlaceholders = (content: string): string =>
  Object.values(PLACEHOLDERS).reduce(
    (text, placeholder) => text.replaceAll(placeholder, ''),
    content,
  );

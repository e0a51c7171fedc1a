import type { DesiredBundle } from '../../model/desired.ts';
import { PLACEHOLDERS } from '../../model/placeholder.ts';
import { findReferences } from '../../model/reference.ts';
import { MANIFESTS } from '../describe/bundle.ts';
import type { Folder, Report } from '../fleet/collect.ts';
import { countBesidePod } from '../describe/pod-manifest.ts';
import { referenceProblems, type KindOf } from './references.ts';

/** The file in which a bundle lists its own files. */
const LIST = 'bundle.yaml';

/** Files of node bundles, as they were described: where they lie and what they refer to. */
export function checkBundles(
  folder: Folder,
  described: readonly DesiredBundle[],
  kindOf: KindOf,
  report: Report,
): void {
  for (const [index, construct] of folder.bundles.entries()) {
    const paths = new Set([LIST]);
    for (const { path, content, secret } of described[index]?.files ?? []) {
      const folded = path.toLowerCase();
      if (paths.has(folded))
        report(construct, `file "${path}" is there twice, or belongs to the tool`);
      paths.add(folded);
      for (const problem of referenceProblems(withoutPlaceholders(content), secret, kindOf))
        report(construct, `file "${path}" ${problem}`);
      const documents = path.startsWith(MANIFESTS) ? countBesidePod(content) : 0;
      if (documents > 1)
        report(
          construct,
          `file "${path}" holds ${documents} documents, of which the kubelet reads the first only; give each Pod a file of its own`,
        );
      if (secret && findReferences(content).length === 0)
        report(
          construct,
          `ERR_LITERAL_SECRET: file "${path}" is declared secret and holds literal text only; refer to credentials instead`,
        );
    }
  }
}

/** What rendering puts in by itself is no reference. */
const withoutPlaceholders = (content: string): string =>
  Object.values(PLACEHOLDERS).reduce(
    (text, placeholder) => text.replaceAll(placeholder, ''),
    content,
  );

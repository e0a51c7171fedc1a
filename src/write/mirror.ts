import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { PkiError } from '../errors.ts';
import type { TreePath } from '../model/names.ts';

/**
 * Copies finished manifests, encrypted as they are, to where `cdk8s synth` looks for the output of its app command. The tree's own
 * folder is not used for that: cdk8s-cli deletes its output folder first.
 */
export function mirrorManifests(
  root: string,
  { tree, manifests }: { readonly tree: string; readonly manifests: readonly TreePath[] },
  outdir: string | undefined,
): void {
  if (outdir === undefined || outdir === '') return;
  const target = path.resolve(root, outdir);
  try {
    mkdirSync(target, { recursive: true });
    for (const manifest of manifests) {
      const copy = path.join(target, manifest.slice(tree.length + 1));
      mkdirSync(path.dirname(copy), { recursive: true });
      copyFileSync(path.join(root, manifest), copy);
    }
  } catch (error) {
    throw new PkiError('ERR_WRITE', `cannot copy the manifests to CDK8S_OUTDIR "${outdir}"`, {
      cause: error,
    });
  }
}

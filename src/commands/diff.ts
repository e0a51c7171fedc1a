import { readFileSync } from 'node:fs';
import path from 'node:path';
import { EXIT, PkiError } from '../errors.ts';
import { depthBelowRoot } from '../observe/source/git.ts';
import { linksBelow } from '../observe/source/links.ts';
import { repositoryReader } from '../observe/source/reader.ts';
import { openRevision } from '../observe/source/revision.ts';
import { reviewMarkdown } from '../review/print/markdown.ts';
import { fileText } from '../review/print/textconv.ts';
import { guardPlaces } from '../review/guards.ts';
import { review } from '../review/review.ts';
import { verification } from '../review/verification.ts';
import type { Invocation } from './command.ts';
import { openTree } from './input/tree.ts';
import { stagesSince } from './input/waits.ts';

/** `cdk8s-pki diff`: what a reviewer must know of the work tree against a revision. Needs no identity, and writes nothing. */
export async function run(invocation: Invocation): Promise<number> {
  const { cwd, output, options } = invocation;
  const [revision = 'HEAD'] = invocation.arguments;
  if (options.textconv !== undefined) {
    if (invocation.arguments.length > 0) {
      throw new PkiError('ERR_USAGE', 'a revision says nothing where --textconv is given', {
        hint: 'git calls it with one file: cdk8s-pki diff --textconv FILE',
      });
    }
    output.line(textconv(path.resolve(cwd, options.textconv)).replace(/\n$/u, ''));
    return EXIT.ok;
  }
  const { tree } = openTree(invocation);
  const depth = await depthBelowRoot(cwd);
  const reader = repositoryReader(cwd, depth);
  const places = [tree, ...guardPlaces(depth)];
  const opened = await openRevision(cwd, reader, places, revision);
  const { commit, reader: base, differing } = opened;
  const result = review(base, reader, {
    tree,
    differing,
    links: linksBelow(cwd, tree),
    now: options.now ?? new Date(),
    waits: { since: await stagesSince(invocation, tree, opened) },
  });
  if (options.output === 'json') {
    const commands = verification(result, tree, commit);
    output.json({ base: { revision, commit }, ...result, verification: commands });
  } else output.line(reviewMarkdown(result, { revision, commit, tree }));
  return EXIT.ok;
}

function textconv(file: string): string {
  try {
    return fileText(readFileSync(file));
  } catch (error) {
    if (error instanceof PkiError || !(error instanceof Error) || !('code' in error)) throw error;
    throw new PkiError('ERR_READ', `cannot read "${file}": ${String(error.code)}`, {
      cause: error,
    });
  }
}

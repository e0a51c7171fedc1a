import { existsSync } from 'node:fs';
import path from 'node:path';
import { ageRecipient } from '../../catalog/names/recipient.ts';
import { EXIT, PkiError } from '../../errors.ts';
import { depthBelowRoot, isInRepository } from '../../observe/source/git.ts';
import type { Invocation } from '../command.ts';
import { findIdentities } from '../pipeline/identities.ts';
import { forgeOf } from './forge.ts';
import { newIdentity, type NewIdentity } from './identity.ts';
import { baseBranch, originUrl } from './repository.ts';
import { scaffold } from './scaffold.ts';
import { writeNew } from './write-new.ts';

/** `cdk8s-pki init`: writes a repository to begin with into the working directory; all of it, or nothing. */
export async function run(invocation: Invocation): Promise<number> {
  const { cwd, environment, output, options } = invocation;
  await refuseBelowRoot(cwd);
  const made = options.identity === true ? await newIdentity(environment) : undefined;
  const recipients = await recipientsOf(invocation, made);
  const forge = options.forge ?? forgeOf(environment, await originUrl(cwd));
  const files = scaffold({
    name: path.basename(cwd),
    forge,
    branch: await baseBranch(cwd),
    recipients,
  });
  writeNew(cwd, files, made?.file);
  for (const { path: file } of files) output.line(`created ${file}`);
  if (made !== undefined) output.line(`recipient ${made.recipient}`);
  for (const line of nextSteps(cwd, recipients)) output.note(line);
  return EXIT.ok;
}

/** @throws PkiError `ERR_USAGE` below the root of a repository: workflows and code owners that are not at the root do nothing, and say nothing. */
async function refuseBelowRoot(cwd: string): Promise<void> {
  const depth = await depthBelowRoot(cwd);
  if (depth === 0) return;
  throw new PkiError(
    'ERR_USAGE',
    'this folder is below the root of a repository, where no forge reads workflows or code owners; nothing was written',
    {
      hint: [
        'give the fleet a repository of its own, or run it at the root of this one',
        'for a fleet in a folder: run it in an empty folder elsewhere, move its files here, and the workflows and CODEOWNERS to the root, with a working-directory for each step and this folder in each path',
      ],
    },
  );
}

/** Who opens the store: who is named, else who runs this. */
async function recipientsOf(
  { environment, options }: Invocation,
  made: NewIdentity | undefined,
): Promise<readonly string[]> {
  const named = options.recipient ?? [];
  for (const recipient of named) {
    const { problem } = ageRecipient(recipient);
    if (problem !== undefined) throw new PkiError('ERR_USAGE', `--recipient: ${problem}`);
  }
  if (made !== undefined) return [made.recipient, ...named];
  if (named.length > 0) return [...new Set(named)];
  const [first] = (await findIdentities(environment)).list;
  return first === undefined ? [] : [first.recipient];
}

function nextSteps(cwd: string, recipients: readonly string[]): string[] {
  return [
    'next:',
    ...(isInRepository(cwd) ? [] : ['  git init']),
    ...(existsSync(path.join(cwd, 'node_modules', 'cdk8s-pki')) ? [] : ['  npm install']),
    ...(recipients.length > 0
      ? []
      : ['  declare your age recipient in clusters/main.ts (age-keygen makes an identity)']),
    '  npx cdk8s-pki plan',
    '  npx cdk8s-pki synth',
    '  git add -A && git commit',
  ];
}

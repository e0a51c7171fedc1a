import { EXIT, PkiError } from '../errors.ts';
import type { Invocation } from './command.ts';
import { bashCompletion } from './completion/bash.ts';
import { fishCompletion } from './completion/fish.ts';
import { completionCommands, type CompletionCommand } from './completion/model.ts';
import { zshCompletion } from './completion/zsh.ts';

const SHELLS: ReadonlyMap<string, (commands: readonly CompletionCommand[]) => string> = new Map([
  ['bash', bashCompletion],
  ['zsh', zshCompletion],
  ['fish', fishCompletion],
]);

/** `cdk8s-pki completion`: a script made from the tables that the parser is made from. */
export function run({ arguments: [shell = ''], output }: Invocation): Promise<number> {
  const script = SHELLS.get(shell);
  if (script === undefined) {
    const error = new PkiError('ERR_USAGE', `there is no completion for "${shell}"`, {
      hint: `shells are: ${[...SHELLS.keys()].join(', ')}`,
    });
    return Promise.reject(error);
  }
  output.line(script(completionCommands()).trimEnd());
  return Promise.resolve(EXIT.ok);
}

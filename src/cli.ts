#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError, Argument } from 'commander';
import type { CommandOptions, CommandSpec } from './commands/command.ts';
import { OPTIONS } from './commands/options.ts';
import { COMMANDS } from './commands/table.ts';
import { EXIT, PkiError } from './errors.ts';
import { createOutput, printable } from './output.ts';

const output = createOutput(process.stdout, process.stderr, process.env);

function version(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  );
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : '';
}

function addCommand(program: Command, spec: CommandSpec, exit: (status: number) => void): void {
  const command = program
    .command(spec.name)
    .summary(spec.summary)
    .description([spec.summary, spec.description].filter(Boolean).join('\n\n'));
  for (const { name, description, choices, isOptional, isVariadic } of spec.arguments ?? []) {
    const form = isVariadic === true ? `[${name}...]` : isOptional ? `[${name}]` : `<${name}>`;
    const argument = new Argument(form, description);
    command.addArgument(choices === undefined ? argument : argument.choices(choices));
  }
  for (const name of spec.options) {
    const option = OPTIONS[name]();
    const formats = name === 'output' ? (spec.formats ?? []) : [];
    command.addOption(formats.length > 0 ? option.choices(formats).default(formats[0]) : option);
  }
  command.action(async (...parameters: unknown[]) => {
    const options = parameters[spec.arguments?.length ?? 0] as CommandOptions;
    const { run } = await spec.load();
    const status = await run({
      cwd: process.cwd(),
      environment: process.env,
      output,
      arguments: parameters
        .slice(0, spec.arguments?.length ?? 0)
        .flat()
        .filter((parameter) => parameter !== undefined)
        .map(String),
      options,
    });
    exit(status);
  });
}

async function main(): Promise<number> {
  let status: number = EXIT.ok;
  const program = new Command('cdk8s-pki')
    .description('A GitOps generator for Kubernetes PKI.')
    .version(version())
    .exitOverride()
    .configureOutput({
      writeErr: () => undefined, // usage errors go through the one printer
      outputError: () => undefined,
    });
  for (const spec of COMMANDS) {
    addCommand(program, spec, (value) => {
      status = value;
    });
  }
  try {
    await program.parseAsync(process.argv);
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
    if (error instanceof CommanderError) {
      const isHelp = error.code === 'commander.help';
      if (isHelp) output.note(program.helpInformation());
      else tell(usageError(error));
      return EXIT.usage;
    }
    tell(error);
    return error instanceof PkiError ? error.exitStatus : EXIT.failed;
  }
  return status;
}

/** Whoever asked for JSON gets JSON, also of what goes wrong before the arguments are understood. */
function tell(error: unknown): void {
  const words = process.argv.slice(2);
  const wantsJson = words.some(
    (word, index) =>
      /^(?:-o=?|--output=)json$/u.test(word) ||
      (/^(?:-o|--output)$/u.test(word) && words[index + 1] === 'json'),
  );
  if (wantsJson) output.errorJson(error);
  output.error(error);
}

function usageError(error: CommanderError): PkiError {
  const [message = '', ...suggestion] = printable(error.message)
    .replace(/^error: /u, '')
    .replace(/\.$/u, '')
    .replaceAll("'", '"')
    .split('\n');
  return new PkiError('ERR_USAGE', message, {
    hint: [
      ...suggestion.map((line) => line.replace(/[()]/gu, '').toLowerCase()),
      'see cdk8s-pki --help',
    ],
  });
}

// Results may go into a pipe whose reader has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  throw error;
});

process.exitCode = await main();

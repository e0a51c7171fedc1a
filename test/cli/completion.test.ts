import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import test from 'ava';
import { execa } from 'execa';
import { bashCompletion } from '../../src/commands/completion/bash.ts';
import { OPTIONS } from '../../src/commands/options.ts';
import { COMMANDS } from '../../src/commands/table.ts';

const CLI = path.resolve(import.meta.dirname, '../../dist/cli.js');

const SCRIPT = 'bash.script';

let folder: string;

test.before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'cdk8s-pki-completion-'));
  mkdirSync(path.join(folder, 'clusters'));
  writeFileSync(path.join(folder, 'clusters/main file.ts'), '');
  writeFileSync(path.join(folder, 'cluster.txt'), '');
  writeFileSync(path.join(folder, SCRIPT), await script('bash'));
});
test.after.always(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function script(shell: string): Promise<string> {
  const { stdout } = await execa(process.execPath, [CLI, 'completion', shell]);
  return `${stdout}\n`;
}

/** What bash offers for the last of these words, as it splits them. */
function complete(...words: readonly string[]): Promise<string[]> {
  return completeBy(SCRIPT, words);
}

async function completeBy(scriptName: string, words: readonly string[]): Promise<string[]> {
  const source = `source "$0"
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
_cdk8s_pki cdk8s-pki "\${COMP_WORDS[COMP_CWORD]}" "\${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const args = ['--norc', '-u', '-c', source, path.join(folder, scriptName), 'cdk8s-pki', ...words];
  const { stdout, stderr } = await execa('bash', args, { cwd: folder });
  if (stderr !== '') throw new Error(stderr);
  return stdout === '' ? [] : stdout.split('\n').sort();
}

const names = COMMANDS.map(({ name }) => name);

test('completion bash: every command, and the options before one', async (t) => {
  t.deepEqual(await complete(''), [...names, 'help', '--help', '-h', '--version', '-V'].sort());
  t.deepEqual(await complete('che'), ['check']);
  t.deepEqual(await complete('--v'), ['--version']);
  t.deepEqual(await complete('help', 'sy'), ['synth']);
});

for (const spec of COMMANDS) {
  test(`completion bash: the options of ${spec.name}`, async (t) => {
    const options = spec.options.flatMap((name) => {
      const { long, short } = OPTIONS[name]();
      return [long ?? '', ...(short === undefined ? [] : [short])];
    });
    t.deepEqual(await complete(spec.name, '-'), [...options, '--help', '-h'].sort());
  });
}

test('completion bash: values with choices, after a space, a short option and an equals sign', async (t) => {
  t.deepEqual(await complete('check', '--output', ''), ['json', 'markdown', 'openmetrics', 'text']);
  t.deepEqual(await complete('plan', '--output', ''), ['json', 'text']);
  t.deepEqual(await complete('check', '-o', 'm'), ['markdown']);
  t.deepEqual(await complete('check', '--output', '='), [
    'json',
    'markdown',
    'openmetrics',
    'text',
  ]);
  t.deepEqual(await complete('check', '--output', '=', 'j'), ['json']);
});

test('completion bash: arguments with choices, where they stand', async (t) => {
  t.deepEqual(await complete('completion', ''), ['bash', 'fish', 'zsh']);
  t.deepEqual(await complete('completion', 'f'), ['fish']);
  t.false((await complete('completion', 'bash', '')).includes('zsh'));
});

test('completion bash: files, with spaces, and folders', async (t) => {
  t.deepEqual(await complete('synth', '--app', 'clus'), ['cluster.txt', 'clusters']);
  t.deepEqual(await complete('synth', '--app', 'clusters/m'), ['clusters/main file.ts']);
  t.deepEqual(await complete('check', '--tree', 'clus'), ['clusters']);
  t.deepEqual(await complete('check', '--dir', '=', 'clus'), ['clusters']);
});

test('completion bash: nothing for a value that is free, and the command is found after its options', async (t) => {
  t.deepEqual(await complete('check', '--now', ''), []);
  t.deepEqual(await complete('check', '--cluster', 'x', '-o', ''), [
    'json',
    'markdown',
    'openmetrics',
    'text',
  ]);
  t.deepEqual(await complete('completion', '--help', 'z'), ['zsh']);
});

test('completion bash: the value of an option is not an argument', async (t) => {
  const value = { name: 'x', words: [], files: null };
  const option = { short: null, description: '', isRepeatable: false, value };
  const first = { name: 'first', words: ['a', 'b'] };
  const second = { name: 'second', words: ['c'] };
  const made = bashCompletion([
    { name: 'do', summary: '', arguments: [first, second], options: [{ ...option, long: '--x' }] },
  ]);
  writeFileSync(path.join(folder, 'made.script'), made);
  t.deepEqual(await completeBy('made.script', ['do', '--x', 'v', '']), ['a', 'b']);
  t.deepEqual(await completeBy('made.script', ['do', 'a', '--x', 'v', '']), ['c']);
  t.deepEqual(await completeBy('made.script', ['do', '--x', '=', 'v', '']), ['a', 'b']);
});

test('completion bash: bash can parse it', async (t) => {
  const { stderr } = await execa('bash', ['-n', path.join(folder, SCRIPT)]);
  t.is(stderr, '');
});

for (const shell of ['zsh', 'fish']) {
  test(`completion ${shell}: has every command and option`, async (t) => {
    const text = await script(shell);
    for (const { name, summary, options } of COMMANDS) {
      t.true(text.includes(name) && text.includes(summary), name);
      for (const option of options) {
        t.true(text.includes(OPTIONS[option]().long?.slice(2) ?? '?'), option);
      }
    }
  });
}

test('completion: another shell is a wrong usage', async (t) => {
  const { exitCode, stderr } = await execa(process.execPath, [CLI, 'completion', 'csh'], {
    reject: false,
  });
  t.is(exitCode, 2);
  t.regex(stderr, /Allowed choices are bash, zsh, fish/u);
});

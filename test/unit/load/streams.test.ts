import test from 'ava';
import { PkiError } from '../../../src/errors.ts';
import { scrubEnvironment } from '../../../src/load/environment.ts';
import { lines } from '../../../src/load/lines.ts';

async function* chunks(...parts: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield await Promise.resolve(Buffer.from(part));
}

async function split(...parts: readonly (string | Uint8Array)[]): Promise<string[]> {
  const result: string[] = [];
  for await (const line of lines(chunks(...parts))) result.push(line);
  return result;
}

test('lines: across chunks, several in one, the last without its end', async (t) => {
  t.deepEqual(await split('a', 'b\nc\n\nd', '', 'e'), ['ab', 'c', '', 'de']);
  t.deepEqual(await split(), []);
  t.deepEqual(await split('a\n'), ['a']);
});

test('lines: a character may be cut by a chunk', async (t) => {
  const octets = Buffer.from('ä\n');
  t.deepEqual(await split(octets.subarray(0, 1), octets.subarray(1)), ['ä']);
});

test('lines: one of more than 64 MiB is refused before it is whole', async (t) => {
  const part = Buffer.alloc(33 * 1024 * 1024, 0x61);
  const error = await t.throwsAsync(split(part, part), { instanceOf: PkiError });
  t.is(error.code, 'ERR_DECLARATION');
  t.regex(error.message, /more than 64 MiB/);
});

test('scrubEnvironment: passes what is listed and nothing else', (t) => {
  t.deepEqual(
    scrubEnvironment({
      PATH: '/bin',
      Path: 'C:\\bin',
      LC_TIME: 'C',
      HOME: '/root',
      GITHUB_TOKEN: 'x',
      SOPS_AGE_KEY: 'x',
      NODE_OPTIONS: '--require=x',
      MY_VARIABLE: 'x',
      TZ: undefined,
    }),
    { PATH: '/bin', Path: 'C:\\bin', LC_TIME: 'C', HOME: '/root' },
  );
});

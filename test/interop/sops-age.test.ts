import { execa } from 'execa';
import { armor } from 'age-encryption';
import { randomBytes } from 'node:crypto';
import { wrapDataKey } from '../../src/sops/age/data-key.ts';
import { toolTest } from '../_helpers/tool-test.ts';
import { toolPath } from '../_helpers/tools.ts';
import { makeKey } from '../unit/sops/_keys.ts';

const run = toolTest(['age', 'age-keygen']);
const CONTENT = Buffer.from('0123456789abcdef0123456789abcdef');

run('age opens the file that holds a data key', async (t) => {
  for (const kind of ['X25519', 'hybrid'] as const) {
    const key = await makeKey(kind);
    const [entry] = await wrapDataKey(CONTENT, [key.recipient], randomBytes);
    // The identity by a pipe of the shell: it is never on disk.
    const { stdout } = await execa('bash', ['-c', '"$AGE" -d -i <(printf %s "$KEY")'], {
      input: entry?.enc ?? '',
      env: { AGE: toolPath('age'), KEY: key.text },
    });
    t.is(stdout, CONTENT.toString());
  }
});

run('we open what age writes, armored or not', async (t) => {
  for (const kind of ['X25519', 'hybrid'] as const) {
    const key = await makeKey(kind);
    const args = ['-r', key.recipient];
    const plain = await execa(toolPath('age'), args, { input: CONTENT, encoding: 'buffer' });
    const text = await execa(toolPath('age'), ['-a', ...args], { input: CONTENT });
    for (const file of [plain.stdout, armor.decode(text.stdout)])
      t.deepEqual(Buffer.from((await key.list[0]?.decrypt(file)) ?? []), CONTENT);
  }
});

run('age-keygen gives the same recipient for an identity', async (t) => {
  for (const kind of ['X25519', 'hybrid'] as const) {
    const { text, recipient } = await makeKey(kind);
    const { stdout } = await execa(toolPath('age-keygen'), ['-y'], { input: text });
    t.is(stdout, recipient);
  }
});

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { PkiError } from '../../src/errors.ts';
import { loadDeclaration } from '../../src/load/load-declaration.ts';
import { DECLARATION, userRepository } from '../_helpers/user-repository.ts';

const PROGRAM = join(import.meta.dirname, '../_helpers/load-program.ts');
const LOADER = import.meta.resolve('tsx');
const TYPED = `import { App, KubeadmCluster } from 'cdk8s-pki';\n${DECLARATION}`;

/** Leaves its process id behind and never ends. */
const LOOP = `import { writeFileSync } from 'node:fs';
writeFileSync('pid', String(process.pid));
for (;;);`;

const run = (cwd: string) =>
  execa(process.execPath, [`--import=${LOADER}`, PROGRAM, 'main.ts'], { cwd, reject: false });

async function appeared(file: string): Promise<number> {
  while (!existsSync(file) || readFileSync(file, 'utf8') === '')
    await new Promise((resolve) => setTimeout(resolve, 50));
  return Number(readFileSync(file, 'utf8'));
}

const isGone = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
};

test.serial(
  'declaration: what it prints goes to standard error, whatever it prints with',
  async (t) => {
    const folder = await userRepository(t, {
      'main.ts': `import { writeSync } from 'node:fs';
console.log('printed'); process.stdout.write('written'); writeSync(1, 'direct');
${TYPED}export default app;`,
    });
    const { stdout, stderr } = await run(folder);
    t.is(stdout, 'size fleet unit');
    for (const text of ['printed', 'written', 'direct']) t.true(stderr.includes(text), text);
  },
);

test.serial('declaration: an error shows the user’s own lines and no others', async (t) => {
  const folder = await userRepository(t, {
    'main.ts': `function inner(): never { throw new Error('boom'); }\ninner();`,
  });
  const { stdout, stderr } = await run(folder);
  t.is(stdout, 'declaration "main.ts" threw an error');
  t.regex(stderr, /Error: boom\n.*at inner .*main\.ts:1/);
  t.notRegex(stderr, /node:internal|jiti/);
});

test.serial('declaration: an interrupt reaches one that loops', async (t) => {
  const folder = await userRepository(t, { 'main.ts': LOOP });
  const command = run(folder);
  const pid = await appeared(join(folder, 'pid'));
  command.kill('SIGINT');
  const { signal, stdout } = await command;
  t.deepEqual([signal, stdout], ['SIGINT', '']);
  while (!isGone(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
  t.pass();
});

test.serial('declaration: a signal ends one that loops', async (t) => {
  const folder = await userRepository(t, { 'main.ts': LOOP });
  const controller = new AbortController();
  const options = { file: 'main.ts', cwd: folder, environment: {}, signal: controller.signal };
  const loading = loadDeclaration(options).next();
  const pid = await appeared(join(folder, 'pid'));
  controller.abort();
  const error = await t.throwsAsync(loading, { instanceOf: PkiError, code: 'ERR_DECLARATION' });
  t.regex(error.message, /ended with SIG/);
  t.true(isGone(pid));
});

test.serial('declaration: leaving the loop early ends its process', async (t) => {
  const folder = await userRepository(t, {
    'main.ts': `import { writeFileSync } from 'node:fs';
writeFileSync('pid', String(process.pid));
${TYPED}
for (let i = 0; i < 200; i += 1) new KubeadmCluster(app, 'c-' + i, {
  controlPlaneEndpoint: 'a.example', controlPlaneNodes: [{ name: 'n', advertiseAddress: '10.0.0.1' }],
});
export default app;`,
  });
  const options = { file: 'main.ts', cwd: folder, environment: {} };
  const types: string[] = [];
  for await (const { type } of loadDeclaration(options)) {
    types.push(type);
    if (type === 'fleet') break;
  }
  t.deepEqual(types, ['size', 'fleet']);
  t.true(isGone(Number(readFileSync(join(folder, 'pid'), 'utf8'))));
});

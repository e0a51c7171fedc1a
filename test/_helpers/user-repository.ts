import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { loadDeclaration, type LoadedRecord } from '../../src/load/load-declaration.ts';
import { RECIPIENTS } from './declare.ts';

const ROOT = join(import.meta.dirname, '../..');

/** What this package needs at run time, from the checkout. */
const DEPENDENCIES = ['cdk8s', 'constructs', 'croner', 'ipaddr.js'];

/**
 * A user's repository in a temporary folder, removed after the test. The package is copied as built (`npm test` builds first), so
 * that a repository can hold several copies of it; `files` are written as they are.
 */
export async function userRepository(
  t: ExecutionContext,
  files: Readonly<Record<string, string>>,
  packages: readonly string[] = ['cdk8s-pki'],
): Promise<string> {
  if (!existsSync(join(ROOT, 'dist/declare/main.js')))
    throw new Error('the package is not built: run "npm run build"');
  const folder = await mkdtemp(join(tmpdir(), 'cdk8s-pki-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const modules = join(folder, 'node_modules');
  await mkdir(modules);
  for (const name of DEPENDENCIES)
    await symlink(join(ROOT, 'node_modules', name), join(modules, name));
  for (const name of packages) {
    await cp(join(ROOT, 'dist'), join(modules, name, 'dist'), { recursive: true });
    await cp(join(ROOT, 'package.json'), join(modules, name, 'package.json'));
  }
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  return folder;
}

export async function loadAll(
  cwd: string,
  file: string,
  environment: Readonly<Record<string, string | undefined>> = { PATH: process.env['PATH'] },
): Promise<LoadedRecord[]> {
  const records: LoadedRecord[] = [];
  for await (const record of loadDeclaration({ file, cwd, environment })) records.push(record);
  return records;
}

/** The body of a declaration with one cluster, `prod`, in terms of the package's names. */
export const DECLARATION = `
const app = new App({ recipients: ['${RECIPIENTS.custodian}'] });
const prod = new KubeadmCluster(app, 'prod', {
  controlPlaneEndpoint: 'api.example.com',
  controlPlaneNodes: [{ name: 'cp-1', advertiseAddress: '10.0.0.11' }],
});
`;

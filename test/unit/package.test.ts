import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';

const root = path.resolve(import.meta.dirname, '..', '..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

interface Manifest {
  readonly bin: Readonly<Record<string, string>>;
  readonly engines: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly license: string;
}
const manifest = JSON.parse(read('package.json')) as Manifest;

interface Locked {
  readonly version?: string;
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}
const lockfile = JSON.parse(read('package-lock.json')) as {
  readonly packages: Readonly<Record<string, Locked>>;
};

test('the program begins with a line that starts node', (t) => {
  t.deepEqual(manifest.bin, { 'cdk8s-pki': 'dist/cli.js' });
  t.regex(read('src/cli.ts'), /^#!\/usr\/bin\/env node\n/u);
});

test('cdk8s and constructs belong to the user, so that there is one copy of each', (t) => {
  t.deepEqual(Object.keys(manifest.peerDependencies).sort(), ['cdk8s', 'constructs']);
  t.false('cdk8s' in manifest.dependencies || 'constructs' in manifest.dependencies);
});

// What is not in the bundle is resolved from the user's node_modules.
test('the bundle has all but jiti, and the licences of what is in it', (t) => {
  t.deepEqual(Object.keys(manifest.dependencies), ['jiti']);
  const notices = read('dist/THIRD-PARTY-LICENSES.txt');
  for (const name of ['age-encryption', 'execa', 'node-forge', 'yaml']) {
    t.regex(notices, new RegExp(`^={80}\\n${name} \\S+ \\(.+\\)\\n\\n\\S`, 'mu'));
  }
  t.notRegex(notices, /^(?:cdk8s|constructs|jiti) /mu);
});

// Messages name constructs by them, and esbuild renames what shares its name with an import.
test('classes keep their names in the bundle', async (t) => {
  const library = (await import(path.join(root, 'dist/index.js'))) as Record<string, unknown>;
  const classes = Object.entries(library).filter(([, value]) => typeof value === 'function');
  t.true(classes.length >= 9);
  for (const [name, value] of classes) t.is((value as { readonly name: string }).name, name);
});

test('the licence that package.json names is there', (t) => {
  t.is(manifest.license, 'Apache-2.0');
  t.regex(read('LICENSE'), /Apache License\s+Version 2\.0/u);
});

test('the lockfile names no host', (t) => {
  t.deepEqual(
    Object.entries(lockfile.packages)
      .filter(([, { resolved }]) => resolved !== undefined)
      .map(([name]) => name),
    [],
  );
});

// npm 11 refuses a lockfile that lacks one of them, on every platform.
test('the lockfile has the optional dependencies of other platforms', (t) => {
  const absent = Object.values(lockfile.packages)
    .flatMap(({ optionalDependencies }) => Object.keys(optionalDependencies ?? {}))
    .filter((name) => lockfile.packages[`node_modules/${name}`] === undefined);
  t.deepEqual(absent, []);
});

test('the files that the package promises exist', (t) => {
  for (const file of ['README.md', 'LICENSE', 'CHANGELOG.md']) {
    t.true(existsSync(path.join(root, file)), file);
  }
});

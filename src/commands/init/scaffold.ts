import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NewFile } from './write-new.ts';

/** In the package, beside `dist` and `src`. Names begin with `dot-` there: npm leaves out what begins with a dot. */
const PACKAGE = fileURLToPath(new URL('.', import.meta.resolve('cdk8s-pki/package.json')));

/** What is in the templates in place of what `init` knows. They are valid as they stand. */
const RECIPIENTS = "['age1-your-recipient']";
const BRANCHES = 'branches: [main]';

export interface ScaffoldOptions {
  /** Of the folder. */
  readonly name: string;
  readonly forge: string;
  readonly branch: string;
  /** None leaves the placeholder, which the declaration is refused for. */
  readonly recipients: readonly string[];
}

/** The files of a new repository; paths from its root. */
export function scaffold({ name, forge, branch, recipients }: ScaffoldOptions): NewFile[] {
  const list = recipients.map((recipient) => `'${recipient}'`).join(', ');
  const known: readonly (readonly [string, string])[] = [
    [BRANCHES, `branches: [${branch}]`],
    ...(list === '' ? [] : [[RECIPIENTS, `[${list}]`] as const]),
  ];
  const files = ['repository', forge].flatMap(readTemplates).map(({ path: file, content }) => ({
    path: file,
    content: known.reduce((text, [from, to]) => text.replace(from, to), content),
  }));
  return [...files, { path: 'package.json', content: packageJson(name) }].sort((a, b) =>
    a.path < b.path ? -1 : 1,
  );
}

function readTemplates(folder: string): NewFile[] {
  const root = path.join(PACKAGE, 'templates', folder);
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const file = path.join(entry.parentPath, entry.name);
      const parts = path.relative(root, file).split(path.sep);
      return {
        path: parts.map((part) => part.replace(/^dot-/u, '.')).join('/'),
        content: readFileSync(file, 'utf8'),
      };
    });
}

interface Manifest {
  readonly version: string;
  readonly engines: Readonly<Record<'node', string>>;
  readonly peerDependencies: Readonly<Record<'cdk8s' | 'constructs', string>>;
  readonly devDependencies: Readonly<Record<'typescript', string>>;
}

/** With this version of the package, and the versions of others that it is tested with. */
function packageJson(folder: string): string {
  const own = JSON.parse(readFileSync(path.join(PACKAGE, 'package.json'), 'utf8')) as Manifest;
  const { cdk8s, constructs } = own.peerDependencies;
  const manifest = {
    name: packageName(folder),
    private: true,
    type: 'module',
    engines: { node: own.engines.node },
    scripts: { types: 'tsc' },
    dependencies: { cdk8s, 'cdk8s-pki': `^${own.version}`, constructs },
    devDependencies: { typescript: own.devDependencies.typescript },
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** A name that npm takes, and not that of one of the dependencies. */
function packageName(folder: string): string {
  const name = folder
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/gu, '-')
    .replace(/^-|-$/gu, '')
    .slice(0, 200);
  return ['', 'cdk8s', 'cdk8s-pki', 'constructs', 'typescript', 'node-modules'].includes(name)
    ? 'pki'
    : name;
}

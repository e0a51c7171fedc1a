import type { FlagCode } from './flags.ts';

/** A file or folder beside the tree that a change must not touch unseen. */
interface Guard {
  readonly place: string;
  readonly flag: Extract<FlagCode, 'WorkflowChanged' | 'DependencyChanged'>;
  /** What whoever changes it decides. */
  readonly decides: string;
}

const rows = (flag: Guard['flag'], decides: string, places: readonly string[]): Guard[] =>
  places.map((place) => ({ place, flag, decides }));

/**
 * What decides who reads the tree, who must review it, and which code runs beside an identity after a merge. `tsconfig.json` is not
 * among them: a declaration is loaded without it. Nor is the declaration, whose effects are what is reviewed.
 */
export const GUARDS: readonly Guard[] = [
  ...rows('WorkflowChanged', 'to whom sops encrypts', ['.sops.yaml']),
  ...rows('WorkflowChanged', 'how git reads, merges and shows files', [
    '.gitattributes',
    '.gitmodules',
  ]),
  ...rows('WorkflowChanged', 'who must review a change', [
    '.github/CODEOWNERS',
    'CODEOWNERS',
    'docs/CODEOWNERS',
  ]),
  ...rows('WorkflowChanged', 'what CI runs', [
    '.github/workflows',
    '.github/actions',
    '.gitea',
    '.forgejo',
    '.gitlab-ci.yml',
    '.gitlab',
    'Jenkinsfile',
    '.circleci',
    '.woodpecker.yml',
    '.woodpecker.yaml',
    '.woodpecker',
    '.drone.yml',
    'azure-pipelines.yml',
    'bitbucket-pipelines.yml',
    '.buildkite',
    '.tekton',
  ]),
  ...rows('WorkflowChanged', "what git runs on people's machines", ['.husky']),
  ...rows('WorkflowChanged', 'which declaration runs', ['cdk8s.yaml']),
  ...rows('WorkflowChanged', 'from where, and how, packages are installed', [
    '.npmrc',
    '.yarnrc',
    '.yarnrc.yml',
    '.yarn',
    '.pnpmfile.cjs',
    'pnpm-workspace.yaml',
    'bunfig.toml',
  ]),
  ...rows('DependencyChanged', 'which packages run beside the identity', [
    'package.json',
    'package-lock.json',
    'npm-shrinkwrap.json',
    'yarn.lock',
    'pnpm-lock.yaml',
    'bun.lock',
  ]),
];

const UP = '../';

/**
 * Where guards may stand: in the working directory and in every folder above it, up to the root of the repository, where forges look.
 *
 * @param depth how many folders the working directory is below that root.
 */
export function guardPlaces(depth: number): string[] {
  const folders = Array.from({ length: depth + 1 }, (_, up) => UP.repeat(up));
  return folders.flatMap((folder) => GUARDS.map(({ place }) => `${folder}${place}`));
}

/** The guard that a file is, or belongs to. */
export function guardOf(file: string): Guard | undefined {
  const own = file.replace(/^(?:\.\.\/)+/u, '');
  return GUARDS.find(({ place }) => own === place || own.startsWith(`${place}/`));
}

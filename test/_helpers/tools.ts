import { accessSync, constants, statSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

/** The rows of the table in `test/tools/install`: a misspelt name must not skip a test for good. */
export type ToolName =
  | 'openssl'
  | 'age'
  | 'age-keygen'
  | 'sops'
  | 'kustomize'
  | 'kubeconform'
  | 'zlint'
  | 'actionlint'
  | 'go-verify'
  | 'py-verify'
  | 'py-formats'
  | 'kubeadm'
  | 'kubectl'
  | 'kubernetes-openapi'
  | 'certtool'
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'kube-scheduler'
  | 'kubelet'
  | 'etcd'
  | 'etcdctl'
  | 'kustomize-controller'
  | 'flux-crds'
  | 'gitea'
  | 'gitea-files'
  | 'github-openapi'
  | 'gitlab-client'
  | 'ip'
  | 'jq'
  | 'strace'
  | 'unshare'
  | 'nsenter';

/**
 * The absolute path of a foreign program: the pinned one of `test/tools/install`, else the one on
 * PATH. For `flux-crds`, `gitea-files`, `github-openapi` and `kubernetes-openapi`, the folder.
 */
export function tool(name: ToolName): string | undefined {
  const cache = cacheFolder();
  const programs = [path.join(cache, 'bin'), ...(process.env['PATH'] ?? '').split(path.delimiter)];
  const program = programs
    .filter((folder) => path.isAbsolute(folder))
    .map((folder) => path.join(folder, name))
    .find(isProgram);
  if (program !== undefined) return program;
  const folder = path.join(cache, 'share', name);
  return isFolder(folder) ? folder : undefined;
}

/** As `tool`, for use behind `requireTools`. */
export function toolPath(name: ToolName): string {
  const found = tool(name);
  if (found === undefined) throw missing([name]);
  return found;
}

/**
 * Whether all the programs are there; if not, the test registers itself as `test.skip` with their
 * names in its title. Throws instead with `REQUIRE_TOOLS=1`: in CI a skipped check is not a pass.
 */
export function requireTools(names: readonly ToolName[]): boolean {
  const absent = names.filter((name) => tool(name) === undefined);
  if (absent.length > 0 && process.env['REQUIRE_TOOLS'] === '1') throw missing(absent);
  return absent.length === 0;
}

function missing(names: readonly ToolName[]): Error {
  return new Error(`missing: ${names.join(', ')}; run test/tools/install ${names.join(' ')}`);
}

/** The same folder as in `test/tools/install`: an empty variable is an unset one there too. */
function cacheFolder(): string {
  const { CDK8S_PKI_TOOLS: own, XDG_CACHE_HOME: xdg } = process.env;
  return path.resolve(own || path.join(xdg || path.join(homedir(), '.cache'), 'cdk8s-pki-tools'));
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
  } catch {
    return false;
  }
  return statSync(file).isFile();
}

function isFolder(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

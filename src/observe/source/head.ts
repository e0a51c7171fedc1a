import { execa } from 'execa';
import { credentialPath, type CredentialPath } from '../../model/names.ts';

const KEYSET = /^([^/]+)\/pki\/([^/]+)\/keyset\.yaml$/u;

/** The keysets in the tree of git's HEAD; none outside a repository, and before the first commit. */
export async function keysetsOfHead(root: string, tree: string): Promise<Set<CredentialPath>> {
  const keysets = new Set<CredentialPath>();
  const git = execa(
    'git',
    ['ls-tree', '-r', '-z', '--name-only', '--full-tree', 'HEAD:./', `${tree}/`],
    {
      cwd: root,
      reject: false,
      stderr: 'ignore',
      buffer: false,
      encoding: 'buffer',
    },
  );
  const prefix = `${tree}/`;
  let rest = '';
  for await (const chunk of git.stdout) {
    const names = (rest + Buffer.from(chunk as Uint8Array).toString('utf8')).split('\0');
    rest = names.pop() ?? '';
    for (const name of names) {
      const match = KEYSET.exec(name.startsWith(prefix) ? name.slice(prefix.length) : '');
      if (match?.[1] !== undefined && match[2] !== undefined) {
        keysets.add(credentialPath(match[1], null, match[2]));
      }
    }
  }
  await git;
  return keysets;
}

/** As one word of a shell. */
function word(path: string): string {
  return `'${path.replaceAll("'", String.raw`'\''`)}'`;
}

/** The command for a file or folder that HEAD has as it should be. */
export function restoreFromHead(path: string): string {
  return `git checkout HEAD -- ${word(path)}`;
}

/** The command for one whose damage or loss is committed: as it was before the last commit that changed it. */
export function restoreBefore(path: string): string {
  return `git checkout "$(git rev-list -1 HEAD -- ${word(path)})^" -- ${word(path)}`;
}

/** What to try, one after the other, where nobody knows whether the damage is committed. */
export function restoreHints(path: string): readonly [string, string] {
  return [
    `restore it from git: ${restoreFromHead(path)}`,
    `if it was committed like this: ${restoreBefore(path)}`,
  ];
}

/** The command that appends to the ledger what that of a commit says of a cluster; a line may stand in it twice. */
export function restoreLines(ledger: string, cluster: string, commit: string): string {
  return `git show ${word(`${commit}:./${ledger}`)} | grep -F ${word(`{cluster: ${cluster},`)} >> ${word(ledger)}`;
}

/** The command that moves a folder, also one that git does not know yet. */
export function moveBack(from: string, to: string): string {
  return `git mv ${word(from)} ${word(to)} || mv ${word(from)} ${word(to)}`;
}

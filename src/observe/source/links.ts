import { lstatSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { treePath, type TreePath } from '../../model/names.ts';

/** Symbolic links at or below a folder, to folders or files; none where it cannot be read, which whoever reads it is told. */
export function linksBelow(root: string, folder: string): TreePath[] {
  const below = (place: string): TreePath[] => {
    try {
      return readdirSync(path.join(root, place), { withFileTypes: true }).flatMap((entry) => {
        const inside = `${place}/${entry.name}`;
        if (entry.isSymbolicLink()) return [treePath(inside)];
        return entry.isDirectory() ? below(inside) : [];
      });
    } catch {
      return [];
    }
  };
  try {
    if (lstatSync(path.join(root, folder)).isSymbolicLink()) return [treePath(folder)];
  } catch {
    return []; // no tree yet
  }
  return below(folder).sort();
}

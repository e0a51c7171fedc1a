import { execFileSync } from 'node:child_process';
import process from 'node:process';

/** A Node.js that the program is measured with. */
export interface NodeLine {
  readonly file: string;
  /** `24.1.0` */
  readonly version: string;
}

/** The newest line: engines get faster, and most of the time is theirs. */
const NEWEST = 26;

/** The Node that runs this, and the newest line where that is an older one: it comes from the package `node`. */
export function nodeLines(): NodeLine[] {
  const own = { file: process.execPath, version: process.versions.node };
  if (Number(own.version.split('.')[0]) >= NEWEST) return [own];
  const script = 'process.stdout.write(JSON.stringify([process.execPath, process.versions.node]))';
  const command = ['--yes', `--package=node@${NEWEST}`, '--', 'node', '-e', script];
  const [file, version] = JSON.parse(execFileSync('npx', command, { encoding: 'utf8' })) as [
    string,
    string,
  ];
  return [own, { file, version }];
}

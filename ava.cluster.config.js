/**
 * Whole control planes and forges, run by the real programs: `npm run build` comes first. Two files at a time, each in networks of its
 * own, since half of their time is waiting; the longest begin, so that the two with most processes are not side by side.
 */
const FIRST = ['rotation/ca.', 'pull-requests/gitea.', 'pull-requests/forge-down.', 'rotation/'];

export default {
  files: ['test/cluster/**/*.test.ts'],
  extensions: { ts: 'module' },
  nodeArguments: ['--import=tsx'],
  workerThreads: false, // tsx registers its loader in processes, not in worker threads
  concurrency: 2,
  sortTestFiles: inOrder,
  timeout: '15m',
};

/**
 * @param {string} one
 * @param {string} other
 */
function inOrder(one, other) {
  return rank(one) - rank(other) || one.localeCompare(other);
}

/** @param {string} file */
function rank(file) {
  const found = FIRST.findIndex((part) => file.includes(part));
  return found === -1 ? FIRST.length : found;
}

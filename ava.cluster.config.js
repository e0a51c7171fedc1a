import { longestFirst } from './ava.order.js';

/**
 * Whole control planes and forges, run by the real programs: `npm run build` comes first. Two files at a time, each in networks of its
 * own, since half of their time is waiting; in an order in which the two with most processes are not side by side.
 */
export default {
  files: ['test/cluster/**/*.test.ts'],
  extensions: { ts: 'module' },
  nodeArguments: ['--import=tsx'],
  workerThreads: false, // tsx registers its loader in processes, not in worker threads
  concurrency: 2,
  sortTestFiles: longestFirst([
    'rotation/ca.',
    'pull-requests/gitea.',
    'pull-requests/forge-down.',
    'rotation/',
  ]),
  timeout: '15m',
};

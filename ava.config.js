import { longestFirst } from './ava.order.js';

/** Unit, property, golden and command tests: no foreign programs. The others have configurations of their own. */
export default {
  files: ['test/{unit,property,golden,cli}/**/*.test.ts'],
  extensions: { ts: 'module' },
  nodeArguments: ['--import=tsx'],
  workerThreads: false, // tsx registers its loader in processes, not in worker threads
  sortTestFiles: longestFirst(['rotation/years.']),
  timeout: '120s',
};

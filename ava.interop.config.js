import { longestFirst } from './ava.order.js';

/** Foreign programs judge what the built program makes: `npm run build` comes first. */
export default {
  files: ['test/interop/**/*.test.ts'],
  extensions: { ts: 'module' },
  nodeArguments: ['--import=tsx'],
  workerThreads: false, // tsx registers its loader in processes, not in worker threads
  sortTestFiles: longestFirst(['faults/kill-rotation.', 'faults/kill.']),
  timeout: '10m',
};

/** Whole control planes, run by the real programs, one after another: `npm run build` comes first. */
export default {
  files: ['test/cluster/**/*.test.ts'],
  extensions: { ts: 'module' },
  nodeArguments: ['--import=tsx'],
  workerThreads: false, // tsx registers its loader in processes, not in worker threads
  concurrency: 1,
  serial: true,
  timeout: '15m',
};

import process from 'node:process';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Runs `cleanUp` when the process is told to stop, and then lets it end by that signal, as a shell expects (130 after Ctrl-C).
 * The returned function takes this back.
 */
export function onInterrupt(cleanUp: () => void): () => void {
  const handlers = SIGNALS.map((signal) => {
    const handler = (): void => {
      off();
      try {
        cleanUp();
      } finally {
        process.kill(process.pid, signal);
      }
    };
    return [signal, handler] as const;
  });
  const off = (): void => {
    for (const [signal, handler] of handlers) process.off(signal, handler);
  };
  for (const [signal, handler] of handlers) process.on(signal, handler);
  return off;
}

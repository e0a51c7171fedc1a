import type { Readable } from 'node:stream';

/** What was written before the end is in the pipe already: it comes at once, or not at all. */
const GRACE_MILLISECONDS = 1000;

/**
 * The octets of a pipe until it ends, or until its writer has ended and nothing more comes: a process that the writer has started may
 * hold the pipe open for ever. The pipe stays open: closed before its writer has ended, it would make that one complain.
 *
 * @param ended settles when the writer has ended.
 */
export async function* untilEnded(
  pipe: Readable,
  ended: Promise<unknown>,
): AsyncGenerator<Uint8Array, void> {
  const silence = new Silence();
  void ended.finally(() => {
    silence.begin();
  });
  const chunks = pipe.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Uint8Array>;
  try {
    for (;;) {
      const next = await Promise.race([chunks.next(), silence.wait()]);
      if (next === undefined || next.done === true) return;
      yield next.value;
    }
  } finally {
    silence.end();
  }
}

/** Waits for ever until it has begun; from then on each wait has an end. */
class Silence {
  #hasBegun = false;
  #hasEnded = false;
  #timer: NodeJS.Timeout | undefined;
  #resolve: (value: undefined) => void = () => undefined;

  wait(): Promise<undefined> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      if (this.#hasBegun) this.begin();
    });
  }

  begin(): void {
    if (this.#hasEnded) return; // a timer would keep this process alive
    this.#hasBegun = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#resolve(undefined);
    }, GRACE_MILLISECONDS);
  }

  end(): void {
    this.#hasEnded = true;
    clearTimeout(this.#timer);
  }
}

import { closeSync, openSync, readSync } from 'node:fs';

const CHUNK = 1 << 16;
const LINE_FEED = 0x0a;

/** The lines of a file, each read when it is asked for; what follows the last line feed is one too, if it is not empty. */
export function* linesOf(file: string): Generator<string, void> {
  const descriptor = openSync(file, 'r');
  try {
    let rest = Buffer.alloc(0);
    for (;;) {
      const chunk = Buffer.allocUnsafe(CHUNK);
      const length = readSync(descriptor, chunk, 0, CHUNK, null);
      if (length === 0) break;
      const text = Buffer.concat([rest, chunk.subarray(0, length)]);
      let start = 0;
      for (let end = text.indexOf(LINE_FEED); end !== -1; end = text.indexOf(LINE_FEED, start)) {
        yield text.toString('utf8', start, end);
        start = end + 1;
      }
      rest = text.subarray(start);
    }
    if (rest.length > 0) yield rest.toString('utf8');
  } finally {
    closeSync(descriptor);
  }
}

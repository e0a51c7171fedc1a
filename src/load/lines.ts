import { PkiError } from '../errors.ts';

/** Longest record: a unit of clusters that use each other is one line. */
const MAX_LINE = 64 * 1024 * 1024;

/** Splits UTF-8 octets into lines. A last line without its line feed is given too. */
export async function* lines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  let parts: Uint8Array[] = [];
  let size = 0;
  const take = (part: Uint8Array): string => {
    const line = Buffer.concat([...parts, part]).toString('utf8');
    parts = [];
    size = 0;
    return line;
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, start)) {
      yield take(chunk.subarray(start, end));
      start = end + 1;
    }
    const rest = chunk.subarray(start);
    size += rest.length;
    if (size > MAX_LINE)
      throw new PkiError(
        'ERR_DECLARATION',
        'the declaration handed over a record of more than 64 MiB',
        {
          hint: 'split clusters that use each other’s credentials in a circle',
        },
      );
    if (rest.length > 0) parts.push(rest);
  }
  if (size > 0) yield take(new Uint8Array());
}

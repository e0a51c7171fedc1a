import { Readable } from 'node:stream';
import process from 'node:process';
import test from 'ava';
import { untilEnded } from '../../../src/load/untrusted-pipe.ts';

const timers = (): number =>
  process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

test.serial(
  'a writer that ends after its pipe leaves no timer behind, which would hold this process up',
  async (t) => {
    const before = timers();
    let end: (value: undefined) => void = () => undefined;
    const ended = new Promise<undefined>((resolve) => {
      end = resolve;
    });
    const chunks: string[] = [];
    for await (const chunk of untilEnded(Readable.from([Buffer.from('all of it')]), ended))
      chunks.push(Buffer.from(chunk).toString());
    end(undefined);
    await ended;
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    t.deepEqual(chunks, ['all of it']);
    t.is(timers(), before);
  },
);

// Runs in a machine: node --import tsx probe.ts, with clients and what each asks on standard input. Prints, for each server of
// each client in turn, the status of the answer, or the code of the error; a server that starts is asked again.
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from './client.ts';
import { once, type Ask } from './request.ts';

const probes = JSON.parse(await text(process.stdin)) as readonly {
  readonly client: Client;
  readonly ask: Ask;
}[];
const results: (string | number)[][] = [];
for (const { client, ask } of probes) {
  const answers: (string | number)[] = [];
  for (const server of client.servers) {
    for (let attempt = 0; ; attempt += 1) {
      const answer = await once(client, server, ask).then(
        ({ status }) => status,
        (error: unknown) => (error as NodeJS.ErrnoException).code ?? 'error',
      );
      if (attempt === 40 || !isStarting(answer)) {
        answers.push(answer);
        break;
      }
      await delay(500);
    }
  }
  results.push(answers);
}
process.stdout.write(JSON.stringify(results));

/** A server that is not there yet, or waits for another one. */
function isStarting(answer: string | number): boolean {
  return ['ECONNREFUSED', 'ECONNRESET', 429, 500, 503].includes(answer);
}

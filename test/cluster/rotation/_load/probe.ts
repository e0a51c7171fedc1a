// Runs in a machine: node --import tsx probe.ts, with clients and what each asks on standard input. Prints, for each server of
// each client in turn, the status of the answer, or the code of the error.
import process from 'node:process';
import { text } from 'node:stream/consumers';
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
    try {
      answers.push((await once(client, server, ask)).status);
    } catch (error) {
      answers.push((error as NodeJS.ErrnoException).code ?? 'error');
    }
  }
  results.push(answers);
}
process.stdout.write(JSON.stringify(results));

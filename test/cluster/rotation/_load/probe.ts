// Runs in a machine: node --import tsx probe.ts ADDRESS, with clients and what each asks on standard input. Prints, for each server of
// each client in turn, the status of the answer, or the code of the error; a server that starts is asked again. A client may bring
// what its server shows, which is started at ADDRESS.
import { once as event } from 'node:events';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from './client.ts';
import { once, type Ask } from './request.ts';

const probes = JSON.parse(await text(process.stdin)) as readonly {
  readonly client: Client;
  readonly ask: Ask;
  readonly shows?: { readonly certificate: string; readonly key: string };
}[];
const [address = ''] = process.argv.slice(2);
const results: (string | number)[][] = [];
for (const { client, ask, shows } of probes) {
  const answers: (string | number)[] = [];
  const started = shows && (await start(shows));
  for (const server of started === undefined ? client.servers : [started.url]) {
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
  started?.server.close();
}
process.stdout.write(JSON.stringify(results));

async function start({
  certificate: cert,
  key,
}: {
  readonly certificate: string;
  readonly key: string;
}): Promise<{ readonly server: https.Server; readonly url: string }> {
  const server = https.createServer({ cert, key }, (_incoming, response) => response.end());
  await event(server.listen(0, address), 'listening');
  return { server, url: `https://${address}:${(server.address() as AddressInfo).port}` };
}

/** A server that is not there yet, or waits for another one. */
function isStarting(answer: string | number): boolean {
  return ['ECONNREFUSED', 'ECONNRESET', 429, 500, 503].includes(answer);
}

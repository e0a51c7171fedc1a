// Runs in a machine: node --import tsx main.ts FOLDER. Works for each client of FOLDER/clients while its file is there; writes
// FOLDER/counts.json twice a second, and each failure as a line of FOLDER/failures.jsonl.
import { appendFileSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client, Counts } from './client.ts';
import type { Tally } from './request.ts';
import { loop } from './work.ts';

const [folder = ''] = process.argv.slice(2);
const answered: Record<string, number> = {};
let [refused, notReady] = [0, 0];
const tally: Tally = {
  answered(client, work) {
    const key = `${client} ${work}`;
    answered[key] = (answered[key] ?? 0) + 1;
  },
  refused() {
    refused += 1;
  },
  notReady() {
    notReady += 1;
  },
  failed(failure) {
    appendFileSync(path.join(folder, 'failures.jsonl'), `${JSON.stringify(failure)}\n`);
  },
};

let present = new Set<string>();
const known = new Set<string>();
for (;;) {
  present = new Set(readdirSync(path.join(folder, 'clients')));
  for (const file of present) {
    if (known.has(file)) continue;
    known.add(file);
    const content = readFileSync(path.join(folder, 'clients', file), 'utf8');
    const client = JSON.parse(content) as Client;
    for (const work of client.work) void loop(client, work, tally, () => present.has(file));
  }
  const counts: Counts = { answered, refused, notReady };
  writeFileSync(path.join(folder, 'counts.tmp'), JSON.stringify(counts));
  renameSync(path.join(folder, 'counts.tmp'), path.join(folder, 'counts.json'));
  await delay(500);
}

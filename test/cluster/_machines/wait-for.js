// Runs in a machine: node wait-for.js SECONDS TIMEOUT URL…: each URL, in turn, answers 200 before SECONDS are over. As a
// kubelet's probe it asks anew each time, and does not verify certificates.
import http from 'node:http';
import https from 'node:https';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';

const [seconds, timeoutSeconds, ...urls] = process.argv.slice(2);
const end = Date.now() + Number(seconds) * 1000;

/** @param {string} url @returns {Promise<string>} */
function ask(url) {
  return new Promise((resolve) => {
    const secure = url.startsWith('https:');
    const options = {
      timeout: Number(timeoutSeconds) * 1000,
      agent: false,
      rejectUnauthorized: false,
    };
    const request = (secure ? https : http).get(url, options, (response) => {
      response.resume();
      resolve(`status ${response.statusCode ?? 0}`);
    });
    request.on('timeout', () => request.destroy(new Error('timeout')));
    request.on('error', (error) => {
      resolve(error.message);
    });
  });
}

for (const url of urls) {
  for (;;) {
    const answer = await ask(url);
    if (answer === 'status 200') break;
    if (Date.now() > end) {
      process.stderr.write(`${url}: ${answer}\n`);
      process.exit(1);
    }
    await delay(250);
  }
}

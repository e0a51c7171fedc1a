// Runs in a machine: node request.js URL CA CERTIFICATE KEY NAME=VALUE…, with headers as the last ones and a body on standard input.
// Prints status and body as JSON.
import { readFileSync } from 'node:fs';
import https from 'node:https';
import process from 'node:process';
import { text } from 'node:stream/consumers';

const [url = '', ca = '', certificate = '', key = '', ...headers] = process.argv.slice(2);
const options = {
  method: 'POST',
  timeout: 20_000,
  ca: readFileSync(ca),
  cert: readFileSync(certificate),
  key: readFileSync(key),
};
const request = https.request(url, options, (response) => {
  void text(response).then((body) => {
    process.stdout.write(JSON.stringify({ status: response.statusCode, body }));
  });
});
request.on('timeout', () => request.destroy(new Error('timeout')));
request.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
for (const header of headers) {
  const [name = '', value = ''] = header.split('=');
  request.setHeader(name, value);
}
request.end(await text(process.stdin));

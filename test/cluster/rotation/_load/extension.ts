// Runs in a machine: node --import tsx extension.ts FILE. An extension API server: as components with delegated authentication it
// reads whom to trust from kube-system/extension-apiserver-authentication, and takes the user from whom it trusts. Beside it a webhook,
// which allows all but one name.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import process from 'node:process';
import { json } from 'node:stream/consumers';
import { TLSSocket } from 'node:tls';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from './client.ts';
import { request, type Tally } from './request.ts';

const [file = ''] = process.argv.slice(2);
const { client, certificate, key, gate, address } = JSON.parse(readFileSync(file, 'utf8')) as {
  readonly client: Client;
  readonly certificate: string;
  readonly key: string;
  readonly gate: { readonly certificate: string; readonly key: string };
  readonly address: string;
};
const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const silent = (): void => undefined;
const tally: Tally = {
  answered: silent,
  refused: silent,
  notReady: silent,
  failed(failure) {
    say(`failed: ${JSON.stringify(failure)}`);
  },
};

const CONFIG_MAP = '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication';
let trusted: readonly X509Certificate[] = [];
let names: readonly string[] = [];

async function readConfigMap(): Promise<void> {
  // it is gone for a moment when it is built anew
  const answer = await request(client, 'extension', { path: CONFIG_MAP, also: [404] }, tally);
  if (answer?.status !== 200) return;
  const { data } = JSON.parse(answer.body) as { readonly data: Readonly<Record<string, string>> };
  const pem = data['requestheader-client-ca-file'] ?? '';
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/gu) ?? [];
  trusted = blocks.map((block) => new X509Certificate(block));
  names = JSON.parse(data['requestheader-allowed-names'] ?? '[]') as string[];
}

function isFrontProxy(shown: X509Certificate | undefined): boolean {
  const name = /^CN=(.*)$/mu.exec(shown?.subject ?? '')?.[1] ?? '';
  return names.includes(name) && trusted.some(({ publicKey }) => shown?.verify(publicKey));
}

const KIND = { apiVersion: 'v1', groupVersion: 'widgets.example.com/v1' };
const widgets = { name: 'widgets', namespaced: false, kind: 'Widget', verbs: ['list'] };
await readConfigMap();
https
  .createServer(
    { cert: certificate, key, requestCert: true, rejectUnauthorized: false },
    (incoming, response) => {
      const { socket } = incoming;
      const shown = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
      const known = isFrontProxy(shown);
      const body = known
        ? { ...KIND, kind: 'APIResourceList', resources: [widgets], user: incoming.headers }
        : { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 401 };
      response.writeHead(known ? 200 : 401, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    },
  )
  .listen(443, address, () => say('listening'));

https
  .createServer({ cert: gate.certificate, key: gate.key }, (incoming, response) => {
    json(incoming).then((review) => {
      const { request: asked } = review as { request: { uid: string; name: string } };
      const { uid, name } = asked;
      const status = { message: 'the gate denies it' };
      const verdict = { uid, allowed: name !== 'denied', status };
      const kind = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' };
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ ...kind, response: verdict }));
    }, silent);
  })
  .listen(8443, address);
for (;;) {
  await delay(1000);
  await readConfigMap();
}

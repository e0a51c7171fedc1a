import { setTimeout as delay } from 'node:timers/promises';
import type { Client, Work } from './client.ts';
import { request, type Answer, type Ask, type Tally } from './request.ts';

type Do = (client: Client, tally: Tally, state: State) => Promise<void>;

/** What a client keeps from one round to the next. */
interface State {
  round: number;
  signed: string[];
}

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const REQUESTS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const SELF = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
/** So many of the certificates that were signed last are used on. */
const KEPT = 3;

/** Each round of a kind of work; every request in it is counted. */
const ROUNDS: Readonly<Record<Work, Do>> = {
  read: plain('read', { path: `${CONFIG_MAPS}?limit=5` }),
  watch: plain('watch', { path: `${CONFIG_MAPS}?watch=1&timeoutSeconds=2` }),
  scrape: plain('scrape', { path: '/metrics' }),
  extension: plain('extension', { path: '/apis/widgets.example.com/v1/widgets' }),
  kubelet: plain('kubelet', { path: '/api/v1/nodes/worker-1/proxy/healthz' }),
  etcd: plain('etcd', { path: '/health' }),
  whoami: plain('whoami', self()),
  async write(client, tally, { round }) {
    const name = `${client.name}-${round}`;
    const object = (value: string): unknown => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, labels: { gate: 'asked' } }, // a webhook is asked about it
      data: { value },
    });
    const path = `${CONFIG_MAPS}/${name}`;
    const create = { method: 'POST', path: CONFIG_MAPS, body: object('one'), also: [409] };
    await request(client, 'write', create, tally);
    await request(client, 'write', { method: 'PUT', path, body: object('two') }, tally);
    await request(client, 'write', { method: 'DELETE', path, also: [404] }, tally);
  },
  async review(client, tally) {
    for (const token of client.tokens ?? []) {
      const kind = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview' };
      const ask = {
        method: 'POST',
        path: '/apis/authentication.k8s.io/v1/tokenreviews',
        body: { ...kind, spec: { token } },
      };
      const answer = await request(client, 'review', ask, tally);
      if (answer === null) return;
      const { status } = json(answer);
      if ((status as { authenticated?: boolean }).authenticated === true) continue;
      const failure = { client: client.name, work: 'review', kind: '401' } as const;
      tally.failed({ ...failure, server: '', message: JSON.stringify(status) });
    }
  },
  async sign(client, tally, state) {
    const { csr = '', key = '' } = client.request ?? {};
    const name = `${client.name}-${state.round}`;
    const object = {
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { name },
      spec: {
        request: Buffer.from(csr).toString('base64'),
        signerName: 'kubernetes.io/kube-apiserver-client',
        usages: ['digital signature', 'client auth'],
      },
    };
    const condition = { type: 'Approved', status: 'True', reason: 'Load', message: 'load' };
    const approved = { ...object, status: { conditions: [condition] } };
    const path = `${REQUESTS}/${name}`;
    const create = { method: 'POST', path: REQUESTS, body: object, also: [409] };
    if ((await request(client, 'sign', create, tally)) === null) return;
    const approve = { method: 'PUT', path: `${path}/approval`, body: approved, also: [409] };
    if ((await request(client, 'sign', approve, tally)) === null) return;
    for (let attempt = 0; attempt < 240; attempt += 1) {
      const answer = await request(client, 'sign', { path }, tally);
      if (answer === null) return;
      const { certificate } = json(answer)['status'] as { certificate?: string };
      if (certificate !== undefined) {
        state.signed = [...state.signed, Buffer.from(certificate, 'base64').toString()].slice(
          -KEPT,
        );
        break;
      }
      await delay(250); // while another kube-controller-manager takes the lease
    }
    for (const certificate of state.signed) {
      const signed = { ...client, certificate, key };
      await request(signed, 'sign', self(), tally);
    }
  },
};

/** Does a kind of work over and over until the client is taken away. */
export async function loop(
  client: Client,
  work: Work,
  tally: Tally,
  goesOn: () => boolean,
): Promise<void> {
  const state: State = { round: 0, signed: [] };
  while (goesOn()) {
    state.round += 1;
    await ROUNDS[work](client, tally, state);
    await delay(work === 'scrape' ? 1200 : 450);
  }
}

function plain(work: Work, ask: Ask): Do {
  return async (client, tally) => {
    await request(client, work, ask, tally);
  };
}

function self(): Ask {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  return { method: 'POST', path: SELF, body };
}

function json({ body }: Answer): Record<string, unknown> {
  return JSON.parse(body) as Record<string, unknown>;
}

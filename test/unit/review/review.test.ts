import test from 'ava';
import { PkiError } from '../../../src/errors.ts';
import type { TreeReader } from '../../../src/model/ports.ts';
import { fileText } from '../../../src/review/print/textconv.ts';
import { review } from '../../../src/review/review.ts';
import { after, DAY, NOW, TREE, unit } from '../../_helpers/desired.ts';
import { MemoryTree, synth } from '../../_helpers/repository.ts';
import { DUE, kubeadmLike, reviewTrees } from '../../_helpers/review.ts';
import { identity } from '../../_helpers/store.ts';

const UNITS = [unit(kubeadmLike('prod', [identity.recipient]))];
const base = new MemoryTree();
await synth(base, { units: UNITS });
const renewed = base.clone();
await synth(renewed, { units: UNITS, identity, chain: 'renew', now: DUE });

test('review: old and new of a certificate, its reason, and whether its key was kept', (t) => {
  const [cluster] = reviewTrees(base, renewed).clusters;
  const web = cluster?.certificates.find(({ credential }) => String(credential) === 'prod/web');
  t.like(web, { change: 'renewed', reason: 'RenewalDue', key: 'changed', differs: [] });
  t.deepEqual(web?.before?.notAfter, after(NOW, 365 * DAY));
  t.deepEqual(web?.after?.notAfter, after(DUE, 365 * DAY));
  t.not(web?.before?.serialNumber, web?.after?.serialNumber);
  t.deepEqual(web?.after?.sans, ['DNS:web.example.com']);
});

test('review: the deadline is when the first of what is replaced expires, with what stops then', (t) => {
  const { deadline } = reviewTrees(base, renewed);
  t.deepEqual(deadline?.notAfter, after(NOW, 365 * DAY));
  t.is(deadline?.credentials.length, 6);
  t.regex(deadline?.stops[0] ?? '', /API server/u);
  t.is(reviewTrees(new MemoryTree(), base).deadline, null, 'nothing is replaced by what is new');
  t.is(reviewTrees(renewed, base).deadline, null, 'nobody is to hurry to put old ones back');
});

test('review: copies that stay are those of what is replaced', (t) => {
  const [cluster] = reviewTrees(base, renewed).clusters;
  t.deepEqual(
    cluster?.copies.map(({ credentials, where }) => [credentials.length, where.slice(0, 24)]),
    [
      [2, 'copies of admin.conf: ~/'],
      [1, 'the kubeconfig that was '],
      [1, 'pods that read Secret.de'],
    ],
  );
});

test('review: pods restart where their manifest differs: node by node, etcd first, workers last', (t) => {
  const pod = (node: string, name: string): string =>
    `deploy/prod/nodes/${node}/etc/kubernetes/manifests/${name}.yaml`;
  const [before, head] = [base.clone(), base.clone()];
  for (const name of ['kube-scheduler', 'own', 'etcd']) {
    before.write(pod('cp-1', name), 'a: 1\n');
    head.write(pod('cp-1', name), 'a: 2 # /etc/kubernetes/scheduler.conf\n');
  }
  before.write(pod('cp-2', 'gone'), 'a: 1\n');
  head.write(pod('cp-0', 'new'), 'a: 1\n');
  head.write('deploy/prod/nodes/cp-1/etc/kubernetes/scheduler.conf', 'x');
  head.write('deploy/prod/nodes/_worker/var/lib/kubelet/config.yaml', 'x');
  const [cluster] = reviewTrees(before, head).clusters;
  const read = ['/etc/kubernetes/scheduler.conf'];
  const of = (name: string, change: string, reads: readonly string[] = []) => ({
    name,
    change,
    reads,
  });
  t.deepEqual(cluster?.restarts as unknown, [
    { node: 'cp-0', pods: [of('new', 'start')] },
    {
      node: 'cp-1',
      pods: ['etcd', 'kube-scheduler', 'own'].map((name) => of(name, 'restart', read)),
    },
    { node: 'cp-2', pods: [of('gone', 'stop')] },
    {
      node: '_worker',
      pods: [of('kubelet', 'start', ['/var/lib/kubelet/config.yaml'])],
    },
  ]);
});

test('review: a kubelet restarts for another certificate, and not where its kubeconfig was only encrypted again', (t) => {
  const file = 'deploy/prod/nodes/cp-1/etc/kubernetes/kubelet.conf';
  const kubeconfig = (certificate: string, key: string): string =>
    `kind: Config\nclient-certificate-data: ${certificate}\nclient-key-data: ENC[AES256_GCM,data:${key}]\n` +
    `sops:\n    lastmodified: ${key}\n    mac: ENC[AES256_GCM,data:${key}]\n`;
  const restarts = (certificate: string): unknown => {
    const [before, head] = [base.clone(), base.clone()];
    before.write(file, kubeconfig('one', 'a'));
    head.write(file, kubeconfig(certificate, 'b'));
    return reviewTrees(before, head).clusters[0]?.restarts;
  };
  t.deepEqual(restarts('one'), []);
  const reads = ['/etc/kubernetes/kubelet.conf'];
  t.deepEqual(restarts('two'), [
    { node: 'cp-1', pods: [{ name: 'kubelet', change: 'restart', reads }] },
  ]);
});

test('review: what cannot be read, or is anything else than expected, on either side, is never a crash', (t) => {
  const unreadable: TreeReader = {
    read: (path) => {
      throw new PkiError('ERR_READ', `"${path}" is a symbolic link`);
    },
    list: (path) => base.list(path),
  };
  const options = { tree: TREE, now: DUE };
  for (const [was, is] of [
    [base, unreadable],
    [unreadable, base],
  ] as const) {
    const codes = new Set(review(was, is, options).flags.map(({ code }) => code));
    t.true(codes.has('Damaged'));
  }
  for (const path of base.paths(/\.(yaml|json|conf|crt|key|pub)$/u)) {
    for (const content of [
      '',
      '\0',
      '{',
      '[]',
      'null',
      'a: &a [*a]',
      '-----BEGIN CERTIFICATE-----',
    ]) {
      t.notThrows(
        () => reviewTrees(base, base.clone().write(path, content)),
        `${path}: ${content}`,
      );
      t.notThrows(() => reviewTrees(base.clone().write(path, content), base));
    }
  }
});

test('fileText: what is encrypted stays so, certificates in it are text, and nothing of a key is shown', (t) => {
  const text = fileText(
    base.files.get('deploy/prod/kubeconfigs/deployer.conf') ?? new Uint8Array(),
  );
  t.regex(text, /^ {4}client-key-data: <encrypted>$/mu);
  t.regex(text, /^ {8}subject: O=deployers, CN=deployer$/mu);
  t.regex(text, new RegExp(`^ {2}- recipient: ${identity.recipient}$`, 'mu'));
  t.notRegex(text, /ENC\[|BEGIN/u);
  const key = fileText(
    base.files.get('deploy/prod/nodes/cp-1/etc/kubernetes/pki/apiserver.key') ?? new Uint8Array(),
  );
  t.regex(key, /^data: <encrypted>\nsops:\n/u);
  const two = base.text('deploy/prod/nodes/cp-1/etc/kubernetes/pki/ca.crt').repeat(2);
  t.is((fileText(Buffer.from(two)).match(/^certificate:$/gmu) ?? []).length, 2);
  const plain = '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n';
  t.is(fileText(Buffer.from(plain)), 'PRIVATE KEY: <in the clear, not shown>\n');
  const damaged = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
  t.is(fileText(Buffer.from(damaged)), damaged);
});

test('fileText: a document with aliases, which could stand for anything, is shown as it is', (t) => {
  const bomb = 'a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\nsops:\n    mac: x\n';
  t.is(fileText(Buffer.from(bomb)), bomb);
});

test('fileText: what could steer a terminal is written out, in and around certificates and in files of any kind', (t) => {
  const title = '\u001B]0;x\u0007\u202E';
  const shown = String.raw`\u{1B}]0;x\u{7}\u{202E}`;
  const damaged = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
  const texts = [
    `a${title}\r\n\tb\n`,
    `${title}\n${damaged}${title}`,
    damaged.replace('AAAA', title),
  ];
  for (const text of texts) {
    t.is(fileText(Buffer.from(text)), text.replaceAll(title, shown));
  }
});

test('fileText: the time it takes grows no faster than the file', (t) => {
  // a look at the rest of the file for each of these lines would take an hour
  const begins = '-----BEGIN X-----\n'.repeat(500_000);
  t.true(fileText(Buffer.from(begins)) === begins);
  const empty = `${'\n'.repeat(2_000_000)}x`;
  t.true(fileText(Buffer.from(empty)) === empty);
});

import test from 'ava';
import { Chart } from 'cdk8s';
import { Certificate, CertificateAuthority, Cluster, Duration } from '../../../src/index.ts';
import { configMap, describe, linesOf, newApp, newKubeadm } from '../../_helpers/declare.ts';

test('records: a cluster’s first description serves, but where another cluster asks more of its authorities', (t) => {
  const app = newApp();
  const shared = new CertificateAuthority(app, 'root', { validity: Duration.days(7300) });
  const prod = newKubeadm(app, { ca: shared });
  const edge = new Cluster(app, 'edge');
  new CertificateAuthority(edge, 'web-ca', { issuer: prod.etcdCa });
  new Certificate(edge, 'agent', {
    issuer: prod.frontProxyCa,
    profile: 'client',
    validity: Duration.days(500),
  });
  new Chart(app, 'apps');
  const lines = linesOf(app);
  const isUnit = (text: string): boolean => text.startsWith('{"type":"unit"');
  t.is(lines.filter(isUnit).length, 4);
  t.deepEqual(
    linesOf(app, () => new Map()),
    lines,
  );
  const marked = linesOf(app, (kept) => {
    return new Map([...kept.keys()].map((folder) => [folder, Buffer.from('"kept"')]));
  });
  // _shared and prod, of which something is asked, then edge and apps
  t.deepEqual(
    marked.filter(isUnit).map((text) => text.includes('"kept"')),
    [false, false, true, true],
  );
  // what is asked: 500 days, three soaks of a day and 30 days
  const asked = describe(app).authorities.find(({ name }) => name === 'front-proxy-ca');
  t.is(asked?.renewBefore, 533 * 86_400);
});

test('records: descriptions are kept as far as there is room, and the rest is made again', (t) => {
  const app = newApp();
  const text = 'x'.repeat(9 * 1024 * 1024);
  for (const name of ['a', 'b', 'c', 'd', 'e']) configMap(new Chart(app, name), 'data', { text });
  let kept: string[] = [];
  const lines = linesOf(app, (descriptions) => {
    kept = [...descriptions.keys()].map(({ name }) => name);
    return descriptions;
  });
  t.deepEqual(kept, ['a', 'b', 'c']); // 27 of 32 MiB
  const lengths = lines.slice(1).map(({ length }) => length);
  t.deepEqual(new Set(lengths), new Set([lengths[0]]));
  t.is(lengths.length, 5);
});

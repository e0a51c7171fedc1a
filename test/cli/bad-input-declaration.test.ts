import test from 'ava';
import { declaration } from '../_helpers/declaration.ts';
import { refused } from '../_helpers/refusal.ts';
import { changed, newPerson, Repository } from '../_helpers/run-cli.ts';

/** Declarations that cannot be used: the real program says so, and a tree that is there stays as it is. */

const alice = await newPerson();
const main = (extra: string): string => declaration({ recipients: [alice.recipient], extra });
/** Looks like an identity and is none. */
const IDENTITY = `AGE-SECRET-KEY-1${'Q'.repeat(58)}`;

/** Numbers the constructs of the statements. */
let count = 0;

/** Everything wrong at once: all of it is told, each with its construct. */
const WRONG: readonly (readonly [statement: string, detail: RegExp])[] = [
  ...(
    [
      ['../x', /is not a DNS label/],
      ['.', /is not a DNS label/],
      ['CON', /is not a DNS label/],
      ['con', /device on Windows/],
      ['a\\0b', /is not a DNS label/],
      ['pr\\u043ed', /is not a DNS label/],
      ['prod ', /is not a DNS label/],
      ['x'.repeat(300), /is not a DNS label/],
      ['a/b', /is a path/],
    ] as const
  ).map(([id, detail]) => [`new pki.Cluster(app, '${id}');`, detail] as const),
  ...(
    [
      ['a..b', /is not a DNS name/],
      ['*', /wildcard only as its whole first label/],
      ['a.*.example', /wildcard/],
      ['*.com', /before two labels/],
      ['b\\u00fccher.example', /A-label "xn--bcher-kva\.example"/],
      ['a_b.example', /underscore/],
      ['a.example.', /ends with a dot/],
      ['a\\0.example', /is not a DNS name/],
      [`${'a.'.repeat(127)}b`, /is not a DNS name/],
      ['10.0.0.1', /is an IP address/],
    ] as const
  ).map(([name, detail]) => [certificate(`dnsNames: ['${name}']`), detail] as const),
  [certificate(`ipAddresses: ['fe80::1%eth0']`), /is not an IP address/],
  [certificate(`ipAddresses: ['010.0.0.1']`), /is not an IP address/],
  [certificate(`uris: ['spiffe://a..b/c']`), /host is neither a DNS name nor an address/],
  [certificate(`uris: ['spiffe:///c']`), /absolute URI with a host/],
  [
    `new pki.Certificate(new pki.Cluster(app, 'other'), 'web', { issuer: undefined, profile: 'client' });`,
    /issuer is not a CertificateAuthority/,
  ],
  [
    certificate(`dnsNames: ['a.b'], validity: Duration.days(30)`),
    /renewBefore of 90 days is not shorter/,
  ],
  [
    certificate(`dnsNames: ['a.b'], validity: Duration.days(0)`),
    /validity is not a span of 1 seconds/,
  ],
  [certificate(`dnsNames: ['a.b'], validity: Duration.seconds(0.2)`), /validity is not a span/],
  [certificate(`dnsNames: ['a.b'], validity: Duration.days(Infinity)`), /validity is not a span/],
  [certificate(`dnsNames: ['a.b'], validity: Duration.days(4e4)`), /longer than a century/],
  [certificate(`dnsNames: ['${IDENTITY}.example']`), /\(an age identity, left out\)/i],
  [
    kubeadm(`serviceSubnets: ['10.96.0.0/33']`),
    /serviceSubnets "10\.96\.0\.0\/33" is not a network/,
  ],
  [kubeadm(`podSubnets: ['10.96.0.0/012']`), /podSubnets .* is not a network/],
  [kubeadm(`controlPlaneEndpoint: 'https://a'`), /controlPlaneEndpoint .* is not host/],
  [kubeadm(`kubernetesVersion: '1.99.0'`), /kubernetesVersion "1\.99\.0"/],
  [kubeadm(`controlPlaneNodes: [{ name: '..', advertiseAddress: 'x' }]`), /is not a node name/],
  [kubeadm(`recipients: []`), /recipients names nobody/],
  [kubeadm(`recipients: ['ssh-ed25519 AAAA']`), /"ssh-ed25519 AAAA" is not an age recipient/],
  [kubeadm(`recipients: [' ${IDENTITY}']`), /an age identity or private key stands where/],
  [kubeadm(`recipients: ['${alice.recipient.slice(0, -1)}']`), /checksum or length is wrong/],
  [kubeadm(`recipients: ['${alice.recipient}', '${alice.recipient}']`), /is named twice/],
  [
    `new pki.Certificate(prod, 'twice-x', { issuer: prodCa, profile: 'client' });
    new pki.Certificate(new Construct(prod, 'twice'), 'x', { issuer: prodCa, profile: 'client' });`,
    /credential "twice-x" is also that of/,
  ],
];

function certificate(props: string): string {
  count += 1;
  return `new pki.Certificate(prod, 'c${count}', { issuer: prodCa, profile: 'server', ${props} });`;
}

function kubeadm(props: string): string {
  count += 1;
  return `new pki.KubeadmCluster(app, 'k${count}', { controlPlaneEndpoint: 'a.example', controlPlaneNodes: [{ name: 'n', advertiseAddress: '10.0.0.${count}' }], ${props} });`;
}

test('bad input: all that is wrong in a declaration is told at once, no secret is shown, and nothing changes', async (t) => {
  const statements = WRONG.map(([statement]) => statement).join('\n');
  const repository = new Repository(t, {
    'clusters/main.ts': `import { Duration } from 'cdk8s';\nimport { Construct } from 'constructs';\n${main(statements)}`,
  });
  const before = repository.files();
  for (const command of ['plan', 'synth']) {
    const { status, stdout, stderr } = await repository.run([command]);
    t.deepEqual([status, stdout], [1, ''], stderr);
    t.regex(
      stderr,
      /^cdk8s-pki: error: the declaration has \d+ problems \[ERR_DECLARATION_INVALID\]\n/u,
    );
    t.regex(stderr, /\ncdk8s-pki: hint: correct these constructs/u);
    for (const [statement, detail] of WRONG) t.regex(stderr, detail, statement);
    t.false(/Q{10}/iu.test(stderr));
  }
  t.deepEqual(
    changed(before, repository.files()).filter((file) => file !== '.cdk8s-pki/.gitignore'),
    [],
  );
});

/** Declarations that never hand over a fleet. */
const FAILURES: readonly (readonly [
  what: string,
  source: string,
  message: RegExp,
  hint: RegExp,
])[] = [
  ['throws null', 'throw null;', /threw an error/u, /printed above/u],
  [
    'throws what is no text',
    'throw { toString() { throw 1; } };',
    /threw an error/u,
    /printed above/u,
  ],
  [
    'throws an error with a stack that is none',
    `throw Object.assign(new Error('x'), { stack: 5 });`,
    /threw an error/u,
    /printed above/u,
  ],
  [
    'throws a huge message',
    `throw new Error('x'.repeat(5e7));`,
    /threw an error/u,
    /printed above/u,
  ],
  [
    'throws an identity',
    `throw new Error('key ${IDENTITY}');`,
    /\(an age identity, left out\)[^]*threw an error/u,
    /printed above/u,
  ],
  ['rejects', 'await Promise.reject(7);', /threw an error/u, /printed above/u],
  ['exits with 1', 'process.exit(1);', /ended before it was read/u, /process\.exit/u],
  [
    'exits in a timer',
    'setTimeout(() => process.exit(0), 10); await new Promise(() => {});',
    /ended before it was read/u,
    /process\.exit/u,
  ],
  // V8 ends a process so where the heap is full; to fill one takes minutes, and gigabytes.
  ['aborts', `process.abort();`, /ended with SIGABRT/u, /out of memory/u],
  ['is empty', '', /exports nothing/u, /export default app/u],
  ['exports null', 'export default null;', /threw an error/u, /printed above/u],
  ['exports a class', 'export default class {}', /does not export an App/u, /export default app/u],
  [
    'exports a promise',
    main('').replace('export default app', 'export default Promise.resolve(app)'),
    /does not export an App/u,
    /export default app/u,
  ],
  [
    'writes garbage to descriptor 3',
    `import { writeSync } from 'node:fs'; writeSync(3, 'garbage\\n'); ${main('')}`,
    /something unexpected: record is not JSON/u,
    /descriptor 3/u,
  ],
  [
    'writes an identity to descriptor 3',
    `import { writeSync } from 'node:fs'; writeSync(3, '{"type":"end","${IDENTITY}":1}\\n'); ${main('')}`,
    /something unexpected/u,
    /descriptor 3/u,
  ],
  [
    'names a cluster like a member of every object',
    main(`new pki.Cluster(app, 'constructor');`),
    /id "constructor" is taken in App/u,
    /correct these constructs/u,
  ],
];

for (const [what, source, message, hint] of FAILURES)
  test(`bad input: a declaration that ${what} is told so, and nothing changes`, async (t) => {
    const repository = new Repository(t, { 'clusters/main.ts': source });
    const before = repository.files();
    const { status, stdout, stderr } = await repository.run(['plan', '--output', 'json']);
    const { error } = JSON.parse(stdout) as { error: { code: string } };
    t.is(status, 1);
    t.regex(error.code, /^ERR_DECLARATION(?:_INVALID)?$/u, stderr.slice(0, 2000));
    t.regex(stderr, message);
    t.regex(stderr, hint);
    t.true(stderr.length < 30_000);
    t.notRegex(stderr, /Q{10}|unexpected \w*Error/u);
    t.deepEqual(changed(before, repository.files()), []);
  });

test('bad input: a folder in the place of the declaration', async (t) => {
  const repository = new Repository(t, { 'clusters/main.ts/x': '' });
  const { status, stderr } = await repository.run(['plan']);
  t.is(status, 1);
  t.regex(stderr, /^cdk8s-pki: error: declaration "clusters\/main\.ts" /mu);
});

test('bad input: what a declaration prints does not come between results, and it has no identity', async (t) => {
  const repository = new Repository(t, {
    'clusters/main.ts': main(`console.log('noise', process.env.SOPS_AGE_KEY ?? 'no identity');`),
  });
  const { status, stdout, stderr } = await repository.run(['plan', '--output', 'json'], {
    as: alice,
  });
  t.is(status, 3, stderr);
  t.notThrows(() => JSON.parse(stdout) as unknown);
  t.true(stderr.includes('noise no identity'));
});

test('bad input: a program that a declaration leaves behind with descriptor 3 is not waited for', async (t) => {
  const repository = new Repository(t, {
    'clusters/main.ts': `import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
const child = spawn('sleep', ['600'], { stdio: ['ignore', 'ignore', 'ignore', 3], detached: true });
writeFileSync('pid', String(child.pid));
process.kill(process.pid, 'SIGKILL');
await new Promise(() => {});`,
  });
  const { status, stderr } = await repository.run(['plan']);
  const pid = Number(repository.read('pid'));
  t.teardown(() => process.kill(pid));
  t.is(status, 1);
  t.regex(stderr, /the process of declaration "clusters\/main\.ts" ended with SIGKILL/u);
  t.notThrows(() => process.kill(pid, 0), 'it is still there');
});

test('bad input: a misspelt cluster is exit 2, with the nearest name', async (t) => {
  const repository = new Repository(t, { 'clusters/main.ts': main('') });
  const { status, stderr } = await repository.run(['plan', '--cluster', 'prdo']);
  t.is(status, 2);
  t.regex(stderr, /hint: did you mean prod\?\ncdk8s-pki: hint: clusters are: prod\n/u);
});

for (const [what, statements, detail] of [
  [
    'a bad name of a cluster is the one problem that it has',
    `const bad = new pki.KubeadmCluster(app, 'Prod_EU', { controlPlaneEndpoint: 'a.example', controlPlaneNodes: [{ name: 'n', advertiseAddress: '10.0.0.1' }] });
    const web = new pki.Certificate(bad, 'web', { issuer: bad.ca, profile: 'server', dnsNames: ['a.b'] });
    new pki.TlsSecret(bad, 'web-tls', { certificate: web, namespace: 'default' });`,
    /^\[Prod_EU\] "Prod_EU" is not a DNS label/u,
  ],
  [
    'the name of a cluster twice is a problem at its line',
    `new pki.Cluster(app, 'prod');`,
    /^\[clusters\/main\.ts:\d+:\d+\] id "prod" is taken in App; give it another$/u,
  ],
  [
    'numbers for names are a problem',
    `new pki.Certificate(prod, 'x', { issuer: prodCa, profile: 'server', dnsNames: [42] as never });`,
    /^\[prod\/x\] dnsNames is not a list of texts$/u,
  ],
  [
    'a text for a list of names is a problem',
    `new pki.Certificate(prod, 'x', { issuer: prodCa, profile: 'server', uris: 'spiffe://a.b/c' as never });`,
    /^\[prod\/x\] uris is not a list of texts$/u,
  ],
  [
    'another type than our own code can work with is a problem at its line',
    `new pki.Certificate(prod, 'x', { issuer: prodCa, profile: 'client', validity: '90d' as never });`,
    /^\[clusters\/main\.ts:\d+:\d+\] a property has a value of another type than it must \(/u,
  ],
] as const)
  test(`bad input: ${what}`, async (t) => {
    const repository = new Repository(t, { 'clusters/main.ts': main(statements) });
    const { details } = await refused(t, repository, ['plan'], {
      code: 'ERR_DECLARATION_INVALID',
      message: 'the declaration has 1 problem',
      hint: /^correct these constructs/u,
    });
    t.is(details.length, 1);
    t.regex(details[0] ?? '', detail);
  });

test('bad input: a TypeError of the declaration itself stays its own', async (t) => {
  const repository = new Repository(t, { 'clusters/main.ts': main('(undefined as never).x;') });
  const { stderr } = await repository.run(['plan']);
  t.regex(stderr, /^TypeError: /u);
  t.regex(stderr, /threw an error \[ERR_DECLARATION\]$/mu);
});

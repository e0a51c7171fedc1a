import test from 'ava';
import type { Canonical } from '../../../src/catalog/names/canonical.ts';
import { dnsName, hostName } from '../../../src/catalog/names/dns.ts';
import { endpoint, endpointUrl, serverUrl } from '../../../src/catalog/names/endpoint.ts';
import {
  firstAddress,
  ipAddress,
  nodeAddress,
  serviceSubnet,
} from '../../../src/catalog/names/ip.ts';
import { ageRecipient, sopsRecipient } from '../../../src/catalog/names/recipient.ts';
import { alternativeNames, san } from '../../../src/catalog/names/san.ts';
import {
  chartName,
  credentialName,
  nodeName,
  relativePath,
  treeFolder,
} from '../../../src/catalog/names/tree-name.ts';
import { uri } from '../../../src/catalog/names/uri.ts';
import { RECIPIENTS } from '../../_helpers/declare.ts';
import { makeKey } from '../sops/_keys.ts';

type Rule = (text: string) => Canonical;

/** `expected` is the canonical text, or a pattern of the problem. */
const rule = test.macro({
  exec(t, apply: Rule, text: string, expected: string | RegExp) {
    const { value, problem } = apply(text);
    if (typeof expected === 'string') t.is(value, expected, problem);
    else t.regex(problem ?? `no problem: ${value}`, expected);
  },
  title: (_, apply: Rule, text: string) => `${apply.name}: ${JSON.stringify(text).slice(0, 70)}`,
});

const { custodian } = RECIPIENTS;
const ROWS: readonly (readonly [Rule, string, string | RegExp])[] = [
  [hostName, 'API.Example.com', 'api.example.com'],
  [hostName, 'kubernetes', 'kubernetes'],
  [hostName, '*.example.com', /is not a DNS name/],
  [hostName, '10.0.0.1', /is an IP address/],
  [hostName, '10.0.0', /is not a DNS name/],
  [hostName, 'a_b.example', /underscore/],
  [hostName, 'example.com.', /ends with a dot/],
  [hostName, 'bücher.example', /A-label "xn--bcher-kva\.example"/],
  [hostName, '-a.example', /is not a DNS name/],
  [hostName, '', /is not a DNS name/],
  [hostName, `${'a'.repeat(64)}.example`, /is not a DNS name/],
  [hostName, 'a\n.example', /is not a DNS name/],
  [dnsName, '*.Example.com', '*.example.com'],
  [dnsName, '*', /wildcard only as its whole first label/],
  [dnsName, '*.com', /before two labels/],
  [dnsName, 'a.*.example', /wildcard/],
  [dnsName, 'a*.example.com', /wildcard/],
  [dnsName, '*.*.example.com', /wildcard/],
  [dnsName, `*.${'b.'.repeat(125)}b`, `*.${'b.'.repeat(125)}b`],
  [dnsName, `*.${'a.'.repeat(126)}b`, /is not a DNS name/],
  [dnsName, `${'a.'.repeat(127)}b`, /is not a DNS name/],
  [dnsName, 'xn--bcher-kva.example', 'xn--bcher-kva.example'],
  [dnsName, '*.bücher.example', /A-label/],
  [dnsName, 'a\0.example', /is not a DNS name/],
  [dnsName, ' a.example', /is not a DNS name/],
  [dnsName, '.', /ends with a dot/],
  [ipAddress, '10.0.0.1', '10.0.0.1'],
  [ipAddress, '::FFFF:10.0.0.1', '10.0.0.1'],
  [ipAddress, '::ffff:a00:1', '10.0.0.1'],
  [ipAddress, 'FD00:0:0::0011', 'fd00::11'],
  [ipAddress, '2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  [ipAddress, '010.0.0.1', /is not an IP address/],
  [ipAddress, '10.1', /is not an IP address/],
  [ipAddress, '0x0a000001', /is not an IP address/],
  [ipAddress, 'fe80::1%eth0', /is not an IP address/],
  [ipAddress, '256.0.0.1', /is not an IP address/],
  [ipAddress, '1:2', /is not an IP address/],
  [nodeAddress, '10.0.0.1', '10.0.0.1'],
  [nodeAddress, '0.0.0.0', /is not an address of a node: unspecified/],
  [nodeAddress, '127.0.0.1', /loopback/],
  [nodeAddress, 'fe80::1', /link-local/],
  [nodeAddress, 'cp-1', /is not an IP address/],
  [serviceSubnet, '10.96.0.0/12', '10.96.0.0/12'],
  [serviceSubnet, '10.96.3.4/12', '10.96.0.0/12'],
  [serviceSubnet, 'fd00:10:96::/112', 'fd00:10:96::/112'],
  [serviceSubnet, '10.96.0.0/29', /fewer than 10/],
  [serviceSubnet, 'fd00::/64', /too large/],
  [serviceSubnet, '10.96.0.0', /CIDR/],
  [serviceSubnet, '10.96.0.0/33', /CIDR/],
  [serviceSubnet, '10.96.0.0/012', /CIDR/],
  [san, '*.example.com', '*.example.com'],
  [san, '::ffff:10.0.0.1', '10.0.0.1'],
  [san, 'example.com:6443', /neither an IP address nor a DNS name/],
  [uri, 'spiffe://example.com/ns/a', 'spiffe://example.com/ns/a'],
  [uri, 'https://u@[fd00::1]:443/a?b#c', 'https://u@[fd00::1]:443/a?b#c'],
  [uri, 'spiffe://trust_domain/a', 'spiffe://trust_domain/a'],
  [uri, 'spiffe://a..b/c', /neither a DNS name nor an address/],
  [uri, 'spiffe://example.com./c', /neither a DNS name nor an address/],
  [uri, 'spiffe://*/c', /neither a DNS name nor an address/],
  [uri, 'spiffe://[fe80::1%25eth0]/c', /neither a DNS name nor an address|not a URI/],
  [uri, `spiffe://${'a.'.repeat(130)}b/c`, /neither a DNS name nor an address/],
  [uri, 'spiffe:///c', /absolute URI/],
  [uri, 'spiffe://a\0/c', /not a URI|absolute URI|neither/],
  [uri, '/path', /absolute URI/],
  [uri, 'spiffe://exämple.com/a', /ASCII/],
  [credentialName, 'admin.conf', 'admin.conf'],
  [credentialName, '../x', /is not a credential name/],
  [credentialName, 'A', /is not a credential name/],
  [credentialName, '-a', /is not a credential name/],
  [credentialName, 'a.sops.yaml', /ends with/],
  [credentialName, 'a'.repeat(201), /longer than 200/],
  [chartName, 'prod-eu-1', 'prod-eu-1'],
  [chartName, 'pki', /reserved/],
  [chartName, '_shared', /DNS label/],
  [chartName, 'authorities.yaml', /DNS label/],
  [chartName, '..', /DNS label/],
  [chartName, '__proto__', /DNS label/],
  [chartName, 'constructor', 'constructor'],
  [chartName, 'con', /device on Windows/],
  [chartName, 'prod ', /DNS label/],
  [chartName, 'pr\u043ed', /DNS label/],
  [credentialName, 'nul.x', /device on Windows/],
  [nodeName, 'lpt1.example', /device on Windows/],
  [treeFolder, 'deploy/pki_1', 'deploy/pki_1'],
  [treeFolder, 'my deploy', /other characters/],
  [treeFolder, 'a*', /other characters/],
  [treeFolder, '../a', /relative path/],
  [treeFolder, 'a/.GIT/b', /belongs to others/],
  [nodeName, 'cp-1.example.com', 'cp-1.example.com'],
  [nodeName, 'CP-1', /is not a node name/],
  [nodeName, 'a'.repeat(53), /longer than 52/],
  [nodeName, '_worker', /is not a node name/],
  [relativePath, 'etc/kubernetes/pki/ca.crt', 'etc/kubernetes/pki/ca.crt'],
  [relativePath, '../x', /relative path/],
  [relativePath, 'a/../x', /relative path/],
  [relativePath, '/etc', /relative path/],
  [relativePath, 'a//b', /relative path/],
  [relativePath, 'a\0b', /relative path/],
  [relativePath, 'a\\b', /relative path/],
  [relativePath, '.', /relative path/],
  [relativePath, '', /relative path/],
  [relativePath, 'a'.repeat(256), /too long/],
  [serverUrl6443, 'https://api.example.com', 'https://api.example.com:6443'],
  [serverUrl6443, 'https://[fd00::1]:443/', 'https://[fd00::1]:443'],
  [serverUrl6443, 'http://api.example.com', /https/],
  [serverUrl6443, 'https://u:p@api.example.com', /host and a port/],
  [ageRecipient, custodian, custodian],
  [ageRecipient, `${custodian.slice(0, -1)}q`, /checksum/],
  [ageRecipient, custodian.slice(0, -1), /checksum or length/],
  [ageRecipient, custodian.toUpperCase(), /is not an age recipient/],
  [ageRecipient, 'age1yubikey1qqq', /recipient of an age plugin/],
  [sopsRecipient, 'age1yubikey1qqq', 'age1yubikey1qqq'],
  [sopsRecipient, 'arn:aws:kms:eu-1:1:key/2', 'arn:aws:kms:eu-1:1:key/2'],
  [sopsRecipient, 'a\nb', /is not a recipient/],
];

function serverUrl6443(text: string): Canonical {
  return serverUrl(text, 6443);
}

for (const [apply, text, expected] of ROWS) test(rule, apply, text, expected);

for (const text of [
  ` AGE-SECRET-KEY-1${'Q'.repeat(58)}`,
  `# created: today\nage-secret-key-1${'q'.repeat(58)}`,
  `AGE-SECRET-KEY-PQ-1${'Q'.repeat(58)}`,
  '-----BEGIN OPENSSH PRIVATE KEY-----\nQQQQ',
  'passwordQQQQ',
])
  for (const apply of [ageRecipient, sopsRecipient])
    test(`${apply.name}: shows nothing of ${JSON.stringify(text).slice(0, 40)}`, (t) => {
      const { problem = '' } = apply(text);
      if (apply === ageRecipient || !text.startsWith('pass')) t.not(problem, '');
      t.notRegex(problem, /QQQ/iu);
    });

test('ageRecipient: a post-quantum recipient, as age and sops take it', async (t) => {
  const { recipient } = await makeKey('hybrid');
  t.is(ageRecipient(recipient).value, recipient);
  t.is(sopsRecipient(recipient).value, recipient);
  const { problem = '' } = ageRecipient(
    `${recipient.slice(0, -1)}${recipient.endsWith('q') ? 'p' : 'q'}`,
  );
  t.regex(problem, /is not an age ML-KEM-768 with X25519 recipient/u);
  t.true(problem.length < 200);
});

test('ageRecipient: an identity in its place is not repeated', (t) => {
  const { problem } = ageRecipient(`AGE-SECRET-KEY-1${'Q'.repeat(58)}`);
  t.regex(problem ?? '', /identity or private key stands where a recipient/);
  t.false(problem?.includes('QQQ'));
});

test('endpoint: host and port in every form', (t) => {
  t.deepEqual(endpoint('api.example.com', 6443), { host: 'api.example.com', port: 6443 });
  t.deepEqual(endpoint('10.0.0.1:8443', 6443), { host: '10.0.0.1', port: 8443 });
  t.deepEqual(endpoint('[FD00::1]:8443', 6443), { host: 'fd00::1', port: 8443 });
  t.deepEqual(endpoint('fd00::1', 6443), { host: 'fd00::1', port: 6443 });
  for (const text of ['', ':6443', 'a:0', 'a:65536', 'a:b', '[10.0.0.x]', 'https://a', 'a/b'])
    t.truthy(endpoint(text, 6443).problem, text);
  t.is(endpointUrl('fd00::1', 6443), 'https://[fd00::1]:6443');
});

test('firstAddress: the address of the kubernetes Service', (t) => {
  t.is(firstAddress('10.96.0.0/12'), '10.96.0.1');
  t.is(firstAddress('fd00:10:96::/112'), 'fd00:10:96::1');
});

test('alternativeNames: each once, DNS names sorted', (t) => {
  t.deepEqual(alternativeNames(['b', '10.0.0.1', 'a', 'b', '::1', '10.0.0.1']), {
    dnsNames: ['a', 'b'],
    ipAddresses: ['10.0.0.1', '::1'],
    uris: [],
  });
});

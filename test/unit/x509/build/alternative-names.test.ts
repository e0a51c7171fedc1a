import test from 'ava';
import { readCertificate } from '../../../../src/x509/read/certificate.ts';
import { OID, parseCertificate } from '../../../_helpers/check-certificate.ts';
import { leaf } from '../fixtures.ts';

async function dnsNames(...names: readonly string[]): Promise<readonly string[]> {
  return readCertificate(await leaf({ dnsNames: names })).dnsNames;
}

/** Hexadecimal octets of each iPAddress, as they stand in the extension. */
async function ipOctets(...ipAddresses: readonly string[]): Promise<readonly string[]> {
  const pem = await leaf({ dnsNames: [], ipAddresses });
  const value =
    parseCertificate(pem).extensions.get(OID.subjectAltName)?.value.toString('hex') ?? '';
  const octets: string[] = [];
  for (let at = 4; at < value.length;) {
    const end = at + 4 + 2 * Number.parseInt(value.slice(at + 2, at + 4), 16);
    octets.push(value.slice(at + 4, end));
    at = end;
  }
  return octets;
}

test('dnsNames: lower case, in their order, without a trailing dot', async (t) => {
  t.deepEqual(await dnsNames('B.Example', 'a.example.', 'c'), ['b.example', 'a.example', 'c']);
});

test('dnsNames: duplicates are removed, also those that only look different', async (t) => {
  t.deepEqual(await dnsNames('a.example', 'A.example', 'a.example.'), ['a.example']);
});

test('dnsNames: a wildcard is the whole left-most label', async (t) => {
  t.deepEqual(await dnsNames('*.example.com'), ['*.example.com']);
});

test('dnsNames: A-labels and labels of digits are taken', async (t) => {
  t.deepEqual(await dnsNames('xn--bcher-kva.example', '1.example'), [
    'xn--bcher-kva.example',
    '1.example',
  ]);
});

test('dnsNames: U-labels are refused with their A-label form', async (t) => {
  const error = await t.throwsAsync(leaf({ dnsNames: ['bücher.example'] }), {
    code: 'ERR_ISSUE',
    message: 'DNS name "bücher.example" is not ASCII',
  });
  t.like(error, { hints: ['write its A-label form: xn--bcher-kva.example'] });
});

test('dnsNames: IP addresses are refused', async (t) => {
  const error = await t.throwsAsync(leaf({ dnsNames: ['10.0.0.1'] }), {
    code: 'ERR_ISSUE',
    message: 'DNS name "10.0.0.1" is an IP address',
  });
  t.like(error, { hints: ['list it in ipAddresses'] });
});

const label = 'a'.repeat(63);
for (const name of [
  '',
  '.',
  '*',
  '*.',
  'a.*.example',
  'a*.example',
  '*a.example',
  '**.example',
  '*.*.example',
  'a..b',
  '.a',
  '-a',
  'a-',
  'a b',
  'a_b',
  'a/b',
  'fd00::1',
  'a\0b',
  `a${label}.example`,
  `${label}.${label}.${label}.${label}`,
]) {
  test(`dnsNames: refuses ${JSON.stringify(name)}`, async (t) => {
    await t.throwsAsync(leaf({ dnsNames: [name] }), {
      code: 'ERR_ISSUE',
      message: `DNS name "${name}" is not a valid host name`,
    });
  });
}

test('ipAddresses: 4 octets or 16', async (t) => {
  t.deepEqual(await ipOctets('10.96.0.1', 'FD00:0::1'), [
    '0a600001',
    'fd000000000000000000000000000001',
  ]);
});

test('ipAddresses: IPv4-mapped IPv6 becomes IPv4, in both its texts', async (t) => {
  t.deepEqual(await ipOctets('::ffff:10.0.0.1'), ['0a000001']);
  t.deepEqual(await ipOctets('::ffff:a00:1'), ['0a000001']);
  t.deepEqual(await ipOctets('0:0:0:0:0:FFFF:0A00:0001'), ['0a000001']);
});

test('ipAddresses: duplicates are removed, also those that only look different', async (t) => {
  t.deepEqual(await ipOctets('10.0.0.1', '::ffff:10.0.0.1', '10.0.0.1'), ['0a000001']);
  t.deepEqual((await ipOctets('::1', '0:0::0001')).length, 1);
});

for (const address of [
  '',
  'localhost',
  '10.1',
  '010.0.0.1',
  '0x7f.0.0.1',
  '256.0.0.1',
  '10.0.0.0/8',
  'fe80::1%eth0',
  '1::2::3',
  ' 10.0.0.1',
]) {
  test(`ipAddresses: refuses ${JSON.stringify(address)}`, async (t) => {
    await t.throwsAsync(leaf({ ipAddresses: [address] }), {
      code: 'ERR_ISSUE',
      message: `IP address "${address}" is neither IPv4 nor IPv6`,
    });
  });
}

test('uris: as they are, without duplicates', async (t) => {
  const uris = ['spiffe://Example/ns/a,b', 'urn:x:y', 'urn:x:y'];
  t.deepEqual(readCertificate(await leaf({ uris })).uris, ['spiffe://Example/ns/a,b', 'urn:x:y']);
});

for (const uri of ['', 'example.com/a', 'urn:', 'spiffe://exämple/a', 'urn:a b', 'urn:a\n']) {
  test(`uris: refuses ${JSON.stringify(uri)}`, async (t) => {
    await t.throwsAsync(leaf({ uris: [uri] }), {
      code: 'ERR_ISSUE',
      message: `URI "${uri}" is not an absolute URI in ASCII`,
    });
  });
}

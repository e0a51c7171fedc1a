import { X509Certificate } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { authority, fleetChains, type Chain, type Domain } from '../_helpers/fleet-chains.ts';
import { CLUSTERS } from '../_helpers/fleet-tree.ts';
import { Fleet } from '../_helpers/fleet.ts';
import { inParallel, succeed } from '../_helpers/run-program.ts';
import { toolTest } from '../_helpers/tool-test.ts';
import { toolPath, type ToolName } from '../_helpers/tools.ts';

interface Case {
  readonly name: string;
  readonly leaf: string;
  readonly roots: string;
  readonly usage: 'server' | 'client';
  readonly dnsName?: string;
  readonly ip?: string;
  readonly at: string;
}

interface Result {
  readonly name: string;
  readonly ok: boolean;
  readonly error?: string;
}

const DOMAINS: readonly Domain[] = ['ca', 'etcd-ca', 'front-proxy-ca'];

let fleet: Fleet;
let chains: readonly Chain[];
const now = new Date();

test.before(async () => {
  fleet = await Fleet.create();
  chains = fleetChains(fleet);
});
test.after.always(() => {
  fleet.remove();
});

const rfc3339 = (date: Date): string => date.toISOString().replace(/\.\d+Z$/u, 'Z');
const later = (date: Date, seconds: number): Date => new Date(date.getTime() + seconds * 1000);

/** One case for each usage, and for each name where a server is called by it. */
function acceptedCases(): Case[] {
  return chains.flatMap(({ name, leaf, roots, usages, dnsNames, ipAddresses }) =>
    usages.flatMap((usage): Case[] => {
      const common = { leaf, roots, usage, at: rfc3339(now) };
      if (usage === 'client') return [{ ...common, name: `${name} as client` }];
      return [
        ...dnsNames.map((dnsName) => ({ ...common, name: `${name} as ${dnsName}`, dnsName })),
        ...ipAddresses.map((ip) => ({ ...common, name: `${name} as ${ip}`, ip })),
      ];
    }),
  );
}

/** Each chain made wrong in one way at a time: all must be refused. */
function refusedCases(): Case[] {
  return chains.flatMap((chain): Case[] => {
    const { name, leaf, roots, cluster, domain, usages } = chain;
    const usage = usages[0] ?? 'client';
    const [dnsName] = chain.dnsNames;
    const named = usage === 'server' && dnsName !== undefined ? { dnsName } : {};
    const good = { leaf, roots, usage, ...named, at: rfc3339(now) };
    const { validFrom, validTo } = new X509Certificate(leaf);
    const foreign = CLUSTERS.filter((other) => other !== cluster).map((other) => ({
      ...good,
      name: `${name}: ${domain} of ${other}`,
      roots: authority(fleet, other, domain),
    }));
    const strange = DOMAINS.filter((other) => other !== domain).map((other) => ({
      ...good,
      name: `${name}: ${other} instead of ${domain}`,
      roots: authority(fleet, cluster, other),
    }));
    const cases: Case[] = [
      ...foreign,
      ...strange,
      { ...good, name: `${name}: late`, at: rfc3339(later(new Date(validTo), 1)) },
      { ...good, name: `${name}: early`, at: rfc3339(later(new Date(validFrom), -1)) },
    ];
    if (usage === 'server') {
      cases.push(
        { ...good, name: `${name}: another name`, dnsName: 'wrong.example.com' },
        { leaf, roots, usage, at: good.at, name: `${name}: another address`, ip: '203.0.113.1' },
      );
    }
    if (usages.length === 1) {
      const wrong = usage === 'server' ? 'client' : 'server';
      cases.push({ ...good, name: `${name}: as ${wrong}`, usage: wrong });
    }
    return cases;
  });
}

async function judge(verifier: ToolName, cases: readonly Case[]): Promise<readonly Result[]> {
  const output = await succeed(toolPath(verifier), [], {
    cwd: fleet.root,
    env: fleet.environment(),
    input: JSON.stringify({ cases }),
  });
  const { results } = JSON.parse(output.toString()) as { readonly results: readonly Result[] };
  return results;
}

test('every leaf certificate of the fleet is looked at, and bears exactly the names it should', (t) => {
  // 4 nodes with 11 leaves each and two of the user's, each in the store and in an output
  t.is(chains.length, (4 * 11 + 2) * 2);
  t.is(new Set(chains.map(({ name }) => name)).size, chains.length);
  t.is(new Set(chains.map(({ leaf }) => leaf)).size, chains.length / 2);
  const inTree = fleet.files('deploy').filter((file) => file.endsWith('.crt'));
  const looked = new Set(chains.map(({ name }) => name));
  t.deepEqual(
    [...new Set(inTree.filter((file) => !looked.has(file)).map((file) => path.basename(file)))],
    ['ca.crt', 'cluster-signing-ca.crt', 'front-proxy-ca.crt'],
  );
  for (const { name, leaf, dnsNames, ipAddresses } of chains) {
    const names = new X509Certificate(leaf).subjectAltName?.split(', ') ?? [];
    const wanted = [
      ...dnsNames.map((dnsName) => `DNS:${dnsName}`),
      ...ipAddresses.map((ip) => `IP Address:${expand(ip)}`),
    ];
    t.deepEqual([...names].sort(), wanted.sort(), name);
  }
});

/** IPv6 as OpenSSL prints it: all groups, upper case, no leading zeros. */
function expand(ip: string): string {
  if (!ip.includes(':')) return ip;
  const [head = [], tail = []] = ip.split('::').map((part) => part.split(':').filter(Boolean));
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0');
  return [...head, ...zeros, ...tail].join(':').toUpperCase();
}

for (const verifier of ['go-verify', 'py-verify'] as const) {
  const verifierTest = toolTest([verifier, 'age-keygen']);

  verifierTest(
    `${verifier} accepts every chain for its usages, by each of its names`,
    async (t) => {
      const cases = acceptedCases();
      const results = await judge(verifier, cases);
      // clients: 4 × (4 + 2 peers + 4 kubeconfigs) + deployer; names: prod 3 × (10 + 2 × 6), edge 8 + 2 × 5, webhook 2
      t.is(cases.length, (4 * 10 + 1 + 3 * 22 + 18 + 2) * 2);
      t.deepEqual(
        results.map(({ name }) => name),
        cases.map(({ name }) => name),
      );
      t.deepEqual(
        results.filter(({ ok }) => !ok),
        [],
      );
    },
  );

  verifierTest(
    `${verifier} refuses another authority, another name, another usage and another time`,
    async (t) => {
      const cases = refusedCases();
      const results = await judge(verifier, cases);
      // each: 1 other cluster, 2 other domains, late, early; 13 servers: 2 names; all but 8 peers: the other usage
      t.is(cases.length, (46 * 5 + 13 * 2 + (46 - 8)) * 2);
      t.deepEqual(
        results.map(({ name }) => name),
        cases.map(({ name }) => name),
      );
      t.deepEqual(
        results.filter(({ ok }) => ok),
        [],
      );
    },
  );
}

toolTest(['openssl', 'age-keygen'])(
  'openssl verify -x509_strict accepts every chain, and refuses it elsewhere and later',
  async (t) => {
    const folder = path.join(fleet.scratch, 'openssl');
    mkdirSync(folder);
    // store and output have the same chain: once is enough, every call is a process
    const different = new Map(chains.map((chain) => [chain.leaf + chain.roots, chain]));
    const verdicts = await inParallel(
      [...[...different.values()].entries()],
      async ([index, chain]) => {
        const file = (name: string, content: string): string => {
          const target = path.join(folder, `${index}-${name}.pem`);
          writeFileSync(target, content);
          return target;
        };
        const leaf = file('leaf', chain.leaf);
        const own = file('own', chain.roots);
        const other = CLUSTERS.find((name) => name !== chain.cluster) ?? '';
        const foreign = file('foreign', authority(fleet, other, chain.domain));
        const verify = async (authorities: string, ...options: string[]): Promise<number> => {
          const strict = ['verify', '-x509_strict', '-no-CApath', '-no-CAstore'];
          const args = [...strict, '-CAfile', authorities, ...options, leaf];
          return (await fleet.run('openssl', args)).status;
        };
        const good = chain.usages.map((usage) => ['-purpose', `ssl${usage}`]);
        const names = [
          ...chain.dnsNames.map((name) => ['-verify_hostname', name]),
          ...chain.ipAddresses.map((ip) => ['-verify_ip', ip]),
        ];
        const accepted = [];
        for (const options of [...good, ...names]) accepted.push(await verify(own, ...options));
        const { validTo } = new X509Certificate(chain.leaf);
        const late = String(new Date(validTo).getTime() / 1000 + 1);
        const refused = [await verify(foreign), await verify(own, '-attime', late)];
        if (names.length > 0)
          refused.push(await verify(own, '-verify_hostname', 'wrong.example.com'));
        return { name: chain.name, accepted, refused };
      },
    );
    t.is(verdicts.length, 46);
    const all = (which: 'accepted' | 'refused'): number[] => verdicts.flatMap((v) => v[which]);
    t.is(all('accepted').length, 46 + 8 + 3 * 22 + 18 + 2);
    t.is(all('refused').length, 46 * 2 + 13);
    t.deepEqual(
      verdicts.filter(({ accepted }) => accepted.some((status) => status !== 0)),
      [],
    );
    // status 2: the chain does not verify; 1 would be that openssl could not do it
    t.deepEqual(
      verdicts.filter(({ refused }) => refused.some((status) => status !== 2)),
      [],
    );
  },
);

toolTest(['openssl', 'age-keygen'])(
  'openssl verify -x509_strict accepts every authority, and each file of authorities is that of the store',
  async (t) => {
    const files = fleet
      .files('deploy')
      .filter((file) => /(?:^|[/-])ca\.crt$/u.test(file) && file.includes('/nodes/'));
    t.is(files.length, 4 * 4 + 1); // those of the four nodes, and that of the workers
    for (const file of files) {
      const cluster = file.split('/')[1] ?? '';
      const domain = file.includes('front-proxy')
        ? 'front-proxy-ca'
        : file.includes('/etcd/')
          ? 'etcd-ca'
          : 'ca';
      t.is(fleet.read(file), authority(fleet, cluster, domain), file);
      const args = ['verify', '-x509_strict', '-check_ss_sig', '-no-CApath', '-no-CAstore'];
      const { status } = await fleet.run('openssl', [...args, '-CAfile', file, file]);
      t.is(status, 0, file);
    }
    const store = CLUSTERS.flatMap((cluster) =>
      DOMAINS.map((domain) => authority(fleet, cluster, domain)),
    );
    t.is(new Set(store).size, 6);
  },
);

toolTest(['zlint', 'age-keygen'])(
  'zlint reports nothing against an RFC for any certificate',
  async (t) => {
    const list = (await fleet.succeed('zlint', ['-list-lints-json'])).toString().trim().split('\n');
    const lints = list
      .map((line) => JSON.parse(line) as { readonly name: string; readonly source: string })
      .filter(({ source }) => /^RFC\d+$/u.test(source))
      .map(({ name }) => name);
    const certificates = [
      ...chains.map(({ leaf }) => leaf),
      ...CLUSTERS.flatMap((cluster) => DOMAINS.map((domain) => authority(fleet, cluster, domain))),
    ];
    const unique = [...new Set(certificates)];
    t.is(unique.length, 46 + 6);
    const files = unique.map((certificate, index) => {
      const file = path.join(fleet.scratch, `zlint-${index}.pem`);
      writeFileSync(file, certificate);
      return file;
    });
    const output = await fleet.succeed('zlint', ['-includeNames', lints.join(','), ...files]);
    const reports = output.toString().trim().split('\n');
    t.is(reports.length, unique.length);
    const found = reports.flatMap((line, index) => {
      const report = JSON.parse(line) as Record<string, { readonly result: string }>;
      t.is(Object.keys(report).length, 120, 'all that are for certificates, not for CRLs');
      const { subject } = new X509Certificate(unique[index] ?? '');
      return Object.entries(report)
        .filter(([, { result }]) => result !== 'pass' && result !== 'NA')
        .map(([lint, { result }]) => `${subject}: ${result} ${lint}`);
    });
    t.deepEqual(found, []);
  },
);

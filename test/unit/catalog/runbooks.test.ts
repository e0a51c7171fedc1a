import test from 'ava';
import { domainOf } from '../../../src/catalog/rotation/domain.ts';
import { RUNBOOKS } from '../../../src/catalog/rotation/runbooks.ts';
import { REPLACEMENTS } from '../../../src/catalog/rotation/replacements.ts';
import { rolloutSteps, stepsBefore, type Rollout } from '../../../src/catalog/rotation/rollout.ts';
import type { RunbookStep } from '../../../src/catalog/rotation/runbook.ts';
import { CertificateAuthority, Cluster } from '../../../src/index.ts';
import type { DesiredCluster, DesiredFile, DesiredKeyset } from '../../../src/model/desired.ts';
import type { CredentialPath } from '../../../src/model/names.ts';
import { findReferences } from '../../../src/model/reference.ts';
import type { Stage, TransitionName, TrustDomain } from '../../../src/model/store/rotation.ts';
import { describe, newApp, newKubeadm } from '../../_helpers/declare.ts';

const STAGES: readonly Stage[] = ['accept', 'issue', 'retire'];
const TRANSITIONS: readonly TransitionName[] = [
  ...STAGES,
  'abort-accept',
  'abort-issue',
  'replace',
];
const DOMAINS = Object.keys(RUNBOOKS) as TrustDomain[];

function kubeadm(): DesiredCluster {
  const app = newApp();
  new CertificateAuthority(newKubeadm(app, { kubernetesVersion: '1.34.4' }), 'mesh');
  return describe(app);
}

/** Of the two that share an authority, the one with API servers. */
function withExternalEtcd(): DesiredCluster {
  const app = newApp();
  const etcd = {
    endpoints: ['https://10.0.0.21:2379'],
    authority: new CertificateAuthority(new Cluster(app, 'etcd'), 'ca'),
  };
  newKubeadm(app, { kubernetesVersion: '1.34.4', etcd });
  return describe(app);
}

const EXTERNAL = { path: 'etcd/ca' as CredentialPath };

const keysetsOf = ({ authorities, serviceAccountKeys }: DesiredCluster): DesiredKeyset[] => [
  ...authorities,
  ...serviceAccountKeys,
];

/** Whether a stage of the keyset changes the file: trust alone, or also what signs and is signed. */
function changes(
  { leaves }: DesiredCluster,
  { path }: Pick<DesiredKeyset, 'path'>,
  stage: Stage,
  content: string,
): boolean {
  const issued = new Set<string>(
    leaves.filter(({ issuer }) => issuer === path).map((leaf) => leaf.path),
  );
  return findReferences(content).some(({ credential, part }) => {
    if (credential === path)
      return stage === 'issue' || part === 'trustBundle' || part === 'publicKeys';
    return issued.has(credential) && (stage === 'issue' || part === 'content');
  });
}

test('RUNBOOKS: cluster-info follows the trust bundle of the cluster CA, when it grows and when it shrinks', (t) => {
  const commands = (stage: Stage): string =>
    RUNBOOKS.ca.steps[stage].flatMap((one) => one.commands).join('\n');
  for (const stage of ['accept', 'retire'] as const)
    t.true(
      commands(stage).includes(
        String.raw`sub("certificate-authority-data: .*"; "certificate-authority-data: \($ca)")`,
      ),
    );
  t.false(commands('issue').includes('cluster-info'), 'the bundle has the same certificates');
});

test('RUNBOOKS: restarts are the static pods that read a file which the stage changes', (t) => {
  const restarting = (
    cluster: DesiredCluster,
    keyset: Pick<DesiredKeyset, 'path'>,
    stage: Stage,
  ): string[] => {
    const files: readonly DesiredFile[] = cluster.bundles[0]?.files ?? [];
    const changed = new Set(
      files
        .filter(({ content }) => changes(cluster, keyset, stage, content))
        .map(({ path }) => path),
    );
    return files
      .filter(
        ({ path, reads }) => /\/manifests\//u.test(path) && reads.some((one) => changed.has(one)),
      )
      .map(({ path }) => path.replace(/^.*\/(.*)\.yaml$/u, '$1'))
      .sort();
  };
  const cluster = kubeadm();
  for (const stage of STAGES) {
    for (const keyset of keysetsOf(cluster)) {
      const { restarts } = RUNBOOKS[domainOf(cluster, keyset)];
      const pods = restarting(cluster, keyset, stage);
      t.deepEqual([...restarts[stage]].sort(), pods, `${keyset.name} ${stage}`);
    }
    const pods = restarting(withExternalEtcd(), EXTERNAL, stage);
    t.deepEqual(pods, ['kube-apiserver']);
    t.deepEqual(RUNBOOKS['external-etcd-ca'].restarts[stage], pods);
  }
});

test('RUNBOOKS: of an etcd that the cluster does not run, commands name files that its nodes have', (t) => {
  const [bundle] = withExternalEtcd().bundles;
  const files = new Set(bundle?.files.map(({ path }) => `/${path}`));
  const rollouts: readonly Rollout[] = [...TRANSITIONS, 'reissue'];
  const named = rollouts
    .flatMap((rollout) => [
      ...stepsBefore('external-etcd-ca', rollout),
      ...rolloutSteps('external-etcd-ca', rollout, ['cp-1']),
    ])
    .flatMap(({ where, title, text, commands }) => {
      t.not(where, 'each member of etcd', title);
      t.notRegex(text, /files that etcd/u);
      return commands.join(' ').match(/\/etc\/kubernetes\/[\w/-]+\.\w+/gu) ?? [];
    });
  const missing = [...new Set(named)].filter((file) => !files.has(file));
  t.deepEqual(missing, []);
  t.true(named.includes('/etc/kubernetes/pki/apiserver-etcd-client.key'));
});

test('domainOf: tells what a keyset is for by the files of the nodes, not by its name', (t) => {
  const cluster = kubeadm();
  t.deepEqual(
    keysetsOf(cluster).map((keyset) => [keyset.name, domainOf(cluster, keyset)]),
    [
      ['ca', 'ca'],
      ['etcd-ca', 'etcd-ca'],
      ['front-proxy-ca', 'front-proxy-ca'],
      ['mesh', 'authority'],
      ['service-account-key', 'service-account-key'],
    ],
  );
  const external = withExternalEtcd();
  const authority = { kind: 'CertificateAuthority', path: EXTERNAL.path } as const;
  t.is(domainOf(external, authority), 'external-etcd-ca');
  const [ca] = cluster.authorities;
  t.is(ca && domainOf({ bundles: [] }, ca), 'authority');
});

test('RUNBOOKS: titles are short imperatives, texts are sentences, commands hold no reference', (t) => {
  const rollouts: readonly Rollout[] = [...TRANSITIONS, 'reissue'];
  for (const domain of DOMAINS)
    for (const transition of rollouts) {
      if (domain === 'service-account-key' && transition === 'reissue') continue; // it has no certificate
      const steps = rolloutSteps(domain, transition, ['cp-1']);
      t.true(steps.length > 1, `${domain} ${transition}`);
      t.is(new Set(steps.map(({ title }) => title)).size, steps.length, `${domain} ${transition}`);
      for (const { title, text, commands } of [...stepsBefore(domain, transition), ...steps]) {
        t.regex(title, /^[A-Z].{5,110}[^.]$/u);
        t.regex(text, /^[A-Za-z].*[.:]$/u, title);
        if (text.endsWith(':')) t.true(commands.length > 0, title);
        for (const command of commands) t.is(command, command.trimEnd());
      }
    }
});

const REBUILD =
  /delete configmap extension-apiserver-auth|extension-apiserver-auth.*kubectl replace -f -$/u;

test('RUNBOOKS: what takes trust from delegated authentication ends with a rebuilt ConfigMap', (t) => {
  const rebuilding = DOMAINS.flatMap((domain) =>
    TRANSITIONS.filter((transition) =>
      rolloutSteps(domain, transition, []).some(({ commands }) =>
        commands.some((line) => REBUILD.test(line)),
      ),
    ).map((transition) => `${domain} ${transition}`),
  );
  t.deepEqual(
    rebuilding,
    ['ca', 'front-proxy-ca'].flatMap((domain) =>
      ['retire', 'abort-accept', 'replace'].map((transition) => `${domain} ${transition}`),
    ),
  );
});

test('rolloutSteps: what was signed again goes where the bundle goes, with the pods that the stage accept restarts', (t) => {
  const [restart, ...following] = rolloutSteps('ca', 'reissue', ['cp-1', 'cp-2']);
  t.is(restart?.title, rolloutSteps('ca', 'accept', ['cp-1', 'cp-2'])[0]?.title);
  const commands = following.flatMap((one) => one.commands);
  for (const holder of [
    'kube-root-ca.crt',
    'cluster-info',
    'set-cluster',
    'rollout restart',
    'caBundle',
  ])
    t.true(
      commands.some((line) => line.includes(holder)),
      holder,
    );
  t.false(
    commands.some((line) => REBUILD.test(line)),
    'nothing is retired',
  );
});

test('REPLACEMENTS: each says who is locked out, and why; nodes are changed at once', (t) => {
  for (const domain of DOMAINS) {
    const { lockout } = REPLACEMENTS[domain];
    t.regex(lockout, /refuse|locked out/u, domain);
    t.regex(lockout, /Whoever has (?:this|the) key can .*only the end of all trust in it/u, domain);
    const [first] = rolloutSteps(domain, 'replace', ['cp-1', 'cp-2']);
    t.regex(first?.title ?? '', domain === 'authority' ? /at once$/u : /at once: cp-1, cp-2$/u);
  }
  t.regex(rolloutSteps('ca', 'issue', ['cp-1', 'cp-2'])[0]?.title ?? '', /cp-1, then cp-2$/u);
});

test('stepsBefore: what a stage must not find out too late stands before it, and nowhere after', (t) => {
  const titles = (steps: readonly RunbookStep[]): string[] => steps.map(({ title }) => title);
  for (const stage of STAGES) {
    for (const domain of DOMAINS.filter((one) => one !== 'authority')) {
      const [first, ...others] = stepsBefore(domain, stage);
      t.regex(first?.title ?? '', /^Keep kubeadm from signing/u);
      const after = [...others, ...rolloutSteps(domain, stage, [])];
      t.false(after.some(({ title }) => title.startsWith('Keep kubeadm')));
    }
  }
  const late = [
    ['ca', /certificate of the kubelet is of the entry that issues|every API server shows/u, 2],
    ['service-account-key', /lives longer than it asked for|tokens in Secrets/u, 2],
    ['etcd-ca', /certificates are of the entry that issues/u, 1],
    ['external-etcd-ca', /of the entry that issues|that the issuing entry signed/u, 2],
    ['front-proxy-ca', /requests go through the front proxy/u, 1],
    ['authority', /a server shows|authorities below/u, 2],
  ] as const;
  for (const [domain, title, count] of late) {
    t.is(titles(stepsBefore(domain, 'retire')).filter((one) => title.test(one)).length, count);
    t.deepEqual(
      titles(rolloutSteps(domain, 'retire', [])).filter((one) => title.test(one)),
      [],
    );
  }
  for (const rollout of ['abort-accept', 'abort-issue', 'replace', 'reissue'] as const)
    t.deepEqual(stepsBefore('ca', rollout), []);
});

test('stepsBefore: who is given the CRL of an authority gets both before certificates of both are in use, and one at the end', (t) => {
  const crls = (steps: readonly RunbookStep[]): string[] =>
    steps.map(({ title }) => title).filter((title) => title.includes('CRL'));
  const both = 'Give both CRLs to whoever is given the CRL';
  const together = ['Go on giving both CRLs to whoever is given the CRL'];
  const one = ['Give the one CRL that is left to whoever was given two'];
  for (const domain of ['authority', 'external-etcd-ca'] as const) {
    t.deepEqual(crls(stepsBefore(domain, 'issue')), [both], domain);
    t.deepEqual(crls(rolloutSteps(domain, 'accept', [])), [], 'the incoming entry signs none');
    for (const rollout of ['issue', 'abort-issue'] as const)
      t.deepEqual(crls(rolloutSteps(domain, rollout, [])), together, rollout);
    t.deepEqual(crls(rolloutSteps(domain, 'retire', [])), one);
  }
  const loading = rolloutSteps('authority', 'issue', []).map(({ title }) => title);
  t.is(loading.indexOf(together[0] ?? ''), 0, 'before certificates are loaded');
});

test('stepsBefore: kubeadm signs nothing, but starts a control plane with the files of the tree where that is declared', (t) => {
  const app = newApp();
  newKubeadm(app, { kubernetesVersion: '1.34.4', controlPlane: 'kubeadm' });
  const paths = describe(app).bundles.flatMap(({ files }) => files.map(({ path }) => path));
  for (const domain of DOMAINS.filter((one) => one !== 'authority'))
    for (const stage of STAGES) {
      const { text = '' } = stepsBefore(domain, stage)[0] ?? {};
      const [, config = ''] = / kubeadm join --config \/(\S+) is the way/u.exec(text) ?? [];
      t.true(paths.includes(config), `${domain} ${stage}`);
      t.regex(text, /^Run no kubeadm certs renew.* no join with --certificate-key:/u);
      t.regex(text, /upgrade is allowed with --certificate-renewal=false/u);
    }
});

import type { CommandSpec } from './command.ts';

/** Every command: the one table that the parser, `--help` and `completion` are made from. */
export const COMMANDS: readonly CommandSpec[] = [
  {
    name: 'init',
    summary: 'write a repository to begin with into this folder',
    description:
      'Declaration, settings, workflows; overwrites nothing. Without --identity and --recipient an identity that sops would find is declared.',
    options: ['identity', 'recipient', 'forge'],
    load: () => import('./init/init.ts'),
  },
  {
    name: 'plan',
    summary: 'print what synth would do, with reasons; exit 3 if there is anything',
    options: ['app', 'cluster', 'shard', 'output', 'now', 'newAuthority'],
    formats: ['text', 'json'],
    load: () => import('./plan.ts'),
  },
  {
    name: 'synth',
    summary: 'make the tree match the declaration',
    options: ['app', 'cluster', 'shard', 'output', 'now', 'partial', 'newAuthority'],
    formats: ['text', 'json'],
    load: () => import('./synth.ts'),
  },
  {
    name: 'renew',
    summary: 'issue what is due again, and make the tree match the declaration',
    description:
      'An error of one cluster leaves that one as it was; the others are renewed, and the exit status is 1. With --pull-request it is 3 where a commit that is not ours has stopped a pull request.',
    arguments: [
      {
        name: 'name',
        description:
          'also renew what is not due: CLUSTER/NODE/NAME, CLUSTER/NAME or the end of it; * and ? match',
        isVariadic: true,
      },
    ],
    options: [
      'all',
      'app',
      'cluster',
      'shard',
      'output',
      'now',
      'dryRun',
      'partial',
      'pullRequest',
      'forge',
      'bundle',
      'maxOpen',
      'kubeconfig',
    ],
    formats: ['text', 'json'],
    load: () => import('./propose/renew.ts'),
  },
  {
    name: 'rotate',
    summary: 'start or advance the staged rotation of a CA or service-account key',
    description:
      'Each run makes one stage: accept, issue, retire. Exit 1, with the date, if the next one may not follow yet, by time or by what the cluster says (--kubeconfig); 3 where a commit that is not ours has stopped its pull request.',
    arguments: [
      { name: 'cluster', description: 'the cluster, or _shared', isOptional: true },
      { name: 'keyset', description: 'such as ca, etcd-ca, service-account-key', isOptional: true },
    ],
    options: [
      'status',
      'abort',
      'compromised',
      'acceptLockout',
      'kubeconfig',
      'app',
      'output',
      'now',
      'dryRun',
      'pullRequest',
      'forge',
    ],
    formats: ['text', 'json'],
    load: () => import('./rotate/rotate.ts'),
  },
  {
    name: 'reissue',
    summary: 'give a CA a certificate with new dates for the key that it has',
    description:
      'What it signed stays good, and nothing is issued again; everybody who trusts it must have the new certificate before the one before ends. Replaces no key: rotate does.',
    arguments: [
      { name: 'cluster', description: 'the cluster, or _shared' },
      { name: 'keyset', description: 'such as ca, etcd-ca, front-proxy-ca' },
    ],
    options: ['app', 'output', 'now', 'dryRun', 'pullRequest', 'forge'],
    formats: ['text', 'json'],
    load: () => import('./rotate/reissue.ts'),
  },
  {
    name: 'revoke',
    summary: 'give certificates new keys now, and put those that they had on a CRL',
    description:
      'etcd refuses what is on the CRL. The Kubernetes API has no revocation: the report says what a certificate can still do, until when, and what ends it.',
    arguments: [
      { name: 'cluster', description: 'the cluster' },
      {
        name: 'name',
        description:
          'NODE/NAME, NAME or the end of it; * and ? match: each that it means is revoked',
      },
    ],
    options: ['reason', 'app', 'output', 'now', 'dryRun', 'pullRequest', 'forge'],
    formats: ['text', 'json'],
    load: () => import('./revoke/revoke.ts'),
  },
  {
    name: 'remove',
    summary: 'take out of the tree what is no longer declared, and leave a tombstone',
    description: 'Files that this program did not make stay where they are. Needs no identity.',
    arguments: [
      {
        name: 'name',
        description: 'a cluster, or cluster/node or cluster/keyset of one that stays',
      },
    ],
    options: ['app', 'output', 'now', 'dryRun'],
    formats: ['text', 'json'],
    load: () => import('./remove.ts'),
  },
  {
    name: 'check',
    summary: 'print the expiry tables; exit 3 if something is due or expired',
    description: 'OpenMetrics is for the textfile collector of node_exporter.',
    options: ['cluster', 'shard', 'tree', 'dir', 'output', 'now'],
    formats: ['text', 'json', 'markdown', 'openmetrics'],
    load: () => import('./check.ts'),
  },
  {
    name: 'diff',
    summary: 'print the review report of the work tree against a git revision',
    description:
      'Needs no identity. Markdown below 64 KiB, which folds and counts what it leaves out; JSON has all.',
    arguments: [
      { name: 'base', description: 'a commit, branch or tag; default HEAD', isOptional: true },
    ],
    options: ['tree', 'output', 'now', 'textconv'],
    formats: ['markdown', 'json'],
    load: () => import('./diff.ts'),
  },
  {
    name: 'verify',
    summary:
      'check the integrity of the work tree, as the gate of a pull request; exit 3 on findings',
    description:
      'Needs no identity; with one, MACs and private keys are checked too. What the declaration asks for and only a CA key can make is listed as pending, and passes.',
    options: ['app', 'base', 'output', 'now'],
    formats: ['text', 'json', 'sarif', 'github'],
    load: () => import('./verify/verify.ts'),
  },
  {
    name: 'kubeconfig',
    summary: 'print a short-lived kubeconfig, which is not stored',
    arguments: [{ name: 'cluster', description: 'the cluster' }],
    options: ['user', 'group', 'validity', 'breakGlass', 'tree', 'now'],
    load: () => import('./kubeconfig.ts'),
  },
  {
    name: 'completion',
    summary: 'print a completion script for a shell',
    arguments: [{ name: 'shell', description: 'which shell', choices: ['bash', 'zsh', 'fish'] }],
    options: [],
    load: () => import('./completion.ts'),
  },
];

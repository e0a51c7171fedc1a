import { Option, InvalidArgumentError } from 'commander';
import { REVOCATION_REASONS } from '../model/x509.ts';
import type { OptionName } from './command.ts';

const INSTANT = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/u;

const collect = (value: string, previous: readonly string[] = []): readonly string[] => [
  ...previous,
  value,
];

/** Every option, by its name in `CommandOptions`: the one place that says how it is written and read. */
export const OPTIONS: Readonly<Record<OptionName, () => Option>> = {
  app: () => new Option('--app <file>', 'the declaration').default('clusters/main.ts'),
  cluster: () =>
    new Option(
      '--cluster <glob>',
      'only clusters of this name; * and ? match; repeatable',
    ).argParser(collect),
  shard: () =>
    new Option(
      '--shard <i/n>',
      'only this part of the clusters, from 1; auto: as CI_NODE_INDEX or, auto/n, JOB_COMPLETION_INDEX says',
    ),
  output: () => new Option('-o, --output <format>', 'how results are printed'),
  now: () => new Option('--now <rfc3339>', 'this instant instead of the clock').argParser(parseNow),
  dir: () => new Option('--dir <folder>', 'an existing /etc/kubernetes instead of the tree'),
  tree: () => new Option('--tree <folder>', "the tree's folder; default deploy"),
  partial: () =>
    new Option('--partial', 'leave clusters as they are that need an identity, do the others'),
  newAuthority: () =>
    new Option(
      '--new-authority <cluster/keyset>',
      'make a keyset anew that existed before; locks out all that trust it; repeatable',
    ).argParser(collect),
  dryRun: () => new Option('--dry-run', 'print what would be done, and do nothing'),
  all: () => new Option('--all', 'renew every certificate and kubeconfig, due or not'),
  status: () => new Option('--status', 'print where keysets stand and what may follow when'),
  abort: () => new Option('--abort', 'take the last stage back, where that is safe'),
  compromised: () =>
    new Option(
      '--compromised',
      'replace every entry at once, in one change; locks out all that trust only those',
    ),
  acceptLockout: () =>
    new Option(
      '--accept-lockout',
      'retire although what the outgoing entry signed outside of the tree may be in use',
    ),
  kubeconfig: () =>
    new Option(
      '--kubeconfig <file>',
      'ask clusters whether a stage is rolled out, by its contexts that have their names; never the default file',
    ),
  reason: () =>
    new Option('--reason <reason>', 'why, for the CRL; default: unspecified').choices(
      Object.keys(REVOCATION_REASONS),
    ),
  user: () => new Option('--user <name>', "the user's name: common name of the certificate"),
  group: () =>
    new Option('--group <name>', 'a group: organization of the certificate; repeatable').argParser(
      collect,
    ),
  validity: () => new Option('--validity <duration>', 'such as 30m or 8h; default 8h'),
  breakGlass: () =>
    new Option('--break-glass', 'kubernetes-super-admin in system:masters, for one hour'),
  textconv: () =>
    new Option('--textconv <file>', "print a file as text to compare, for git's textconv"),
  base: () =>
    new Option(
      '--base <rev>',
      'the revision that a pull request goes to: flag what differs from it',
    ),
  pullRequest: () =>
    new Option('--pull-request', 'open or update pull requests; the checkout stays as it is'),
  forge: () =>
    new Option('--forge <forge>', 'which forge; default: as can be inferred').choices([
      'github',
      'gitea',
      'gitlab',
    ]),
  bundle: () =>
    new Option(
      '--group <name>',
      'one pull request for all selected clusters, on a branch of this name',
    ).argParser(collect),
  maxOpen: () =>
    new Option('--max-open <count>', 'so many pull requests at once; default 10').argParser(
      parseCount,
    ),
  identity: () =>
    new Option('--identity', 'make an age identity where sops looks for one, and declare it'),
  recipient: () =>
    new Option('--recipient <age1…>', 'a custodian: opens everything; repeatable').argParser(
      collect,
    ),
};

function parseCount(text: string): number {
  if (/^[1-9]\d{0,3}$/u.test(text)) return Number(text);
  throw new InvalidArgumentError('not a count from 1 to 9999.');
}

function parseNow(text: string): Date {
  const date = new Date(text);
  if (!INSTANT.test(text) || Number.isNaN(date.getTime()) || !isDay(text.slice(0, 10))) {
    throw new InvalidArgumentError('not an RFC 3339 date and time such as 2026-11-22T08:00:00Z.');
  }
  return date;
}

/** `Date` takes February 30 for March 2. */
function isDay(text: string): boolean {
  return new Date(`${text}T00:00:00Z`).toISOString().startsWith(text);
}

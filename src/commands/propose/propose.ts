import { randomBytes } from 'node:crypto';
import { EXIT, PkiError } from '../../errors.ts';
import type { Forge, Site } from '../../propose/forges/forge.ts';
import { PATIENCE } from '../../propose/forges/http.ts';
import { gitAuthorization, siteOf } from '../../propose/forges/site.ts';
import { git } from '../../propose/git/program.ts';
import { prefixOfKind, propose, type ProposalKind } from '../../propose/propose.ts';
import type { Work } from '../../propose/policy.ts';
import type { Outcome, Renewal } from '../../propose/renewal.ts';
import type { Finding } from '../../model/plan.ts';
import type { RotationRequest } from '../../model/store/rotation.ts';
import type { Invocation } from '../command.ts';
import { Problems } from '../pipeline/problems.ts';
import { onInterrupt } from '../writing/interrupt.ts';
import { RenewalOf } from './renewal.ts';
import { RevocationOf } from './revocation.ts';
import { RotationsOf } from './rotation/rotations.ts';

/** Open at once, where `--max-open` does not say. */
const MOST_OPEN = 10;

/** One try of git with the forge: a clone of a large fleet takes minutes. */
const GIT_TIMEOUT = 10 * 60_000;

/** `renew --pull-request`: nothing in the user's checkout changes. Stages that are automatic follow, each in its own. */
export async function proposeRenewal(invocation: Invocation): Promise<number> {
  const prefix = await prefixOf(invocation.cwd);
  const renewal = new RenewalOf(invocation, prefix, groupOf(invocation));
  return proposeAll(invocation, async (proposal, hasOpen) => {
    await proposal('renew', renewal, (clusters, error) => {
      renewal.problems.add(clusters, error);
    });
    const { problems, keysets, isWhole } = renewal;
    if (keysets.automatic.size > 0 || (await hasOpen('rotate'))) {
      const rotations = new RotationsOf(invocation, prefix, { keysets, isWhole });
      await proposal('rotate', rotations, (clusters, error) => {
        problems.add(clusters, error);
      });
    }
    return { problems, findings: renewal.findings };
  });
}

/** `rotate --pull-request` and `reissue --pull-request`: one change of a keyset, alone in its pull request. */
export async function proposeRotation(
  invocation: Invocation,
  request: RotationRequest,
): Promise<number> {
  const problems = new Problems();
  const rotation = new RotationsOf(invocation, await prefixOf(invocation.cwd), request);
  return proposeAll(invocation, async (proposal) => {
    const kind = request.verb === 'reissue' ? 'reissue' : 'rotate';
    await proposal(kind, rotation, (clusters, error) => {
      problems.add(clusters, error);
    });
    return { problems };
  });
}

/** `revoke --pull-request`: one request, alone in its pull request. */
export async function proposeRevocation(invocation: Invocation): Promise<number> {
  const problems = new Problems();
  const revocation = new RevocationOf(invocation, await prefixOf(invocation.cwd));
  return proposeAll(invocation, async (proposal) => {
    await proposal('revoke', revocation, (clusters, error) => {
      problems.add(clusters, error);
    });
    return { problems };
  });
}

/** What no pull request sees to. */
interface Left {
  readonly problems: Problems;
  readonly findings?: readonly Finding[];
}

type Proposal = <W extends Work>(
  kind: ProposalKind,
  renewal: Renewal<W>,
  onFailure: (clusters: readonly string[], error: PkiError) => void,
) => Promise<void>;

async function proposeAll(
  { cwd, environment, options, output }: Invocation,
  work: (proposal: Proposal, hasOpen: (kind: ProposalKind) => Promise<boolean>) => Promise<Left>,
): Promise<number> {
  const site = siteOf(options.forge, environment, await remoteOf(cwd));
  const outcomes: Outcome[] = [];
  const forge = await forgeOf(site);
  const proposal: Proposal = (kind, renewal, onFailure) =>
    propose({
      folder: cwd,
      remote: {
        url: site.url,
        authorization: gitAuthorization(site),
        timeout: GIT_TIMEOUT,
        pauses: PATIENCE.pauses,
      },
      forge,
      kind,
      renewal,
      now: options.now ?? new Date(),
      run: randomBytes(8).toString('hex'),
      maxOpen: options.maxOpen ?? MOST_OPEN,
      onCleanUp: onInterrupt,
      onFailure: ({ clusters }, error) => {
        onFailure(clusters, error);
      },
      onNote: (note) => {
        output.note(note);
      },
      onOutcome: (outcome) => {
        outcomes.push(outcome);
        if (options.output !== 'json') output.line(textOf(outcome));
      },
    });
  const hasOpen = async (kind: ProposalKind): Promise<boolean> =>
    (await forge.open(await forge.defaultBranch(), prefixOfKind(kind))).length > 0;
  let left: Left;
  try {
    left = await work(proposal, hasOpen);
  } catch (error) {
    if (outcomes.length > 0 && options.output === 'json')
      for (const outcome of outcomes) output.note(textOf(outcome));
    throw error;
  }
  const { problems, findings } = left;
  if (options.output === 'json') output.json({ pullRequests: outcomes, findings });
  else if (outcomes.length === 0 && problems.error === null)
    output.line('nothing is due, and no pull request is open');
  if (problems.error !== null) throw problems.error;
  const stopped = outcomes.filter(({ outcome }) => outcome === 'stopped');
  for (const { branch, message } of stopped) output.note(`stopped ${branch}: ${message}`);
  return stopped.length > 0 ? EXIT.findings : EXIT.ok;
}

/** Folder of the working directory in the repository. */
function prefixOf(cwd: string): Promise<string> {
  return line(cwd, ['rev-parse', '--show-prefix']);
}

function textOf({ outcome, branch, message, url }: Outcome): string {
  return `${outcome} ${branch}: ${message}${url === null ? '' : ` (${url})`}`;
}

/** Only the forge that is meant is loaded: GitHub's client takes its time. */
async function forgeOf(site: Site): Promise<Forge> {
  switch (site.forge) {
    case 'github':
      return (await import('../../propose/forges/github.ts')).githubForge(site, PATIENCE);
    case 'gitea':
      return (await import('../../propose/forges/gitea.ts')).giteaForge(site, PATIENCE);
    case 'gitlab':
      return (await import('../../propose/forges/gitlab.ts')).gitlabForge(site, PATIENCE);
  }
}

async function remoteOf(cwd: string): Promise<string> {
  const url = await git(cwd, ['config', '--get', 'remote.origin.url'], { absent: [1] });
  if (url !== undefined) return url.toString('utf8').trim();
  throw new PkiError('ERR_FORGE', 'the repository has no remote "origin"', {
    hint: 'git remote add origin https://HOST/OWNER/NAME.git',
  });
}

const GROUP = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/u;

/** A branch is named after it, as others are after their cluster. */
function groupOf({ options: { group = [] } }: Invocation): string | undefined {
  const [name, ...more] = group;
  if (name === undefined) return undefined;
  if (more.length === 0 && GROUP.test(name)) return name;
  throw new PkiError('ERR_USAGE', `--group "${group.join(', ')}" is not one DNS label`, {
    hint: 'it names the branch of all selected clusters: --group europe',
  });
}

async function line(folder: string, args: readonly string[]): Promise<string> {
  return ((await git(folder, args))?.toString('utf8') ?? '').replace(/\n$/u, '');
}

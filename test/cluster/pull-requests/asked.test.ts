import { parse } from 'yaml';
import { declaration } from '../../_helpers/declaration.ts';
import type { Result } from '../../_helpers/run-cli.ts';
import { Fleet } from './_fleet.ts';
import type { Pull } from './_remote.ts';
import { gitea, onGitea } from './_gitea.ts';

const MADE = '2026-01-01T00:00:00Z';
/** An app whose keysets are rotated unasked: once a stage is merged, the next follows. */
const AUTOMATIC = 'defaults: { rotation: { automatic: true } }';

interface Base {
  readonly fleet: Fleet;
  /** Carries a stage out, on the base. */
  readonly stage: (now: string, ...args: readonly string[]) => Promise<void>;
  /** Another declaration, on the base. */
  readonly declare: (now: string, sans?: readonly string[]) => Promise<void>;
}

async function base(
  t: Parameters<typeof Fleet.create>[0],
  clusters: readonly string[],
): Promise<Base> {
  const fleet = await Fleet.create(t, gitea(), clusters, MADE);
  const { repository, custodian } = fleet;
  const brings = async (now: string, args: readonly string[]): Promise<void> => {
    const ran = await repository.run([...args, '--now', now], { as: custodian });
    t.is(ran.status, 0, ran.stderr);
    repository.commit(args.join(' '), now);
    fleet.push('main');
  };
  const declare = async (now: string, sans?: readonly string[]): Promise<void> => {
    const recipients = [custodian.recipient];
    const text = declaration({ recipients, clusters, app: AUTOMATIC, ...(sans && { sans }) });
    repository.write('clusters/main.js', text);
    await brings(now, ['synth']);
  };
  await declare(MADE);
  return { fleet, declare, stage: (now, ...args) => brings(now, ['rotate', ...args]) };
}

function rotate({ repository, custodian, token }: Fleet, ...args: string[]): Promise<Result> {
  return repository.run(['rotate', ...args, '--pull-request'], {
    as: custodian,
    environment: { GITEA_TOKEN: token },
  });
}

/** The pull request of a keyset, open or not. */
async function pullOf(fleet: Fleet, keyset: string): Promise<Pull> {
  const pulls = (await fleet.pulls('all')).filter(({ head }) =>
    head.label.endsWith(`cdk8s-pki/rotate/${keyset}`),
  );
  const [pull] = pulls;
  if (pull === undefined || pulls.length > 1) throw new Error(`${pulls.length} pull requests`);
  return pull;
}

/** `id state` of each entry that a revision of the remote has. */
async function entries(fleet: Fleet, keyset: string, ref: string): Promise<string[]> {
  const route = `/contents/deploy/${keyset.replace('/', '/pki/')}/keyset.yaml?ref=${ref}`;
  const { content } = (await fleet.api('GET', route)) as { readonly content: string };
  const { entries: all } = parse(Buffer.from(content, 'base64').toString('utf8')) as {
    readonly entries: readonly { readonly id: string; readonly state: string }[];
  };
  return all.map(({ id, state }) => `${id} ${state}`).sort();
}

const idOf = (texts: readonly string[], state: string): string =>
  texts.find((text) => text.endsWith(` ${state}`))?.split(' ')[0] ?? '';

onGitea(
  'renew --pull-request: an abort that somebody asked for is neither closed nor replaced, and is made anew as what it is',
  async (t) => {
    const { fleet, stage, declare } = await base(t, ['alpha', 'bravo']);
    await stage('2026-02-01T00:00:00Z', 'alpha', 'ca');
    await stage('2026-02-03T00:00:00Z', 'alpha', 'ca');
    const merged = await entries(fleet, 'alpha/ca', 'main');
    const wanted = [
      `${idOf(merged, 'outgoing')} issuing`,
      `${idOf(merged, 'issuing')} outgoing`,
    ].sort();
    const asked = await rotate(fleet, 'alpha', 'ca', '--abort', '--now', '2026-02-03T01:00:00Z');
    t.is(asked.status, 0, asked.stderr);
    const before = await pullOf(fleet, 'alpha/ca');
    t.is(before.title, 'Rotate alpha/ca: abort-issue');
    t.deepEqual(await entries(fleet, 'alpha/ca', before.head.ref), wanted);

    // before "retire" may follow, and after
    for (const now of ['2026-02-03T02:00:00Z', '2026-02-05T00:00:00Z']) {
      const renewed = await fleet.propose(now);
      t.is(renewed.status, 0, renewed.stderr);
      t.regex(renewed.stdout, /^unchanged cdk8s-pki\/rotate\/alpha\/ca/mu);
      const pull = await pullOf(fleet, 'alpha/ca');
      t.deepEqual(
        [pull.state, pull.title, pull.head.sha, pull.body],
        ['open', before.title, before.head.sha, before.body],
        now,
      );
    }

    // the base goes on
    await declare('2026-02-05T01:00:00Z', ['www.example.com']);
    const moved = await fleet.propose('2026-02-05T02:00:00Z');
    t.is(moved.status, 0, moved.stderr);
    t.regex(moved.stdout, /^rebuilt cdk8s-pki\/rotate\/alpha\/ca/mu);
    const rebuilt = await pullOf(fleet, 'alpha/ca');
    t.deepEqual([rebuilt.state, rebuilt.title], ['open', before.title]);
    t.not(rebuilt.head.sha, before.head.sha);
    t.deepEqual(await entries(fleet, 'alpha/ca', rebuilt.head.ref), wanted);

    // what is asked for another keyset says nothing of this one
    const other = await rotate(fleet, 'bravo', 'ca', '--now', '2026-02-05T02:00:00Z');
    t.is(other.status, 0, other.stderr);
    t.is((await pullOf(fleet, 'alpha/ca')).state, 'open');

    // and it cannot be made any more where somebody retired what it would bring back
    await stage('2026-02-06T00:00:00Z', 'alpha', 'ca');
    for (const now of ['2026-02-06T01:00:00Z', '2026-02-07T01:00:00Z']) {
      const late = await fleet.propose(now);
      t.is(late.status, 0, late.stderr);
      t.regex(
        late.stdout,
        /^unchanged cdk8s-pki\/rotate\/alpha\/ca: somebody asked for "abort-issue", which cannot be made any more: /mu,
      );
    }
    const left = await pullOf(fleet, 'alpha/ca');
    t.deepEqual([left.state, left.head.sha], ['open', rebuilt.head.sha]);
    const comments = await fleet.comments(left);
    t.is(comments.length, 1);
    t.regex(comments[0] ?? '', /stays open until people decide/u);
  },
);

onGitea(
  'rotate --compromised --pull-request: takes no other open stage for the replacement',
  async (t) => {
    const { fleet, stage } = await base(t, ['alpha', 'bravo']);
    for (const cluster of ['alpha', 'bravo']) await stage('2026-02-01T00:00:00Z', cluster, 'ca');
    await stage('2026-02-03T00:00:00Z', 'alpha', 'ca');
    const abort = await rotate(fleet, 'bravo', 'ca', '--abort', '--now', '2026-02-03T01:00:00Z');
    t.is(abort.status, 0, abort.stderr);
    const renewed = await fleet.propose('2026-02-05T00:00:00Z');
    t.is(renewed.status, 0, renewed.stderr);
    for (const [keyset, title] of [
      ['alpha/ca', 'Rotate alpha/ca: retire (stage 3 of 3)'],
      ['bravo/ca', 'Rotate bravo/ca: abort-accept'],
    ] as const) {
      const open = await pullOf(fleet, keyset);
      t.deepEqual([open.state, open.title], ['open', title]);
      const known = (await entries(fleet, keyset, 'main')).map((text) => text.split(' ')[0] ?? '');
      const names = keyset.split('/');
      const ran = await rotate(fleet, ...names, '--compromised', '--now', '2026-02-05T01:00:00Z');
      t.is(ran.status, 0, ran.stderr);
      t.regex(ran.stdout, /^rebuilt /u);
      t.regex(ran.stderr, /outage: /u);
      const pull = await pullOf(fleet, keyset);
      t.deepEqual(
        [pull.number, pull.title],
        [open.number, `Rotate ${keyset}: replace`],
        'one branch, one pull request',
      );
      const [entry = '', ...more] = await entries(fleet, keyset, pull.head.ref);
      t.regex(entry, /^[0-9a-f]{16} issuing$/u);
      t.deepEqual(more, []);
      t.false(known.includes(idOf([entry], 'issuing')), 'no key that was known');
      const { repository } = fleet;
      repository.write('.git/shallow', `${repository.git('rev-parse', 'HEAD')}\n`); // no history is asked
      const again = await rotate(fleet, ...names, '--compromised', '--now', '2026-02-05T02:00:00Z');
      repository.remove('.git/shallow');
      t.regex(again.stdout, /^unchanged /u, again.stderr);
    }
    const later = await fleet.propose('2026-02-06T00:00:00Z');
    t.is(later.status, 0, later.stderr);
    t.is((await pullOf(fleet, 'alpha/ca')).title, 'Rotate alpha/ca: replace');
  },
);

import { X509Certificate } from 'node:crypto';
import { parse } from 'yaml';
import type { Result } from '../../_helpers/run-cli.ts';
import { Fleet } from './_fleet.ts';
import { gitea, onGitea } from './_gitea.ts';
import type { Pull } from './_remote.ts';

const MADE = '2026-11-22T08:00:00Z';
const NOW = '2026-11-23T08:00:00Z';
const RECORD = 'deploy/alpha/pki/ca/revocations.yaml';

function revoke(own: Fleet, ...args: readonly string[]): Promise<Result> {
  return own.repository.run(['revoke', 'alpha', ...args, '--pull-request', '--now', NOW], {
    as: own.custodian,
    environment: { GITEA_TOKEN: own.token },
  });
}

async function only(own: Fleet): Promise<Pull> {
  const [pull, ...more] = await own.pulls('open');
  if (pull === undefined || more.length > 0) throw new Error(`${more.length + 1} pull requests`);
  return pull;
}

const serialOf = (own: Fleet): string => {
  const document = parse(own.repository.read('deploy/alpha/pki/web.sops.yaml')) as {
    readonly certificate: string;
  };
  return new X509Certificate(document.certificate).serialNumber;
};

onGitea(
  'revoke --pull-request: one pull request with what the old certificate can still do; made anew when its CRL is not what was asked for',
  async (t) => {
    const own = await Fleet.create(t, gitea(), ['alpha', 'bravo'], MADE);
    const { repository } = own;
    const before = repository.files();
    const opened = await revoke(own, 'web', '--reason', 'keyCompromise');
    t.is(opened.status, 0, opened.stderr);
    t.regex(opened.stdout, /^opened cdk8s-pki\/revoke\/alpha\/web: 1 change/u);
    t.deepEqual(repository.files(), before, 'the checkout stays as it is');
    const pull = await only(own);
    t.is(pull.title, 'Revoke alpha/web');
    t.regex(pull.body, /\*\*revoked `alpha\/web`: serial number `?[0-9A-F]+`?, good until `2027-/u);
    t.regex(
      pull.body,
      /^- the record of the authority has the CRL, and in a rotation .*cdk8s-pki rotate alpha ca/mu,
    );
    t.regex(pull.body, /^\| issue \| `alpha\/web` \|.*Revoked: /mu);
    const files = await own.files(pull);
    t.true(files.includes(RECORD));
    t.deepEqual(
      files.filter((file) => !file.startsWith('deploy/alpha/')),
      [],
    );

    const again = await revoke(own, 'web', '--reason', 'keyCompromise');
    t.regex(again.stdout, /^unchanged cdk8s-pki\/revoke\/alpha\/web/u);
    t.is((await only(own)).head.sha, pull.head.sha);

    const otherwise = await revoke(own, 'web', '--reason', 'superseded');
    t.regex(otherwise.stdout, /^rebuilt cdk8s-pki\/revoke\/alpha\/web/u);
    t.not((await only(own)).head.sha, pull.head.sha);

    const serial = serialOf(own);
    await own.merge(await only(own));
    own.fetch();
    repository.git('reset', '-q', '--hard', 'origin/main');
    t.true(repository.read(RECORD).includes(`serialNumber: ${serial}`), repository.read(RECORD));
    t.regex(repository.read(RECORD), /reason: superseded/u);
    t.not(serialOf(own), serial);
    const plan = await repository.run(['plan', '--now', NOW]);
    t.is(plan.stdout, 'nothing to do: 2 clusters are as declared\n');
    const gate = await repository.run(['verify', '--base', 'HEAD~1', '--now', NOW]);
    t.is(gate.status, 0, gate.stdout);
  },
);

onGitea(
  'revoke --pull-request: refuses a tree that is not as declared, and a name that nothing has',
  async (t) => {
    const own = await Fleet.create(t, gitea(), ['alpha'], MADE);
    const unknown = await revoke(own, 'wob');
    t.is(unknown.status, 2);
    t.regex(unknown.stderr, /"wob" names no certificate/u);
    own.repository.write(
      'clusters/main.js',
      own.repository.read('clusters/main.js').replaceAll('example.com', 'example.org'),
    );
    own.repository.commit('Another name');
    own.push('main');
    const unfinished = await revoke(own, 'web');
    t.is(unfinished.status, 1);
    t.regex(unfinished.stderr, /the tree is not as declared: this must be alone in its change/u);
    t.deepEqual(await own.pulls('open'), []);
  },
);

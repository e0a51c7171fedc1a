import test, { type ExecutionContext } from 'ava';
import type { Invocation } from '../../../../src/commands/command.ts';
import { reported } from '../../../../src/commands/propose/report.ts';
import { RevocationOf } from '../../../../src/commands/propose/revocation.ts';
import { RotationsOf } from '../../../../src/commands/propose/rotation/rotations.ts';
import { workOf } from '../../../../src/commands/propose/rotation/works.ts';
import { createOutput } from '../../../../src/output.ts';
import type { RotationRequest } from '../../../../src/model/store/rotation.ts';
import type { PullRequestText } from '../../../../src/propose/forges/forge.ts';
import { rotationStatus } from '../../../../src/plan/rotation/status.ts';
import { authority, DAY, NOW, observedEntry, observedKeyset } from '../../../_helpers/desired.ts';
import { Repository } from '../../../_helpers/run-cli.ts';

const DOCUMENTS = ['deploy/prod/pki/web.sops.yaml', 'deploy/test/pki/api.sops.yaml'] as const;
const STRANGE = 'deploy/prod/manifests/strange.yaml';
/** Another certificate at each time: one that is the same with other dates was edited by hand, which is a flag of its own. */
const document = (issuedAt: string): string =>
  `kind: Certificate\nissuedAt: "${issuedAt}"\ncertificate: "of ${issuedAt}"\n`;

/** Two clusters on the base; in the checkout their documents were issued at these times. */
function checkout(t: ExecutionContext, times: readonly string[], folder = ''): Repository {
  const repository = new Repository(t);
  for (const file of DOCUMENTS) repository.write(folder + file, document('2020-01-01T00:00:00Z'));
  repository.commit('the base');
  for (const [index, file] of DOCUMENTS.entries())
    repository.write(folder + file, document(times[index] ?? ''));
  return repository;
}

const TEXT: PullRequestText = { title: 'Rotate', body: 'Why.' };

for (const [name, times, expected] of [
  ['the first', ['2026-03-04T10:00:00Z', '2026-03-01T10:00:00Z'], '2026-03-04'],
  ['the second', ['2026-03-01T10:00:00Z', '2026-03-05T10:00:00Z'], '2026-03-05'],
  ['none', ['never', ''], '2026-11-22'],
] as const)
  for (const prefix of ['', 'infra/'])
    test(`reported: days are counted from the newest document of two clusters: ${name}, in "${prefix}"`, async (t) => {
      const repository = checkout(t, times, prefix);
      const place = { tree: 'deploy', prefix, now: NOW };
      const paths = DOCUMENTS.map((file) => prefix + file);
      const cwd = repository.path(prefix);
      const { title, body } = await reported(TEXT, cwd, place, { base: 'main', paths });
      t.is(title, TEXT.title);
      t.true(body.startsWith('Why.\n\n<details><summary>Review report: '));
      t.true(body.includes(`\n\nDays are counted from ${expected}, when the branch was made.\n\n`));
      for (const file of DOCUMENTS) t.true(body.includes(file), `${file} is not there`);
    });

const invocation: Invocation = {
  cwd: '/nowhere',
  environment: {},
  output: createOutput({ write: () => true }, { write: () => true }, {}),
  arguments: [],
  options: { now: NOW },
};
const CA = authority('prod/ca', {
  rotation: { soak: DAY, automatic: false, outsideLife: 60 * DAY },
});
const status = rotationStatus(CA, observedKeyset(CA, [observedEntry(CA, 'issuing')]), {
  merged: undefined,
  domain: 'ca',
});
const rotation = (verb: RotationRequest['verb']) => {
  const request: RotationRequest = { keyset: CA.path, verb, acceptLockout: false };
  return {
    change: new RotationsOf(invocation, '', request),
    work: workOf(status, request, 'asked-for', NOW),
  };
};
const { change: rotating, work: stage } = rotation('advance');
const { change: reissuing, work: reissue } = rotation('reissue');
const revoked = {
  name: 'prod/web',
  clusters: [],
  set: ['x'],
  deadline: null,
  renewBefore: null,
  statuses: [],
  actions: [],
  revocations: new Map(),
};

type Proposed = Parameters<typeof rotating.describe>[2];
const BODIES: readonly (readonly [
  string,
  (cwd: string, proposed: Proposed) => Promise<PullRequestText>,
  RegExp,
])[] = [
  [
    'a rotation',
    (cwd, proposed) => rotating.describe(cwd, stage, proposed),
    /\*\*accept\*\*: .*To roll it out/su,
  ],
  [
    'a reissue',
    (cwd, proposed) => reissuing.describe(cwd, reissue, proposed),
    /\*\*reissue\*\*: .*To roll it out/su,
  ],
  [
    'a revocation',
    (cwd, proposed) => new RevocationOf(invocation, '').describe(cwd, revoked, proposed),
    /revo/u,
  ],
];

for (const [name, describe, text] of BODIES)
  test(`describe: the body of ${name} has its text, and below, the review report with its flags`, async (t) => {
    const repository = checkout(t, ['2026-03-04T10:00:00Z', '2026-03-01T10:00:00Z']);
    repository.write(STRANGE, 'kind: Pod\n');
    const { body } = await describe(repository.root, {
      base: 'main',
      paths: [...DOCUMENTS, STRANGE],
    });
    const [above = '', below = ''] = body.split('<details><summary>');
    t.regex(above, text);
    t.regex(below, /^Review report: <b>1 critical<\/b>/u);
    t.true(below.includes('Days are counted from 2026-03-04, when the branch was made.'));
    t.true(below.includes(STRANGE), below);
    t.true(body.endsWith('\n\n</details>'));
  });

import test from 'ava';
import { SECRET } from '../_helpers/fleet-chains.ts';
import {
  encryptedFiles,
  readYaml,
  record,
  text,
  type EncryptedFile,
} from '../_helpers/fleet-tree.ts';
import { Fleet } from '../_helpers/fleet.ts';
import { inParallel } from '../_helpers/run-program.ts';
import { toolTest } from '../_helpers/tool-test.ts';

const sopsTest = toolTest(['sops', 'age-keygen'], { serial: true });
let fleet: Fleet;
let encrypted: readonly EncryptedFile[];

test.before(async () => {
  fleet = await Fleet.create();
  encrypted = encryptedFiles(fleet);
});
test.after.always(() => {
  fleet.remove();
});

const updateKeys = ({ path, type }: EncryptedFile): string[] => [
  ...['updatekeys', '--yes', '--input-type', type],
  path,
];

sopsTest(
  'sops updatekeys finds every file up to date with .sops.yaml, and changes none',
  async (t) => {
    const runs = await inParallel(encrypted, (file) => fleet.run('sops', updateKeys(file)));
    t.is(runs.length, 108);
    for (const [index, { status, stderr }] of runs.entries()) {
      const file = encrypted[index]?.path;
      t.is(status, 0, file);
      t.regex(stderr.toString(), /already up to date/u, file);
    }
    t.is(await fleet.git('status', '--porcelain'), '');
  },
);

sopsTest(
  'sops filestatus says of every file that it is encrypted, and of a plain one that it is not',
  async (t) => {
    const status = async ({ path, type }: EncryptedFile): Promise<unknown> => {
      const args = ['filestatus', '--input-type', type, path];
      return JSON.parse((await fleet.succeed('sops', args)).toString());
    };
    const statuses = await inParallel(encrypted, status);
    t.is(statuses.length, 108);
    t.deepEqual(
      statuses,
      statuses.map(() => ({ encrypted: true })),
    );
    const plain = { path: 'deploy/prod-eu-1/nodes/cp-1/bundle.yaml', type: 'yaml' } as const;
    t.deepEqual(await status(plain), { encrypted: false });
  },
);

sopsTest(
  'sops updatekeys wants to change every file once .sops.yaml names another recipient',
  async (t) => {
    const rules = fleet.read('.sops.yaml');
    const { flux = '' } = JSON.parse(fleet.read('recipients.json')) as Record<string, string>;
    const copy = 'other.sops.yaml';
    fleet.write(copy, rules.replaceAll(/age: .*/gu, `age: ${flux}`));
    // without an identity it says what it would do, and then cannot
    const runs = await inParallel(encrypted, (file) =>
      fleet.run('sops', ['--config', copy, ...updateKeys(file)]),
    );
    t.is(runs.length, 108);
    for (const [index, { status, stdout }] of runs.entries()) {
      const file = encrypted[index]?.path;
      t.not(status, 0, file);
      t.true(stdout.includes(`+++ ${flux}`), file);
    }
    t.is(await fleet.git('status', '--porcelain', 'deploy'), '');
  },
);

sopsTest('a key that is added to a Secret by hand is encrypted, not left readable', async (t) => {
  const value = Buffer.from('by hand').toString('base64');
  await fleet.succeed('sops', ['set', SECRET, '["data"]["extra"]', `"${value}"`], 'custodian');
  const data = record(readYaml(fleet, SECRET)['data']);
  t.regex(text(data['extra']), /^ENC\[AES256_GCM,/u);
  t.regex(text(data['tls.crt']), /^LS0tLS1/u);
  const opened = await fleet.succeed('sops', ['decrypt', SECRET], 'flux-prod-eu-1');
  t.true(opened.includes(`extra: ${value}`));
  await fleet.git('checkout', '--', SECRET);
});

import { readFileSync } from 'node:fs';
import process from 'node:process';
import type { ExecutionContext } from 'ava';
import type { CredentialPath } from '../../../src/model/names.ts';
import { observeKeyset } from '../../../src/observe/keyset.ts';
import { AgeIdentity } from '../../../src/sops/age/identity.ts';
import { nativeCipher } from '../../../src/sops/cipher.ts';
import { readPrivateKey, spkiHash } from '../../../src/x509/read/key.ts';
import { declaration } from '../../_helpers/declaration.ts';
import { MemoryTree } from '../../_helpers/repository.ts';
import { APP, newPerson, Repository } from '../../_helpers/run-cli.ts';
import { toolTest } from '../../_helpers/tool-test.ts';
import { decided, recoverCopy, treeOf, type Files } from './_kills.ts';

const alice = await newPerson();
const toolsTest = toolTest(['sops'], { serial: true });

/** Of each stage; with SLOW=1 at every change of a file. */
const KILLS = process.env['SLOW'] === '1' ? Infinity : 8;

const STAGES = [
  ['2026-12-01T00:00:00Z', 'rotate', 'c0', 'ca'],
  ['2026-12-03T00:00:00Z', 'rotate', 'c0', 'ca'],
  ['2026-12-03T06:00:00Z', 'rotate', 'c0', 'ca', '--abort'],
  ['2026-12-05T00:00:00Z', 'rotate', 'c0', 'ca'],
  ['2026-12-06T00:00:00Z', 'revoke', 'c0', 'web'],
  ['2026-12-07T00:00:00Z', 'reissue', 'c0', 'ca'],
] as const;

/** Every key of the keyset is there, opens, and is that of its entry. */
async function checkKeys(t: ExecutionContext, files: Files): Promise<void> {
  const identity = await AgeIdentity.parse(alice.identity);
  if (identity === undefined) throw new TypeError('no identity');
  const cipher = nativeCipher({ list: [identity], unusable: [] });
  const tree = new MemoryTree(
    Object.entries(files).map(([file, content]) => [file, Buffer.from(content, 'latin1')]),
  );
  const keyset = observeKeyset(tree, 'deploy', 'c0/ca' as CredentialPath);
  t.true(keyset !== undefined && keyset.entries.length >= 1);
  for (const { file, spki } of keyset?.entries ?? []) {
    const { privateKey } = await cipher.decryptYaml(tree.text(file));
    t.is(typeof privateKey === 'string' && spkiHash(readPrivateKey(privateKey)), spki, file);
    t.true(tree.text('deploy/authorities.yaml').includes(spki), 'in the ledger');
  }
}

/** Points from 1 to `most`, evenly apart. */
function sampled(most: number): number[] {
  const count = Math.min(KILLS, most);
  return Array.from({ length: count }, (_, index) => Math.ceil(((index + 0.5) * most) / count));
}

toolsTest(
  'killed in any stage of a rotation, in a revocation or a reissue, the next run has the tree before or the one decided, and every key',
  async (t) => {
    t.timeout(3_600_000);
    const repository = new Repository(t, {
      [APP]: declaration({ recipients: [alice.recipient], clusters: ['c0'] }),
    });
    const start = '2026-11-22T08:00:00Z';
    t.is((await repository.run(['synth', '--now', start])).status, 0);
    repository.commit('synth', start);
    const outcomes = { before: 0, decided: 0 };
    for (const [now, ...command] of STAGES) {
      const args = [...command, '--now', now];
      const before = treeOf(repository);
      const reset = (): void => {
        repository.git('reset', '-q', '--hard');
        repository.git('clean', '-fdqx', '-e', 'node_modules');
      };
      const count = repository.path('node_modules/count');
      const whole = await repository.run(args, { as: alice, killAt: { count } });
      t.is(whole.status, 0, whole.stderr);
      for (const killAt of sampled(Number(readFileSync(count, 'utf8')))) {
        reset();
        const { signal } = await repository.run(args, { as: alice, killAt });
        t.is(signal, 'SIGKILL', `${args.join(' ')} at ${killAt}`);
        const after = decided(t, repository, before);
        outcomes[JSON.stringify(after) === JSON.stringify(before) ? 'before' : 'decided'] += 1;
        recoverCopy(t, repository, after);
        const next = await repository.run(['synth', '--now', now]);
        t.is(next.status, 0, next.stderr);
        t.deepEqual(treeOf(repository), after, 'recovered without an identity, and as declared');
        await checkKeys(t, after);
      }
      reset();
      t.is((await repository.run(args, { as: alice })).status, 0);
      repository.commit('a stage', now);
    }
    t.log(JSON.stringify(outcomes));
    t.true(outcomes.before > 0 && outcomes.decided > 0, 'both are seen');
  },
);

import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { EXIT } from '../errors.ts';
import { SYNTH_CHAIN } from '../plan/checks.ts';
import { NO_IDENTITIES, type Identities } from '../sops/age/identity.ts';
import { nativeCipher } from '../sops/cipher.ts';
import { programCipher } from '../sops/program.ts';
import { mirrorManifests } from '../write/mirror.ts';
import { Journal } from '../write/journal.ts';
import { takeLock } from '../write/lock.ts';
import type { Invocation } from './command.ts';
import { identitiesOf, withDeclaration } from './pipeline/prepare.ts';
import { run as runPipeline, type RunResult } from './pipeline/run.ts';
import { asDeclared, reportJson, reportText } from './pipeline/report.ts';

/** Journal and lock of a tree; git never sees them. */
const STATE = '.cdk8s-pki';

/** Makes the tree match the declaration: all of it, or nothing. */
export async function run(invocation: Invocation): Promise<number> {
  const { cwd, environment, options, output } = invocation;
  const state = path.join(cwd, STATE);
  const release = takeLock(state);
  try {
    const ignore = path.join(state, '.gitignore');
    if (!existsSync(ignore)) writeFileSync(ignore, '*\n');
    const journal = new Journal(cwd, state);
    if (journal.recover() === 'finished')
      output.note('finished the writes of a run that was cut off');
    const result = await synthesize(invocation, journal);
    if (options.output === 'json') output.json(reportJson(result));
    else {
      reportText(output, result, 'done');
      output.line(
        result.files.length === 0 && result.skipped.length === 0
          ? `nothing to do: ${asDeclared(result)}`
          : asDeclared(result),
      );
    }
    mirrorManifests(cwd, result, environment.CDK8S_OUTDIR);
    for (const name of result.skipped) output.note(`left as it is, it needs an identity: ${name}`);
    return EXIT.ok;
  } finally {
    release();
  }
}

/** Stages everything, then puts it into place. After `commit` began nothing is discarded: the next run would finish it. */
async function synthesize(invocation: Invocation, journal: Journal): Promise<RunResult> {
  const { environment } = invocation;
  let loaded: Promise<Identities> | undefined;
  // Only once one is needed: looking for identities may run a program that asks for a password.
  const identities = (): Promise<Identities> => (loaded ??= identitiesOf(environment));
  let result: RunResult;
  try {
    result = await withDeclaration(invocation, SYNTH_CHAIN, (declared) =>
      runPipeline(declared, {
        cipher: async (encryption, decrypts) =>
          encryption === 'sops'
            ? programCipher({ environment })
            : nativeCipher(decrypts ? await identities() : NO_IDENTITIES),
        hasIdentity: async () =>
          declared.context.fleet.encryption === 'sops' || (await identities()).list.length > 0,
        partial: invocation.options.partial === true,
        stage: (file) => {
          journal.stage(file);
        },
        remove: (file) => {
          journal.remove(file);
        },
      }),
    );
  } catch (error) {
    journal.discard();
    throw error;
  }
  journal.commit();
  return result;
}

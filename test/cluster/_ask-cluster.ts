// Runs in a machine: node --import tsx ask-cluster.ts CONTEXT CA KUBECONFIG…. Whether the cluster is that of the CA, asked with each
// kubeconfig at once: prints what the program would say of each, as JSON by file.
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { PkiError } from '../../src/errors.ts';
import { guardCluster } from '../../src/evidence/fetch.ts';
import { kubectlApi } from '../../src/evidence/kubectl.ts';

const [context = '', ca = '', ...kubeconfigs] = process.argv.slice(2);
const expected = { files: new Map([['ca.crt', readFileSync(ca, 'utf8')] as const]) };

async function ask(kubeconfig: string): Promise<string> {
  try {
    const api = await kubectlApi({ kubeconfig, environment: process.env }, context);
    if (api === undefined) return 'no such context';
    await guardCluster(api, context, expected);
    return 'it is the cluster';
  } catch (error) {
    if (error instanceof PkiError) return `${error.message} [${error.code}]`;
    throw error;
  }
}

const answers = kubeconfigs.map(async (kubeconfig) => [kubeconfig, await ask(kubeconfig)] as const);
process.stdout.write(JSON.stringify(Object.fromEntries(await Promise.all(answers))));

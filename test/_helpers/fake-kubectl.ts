import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { load } from 'js-yaml';
import type { Repository } from './run-cli.ts';

/** What a cluster answers, by path; a text is what kubectl says on its error stream. */
export type Answers = Readonly<Record<string, unknown>>;

/** A program in place of kubectl, which knows one context and answers from a file. */
export class FakeKubectl {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    const program = path.join(folder, 'kubectl');
    writeFileSync(
      program,
      `#!${process.execPath}
const { contexts, insecure, answers } = JSON.parse(require('node:fs').readFileSync(${JSON.stringify(path.join(folder, 'answers.json'))}, 'utf8'));
const args = process.argv.slice(2);
if (args.includes('view')) {
  const cluster = { name: 'c', cluster: { server: 'https://x', ...(insecure ? { 'insecure-skip-tls-verify': true } : {}) } };
  console.log(JSON.stringify({ clusters: [cluster], contexts: contexts.map((name) => ({ name, context: { cluster: 'c' } })) }));
} else {
  const of = (flag) => args.find((arg) => arg.startsWith(flag))?.slice(flag.length);
  const server = of('--server=https://');
  const answer = answers[(server === undefined ? '' : server + ' ') + of('--raw=')] ?? 'Error from server (NotFound): none';
  if (typeof answer === 'string') { console.error(answer); process.exit(1); }
  console.log(JSON.stringify(answer));
}
`,
    );
    chmodSync(program, 0o755);
  }

  says(answers: Answers, contexts: readonly string[], insecure = false): void {
    const file = path.join(this.#folder, 'answers.json');
    writeFileSync(file, JSON.stringify({ answers, contexts, insecure }));
  }

  get environment(): Record<string, string> {
    return { PATH: `${this.#folder}:${process.env['PATH'] ?? ''}` };
  }
}

export const SYSTEM = '/api/v1/namespaces/kube-system';
export const ROOT_CA = `${SYSTEM}/configmaps/kube-root-ca.crt`;
const NODE = 'deploy/prod/nodes/cp-1/etc/kubernetes';
const PODS = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'];

export interface Pod {
  metadata: { name: string; annotations: Record<string, string> };
  spec: { nodeName: string };
  status: { conditions: { type: string; status: string }[] };
}

/** The mirror pods that a kubelet would make of the manifests of the tree, on the one node cp-1 of a cluster prod. */
export function mirrorPods(repository: Repository, folder = 'manifests', ending = ''): Pod[] {
  return PODS.map((name) => {
    const manifest = load(repository.read(`${NODE}/${folder}/${name}${ending}.yaml`)) as Pod;
    const annotations = { ...manifest.metadata.annotations, 'kubernetes.io/config.mirror': 'x' };
    return {
      metadata: { ...manifest.metadata, name: `${name}-cp-1`, annotations },
      spec: { nodeName: 'cp-1' },
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    };
  });
}

/** What that cluster says where it runs from the tree. */
export function answers(repository: Repository, pods: readonly Pod[]): Record<string, unknown> {
  return {
    [ROOT_CA]: { data: { 'ca.crt': repository.read(`${NODE}/pki/ca.crt`) } },
    [`${SYSTEM}/pods`]: { items: pods },
  };
}

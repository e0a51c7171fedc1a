import { X509Certificate } from 'node:crypto';
import { cpSync, mkdtempSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { load, loadAll } from 'js-yaml';
import { authority, SECRET } from '../_helpers/fleet-chains.ts';
import { CLUSTERS, fromBase64, readYaml, record, text } from '../_helpers/fleet-tree.ts';
import { Fleet } from '../_helpers/fleet.ts';
import { writeKubernetesSchemas } from '../_helpers/kubernetes-schemas.ts';
import { runProgram, type Ran } from '../_helpers/run-program.ts';
import { toolTest } from '../_helpers/tool-test.ts';
import { toolPath } from '../_helpers/tools.ts';

const WEBHOOK = 'deploy/prod-eu-1/manifests/ValidatingWebhookConfiguration.policy-webhook.yaml';

let fleet: Fleet;
test.before(async () => {
  fleet = await Fleet.create();
});
test.after.always(() => {
  fleet.remove();
});

const manifests = (): string[] =>
  CLUSTERS.flatMap((cluster) => fleet.files(`deploy/${cluster}/manifests`));

interface Resource {
  readonly filename: string;
  readonly kind: string;
  readonly name: string;
  readonly status: string;
  readonly msg: string;
}

interface Report {
  readonly status: number;
  readonly resources: readonly Resource[];
}

async function kubeconform(files: readonly string[]): Promise<Report> {
  const kinds = manifests().map((file) => text(readYaml(fleet, file)['kind']));
  const location = writeKubernetesSchemas(path.join(fleet.scratch, 'schemas'), kinds);
  const args = ['-strict', '-output', 'json', '-verbose', '-schema-location', location, ...files];
  const { status, stdout } = await fleet.run('kubeconform', args);
  return { status, ...(JSON.parse(stdout.toString()) as Omit<Report, 'status'>) };
}

function scratchFile(name: string, content: string): string {
  const file = path.join(fleet.scratch, name);
  writeFileSync(file, content);
  return file;
}

/** `kustomize build` of a cluster's manifests, as a delivery tool without decryption sees them. */
async function kustomizeBuild(cluster: string): Promise<Ran> {
  const folder = mkdtempSync(path.join(fleet.scratch, 'kustomize-'));
  cpSync(path.join(fleet.root, `deploy/${cluster}/manifests`), folder, { recursive: true });
  const options = { cwd: folder, env: fleet.environment() };
  const created = await runProgram(toolPath('kustomize'), ['create', '--autodetect'], options);
  if (created.status !== 0) throw new Error(created.stderr.toString());
  return runProgram(toolPath('kustomize'), ['build', '.'], options);
}

toolTest(['kubeconform', 'kubernetes-openapi', 'sops', 'age-keygen'])(
  'every manifest is an object that the Kubernetes API describes, the Secret once it is decrypted',
  async (t) => {
    const plain = manifests().filter((file) => file !== SECRET);
    t.is(plain.length, manifests().length - 1);
    const secret = await fleet.succeed('sops', ['decrypt', SECRET], 'flux-prod-eu-1');
    const decrypted = scratchFile('secret.yaml', secret.toString());
    const { status, resources } = await kubeconform([...plain, decrypted]);
    t.deepEqual(
      resources.filter((resource) => resource.status !== 'statusValid'),
      [],
    );
    t.is(resources.length, plain.length + 1);
    for (const [wanted, count] of [
      ['ClusterRoleBinding kubeadm:cluster-admins', CLUSTERS.length],
      ['Secret policy-webhook-tls', 1],
      ['ValidatingWebhookConfiguration policy-webhook', 1],
    ] as const) {
      t.is(
        resources.filter(({ kind, name }) => `${kind} ${name}` === wanted).length,
        count,
        wanted,
      );
    }
    t.is(status, 0);
  },
);

toolTest(['kubeconform', 'kubernetes-openapi', 'age-keygen'])(
  'the descriptions refuse a field that is unknown, missing or of another type, and the encrypted Secret',
  async (t) => {
    const webhook = fleet.read(WEBHOOK);
    const broken = [
      webhook.replace('failurePolicy:', 'failurePolice:'),
      webhook.replace(/^ +sideEffects: .*\n/mu, ''),
      webhook.replace('path: /validate', 'path: 5'),
    ].map((content, index) => {
      t.not(content, webhook);
      return scratchFile(`broken-${index}.yaml`, content);
    });
    const { status, resources } = await kubeconform([...broken, SECRET]);
    t.is(status, 1);
    t.deepEqual(
      resources.map((resource) => resource.status),
      ['statusInvalid', 'statusInvalid', 'statusInvalid', 'statusInvalid'],
    );
  },
);

toolTest(['kustomize', 'age-keygen'])(
  'kustomize builds the manifests of every cluster and leaves the encrypted Secret as it is',
  async (t) => {
    for (const cluster of CLUSTERS) {
      const { status, stdout, stderr } = await kustomizeBuild(cluster);
      t.is(status, 0, stderr.toString());
      const built = loadAll(stdout.toString()).map(record);
      const files = fleet.files(`deploy/${cluster}/manifests`);
      const written = files.map((file) => readYaml(fleet, file));
      const key = (object: Record<string, unknown>): string =>
        `${text(object['kind'])} ${text(record(object['metadata'])['name'])}`;
      t.true(built.some((object) => key(object) === 'ClusterRoleBinding kubeadm:cluster-admins'));
      t.is(built.length, files.length);
      t.deepEqual(
        new Map(built.map((object) => [key(object), object])),
        new Map(written.map((object) => [key(object), object])),
      );
    }
    const { stdout } = await kustomizeBuild('prod-eu-1');
    const secret = loadAll(stdout.toString())
      .map(record)
      .find(({ kind }) => kind === 'Secret');
    t.regex(text(record(secret?.['data'])['tls.key']), /^ENC\[AES256_GCM,/u);
  },
);

toolTest(['kustomize', 'sops', 'age-keygen'])(
  'sops opens the Secret as kustomize printed it: the code holds whatever the order and the quotes',
  async (t) => {
    const { stdout } = await kustomizeBuild('prod-eu-1');
    const secret = stdout
      .toString()
      .split(/^---$/mu)
      .find((item) => /^kind: Secret$/mu.test(item));
    const args = ['decrypt', '--ignore-mac', scratchFile('built.yaml', secret ?? '')];
    const opened = await fleet.succeed('sops', args, 'flux-prod-eu-1');
    const direct = await fleet.succeed('sops', ['decrypt', SECRET], 'flux-prod-eu-1');
    t.deepEqual(load(opened.toString()), load(direct.toString()));
  },
);

test('the webhook trusts the authority of its cluster', (t) => {
  const [webhook] = readYaml(fleet, WEBHOOK)['webhooks'] as readonly unknown[];
  const { caBundle } = record(record(webhook)['clientConfig']);
  const pem = fromBase64(caBundle);
  t.is(pem, authority(fleet, 'prod-eu-1', 'ca'));
  t.true(new X509Certificate(pem).ca);
});

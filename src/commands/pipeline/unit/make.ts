import type { Context, Clusters, Foreign } from '../context.ts';
import { unitInventory, type Decision } from './decide.ts';
import { openDocument, openEntries, openKeys, openSigner } from './open.ts';
import { encryptFile } from '../../../encrypt/encrypt.ts';
import { PkiError } from '../../../errors.ts';
import { applied } from '../../../issue/applied.ts';
import { issue } from '../../../issue/issue.ts';
import type { Signer } from '../../../issue/signer.ts';
import type { DesiredCluster } from '../../../model/desired.ts';
import type { IssuedUnit } from '../../../model/made/issued.ts';
import type { RenderedFile, TreeFile } from '../../../model/made/tree.ts';
import type { TreeReader } from '../../../model/ports.ts';
import type { CredentialPath } from '../../../model/names.ts';
import {
  keysetDocuments,
  leafDocument,
  reissuedDocument,
  revocationsDocument,
  storeFile,
} from '../../../render/store.ts';
import { materialOf } from '../../../render/material.ts';
import { renderUnit } from '../../../render/unit.ts';
import type { Cipher } from '../../../sops/cipher.ts';
import { readPrivateKey } from '../../../x509/read/key.ts';

/** A unit after its plan was carried out in memory: encrypted files to write, and the state they will be read back as. */
export interface Made {
  readonly files: readonly TreeFile[];
  readonly issued: IssuedUnit;
  readonly clusters: Clusters;
  readonly privateKeys: ReadonlyMap<CredentialPath, string>;
}

/** Opens, issues, renders and encrypts what a decision says. Writes nothing. */
export async function make(
  context: Context,
  { unit, observed, rotated, plan, outputs, etcd, opens }: Decision,
  foreign: Foreign,
  cipher: Cipher,
): Promise<Made> {
  const { fleet, reader, now } = context;
  const entropy = context.entropy(unit.clusters[0]?.name ?? '');
  const { randomBytes } = entropy;
  const opened = await openKeys(opens, { clusters: observed, foreign, reader }, cipher);
  const available = new Map([...foreign.privateKeys, ...opened]);
  const signed = await issue(
    {
      create: plan.create,
      reissues: plan.reissues,
      transitions: await Promise.all(
        rotated.transitions.map(async (planned) => ({
          planned,
          keys: await openEntries(planned.after, reader, cipher),
        })),
      ),
      issue: plan.issue.map(({ verdict, ...leaf }) => ({ ...leaf, reason: verdict.reason })),
      crls: await Promise.all(
        plan.crls.map(async (planned) => ({
          planned,
          outgoing: await openSigner(planned, observed, reader, cipher),
        })),
      ),
    },
    signersOf(available, observed, foreign),
    { now, ...entropy },
  );
  const issued = { ...signed, keysets: [...signed.keysets, ...plan.memories] };
  const made = [
    ...issued.keysets.flatMap(({ desired, entries, entry }) =>
      entry !== null && entries.some(({ id, state }) => id === entry.id && state === 'issuing')
        ? [[desired.path, entry.privateKey] as const]
        : [],
    ),
    ...issued.leaves.map(({ desired, privateKey }) => [desired.path, privateKey] as const),
  ];
  const privateKeys = new Map([...available, ...made]);
  const clusters = applied(fleet.tree, unit, observed, issued);
  const changed = new Set<string>(outputs.changes.map(({ path }) => path));
  const rendered = renderUnit(
    fleet.tree,
    unit,
    { material: materialOf(unit, clusters, foreign.material, new Set()), privateKeys },
    { inventory: unitInventory(fleet.tree, unit, clusters, new Set()), etcd },
  ).filter((file) => changed.has(file.path) && !standsAlready(reader, file));

  const files: TreeFile[] = [];
  for (const file of [...documentsOf(fleet.tree, unit.clusters, issued), ...rendered]) {
    files.push(await encryptFile(file, cipher, { now, randomBytes }));
  }
  for (const reissued of issued.reissues) {
    const { desired, entry } = reissued.planned;
    const recipients = custodiansOf(unit.clusters, desired.cluster);
    const before = await openDocument(entry.file, reader, cipher);
    const file = reissuedDocument(fleet.tree, reissued, before, recipients);
    files.push(await encryptFile(file, cipher, { now, randomBytes }));
  }
  for (const { path, file, recipients, formerRecipients } of plan.reencrypt) {
    const document = {
      ...(await openDocument(file, reader, cipher)),
      ...(formerRecipients.length > 0 ? { formerRecipients: formerRecipients.join(',') } : {}),
    };
    const rendered = storeFile(path, file, recipients, document);
    files.push(await encryptFile(rendered, cipher, { now, randomBytes }));
  }
  return { files, issued, clusters, privateKeys: new Map(made) };
}

/** A plan cannot know what is still to be issued: an inventory of days is the same where a certificate is issued twice in one. */
function standsAlready(reader: TreeReader, file: RenderedFile): boolean {
  if (file.format !== 'plain' && file.format !== 'octets') return false;
  const content = reader.read(file.path);
  return content !== undefined && Buffer.compare(Buffer.from(file.content), content) === 0;
}

/** Keysets whose issuing key is at hand. */
function signersOf(
  privateKeys: ReadonlyMap<CredentialPath, string>,
  clusters: Clusters,
  foreign: Foreign,
): Map<CredentialPath, Signer> {
  const signers = new Map<CredentialPath, Signer>();
  for (const [path, pem] of privateKeys) {
    const cluster = clusters.get(path.split('/')[0] ?? '');
    const keyset = cluster?.keysets.get(path) ?? foreign.keysets.get(path);
    const entry = keyset?.entries[0];
    if (entry?.certificate) {
      const { id, certificate } = entry;
      signers.set(path, { id, certificate, privateKey: readPrivateKey(pem) });
    }
  }
  return signers;
}

function documentsOf(
  tree: string,
  clusters: readonly DesiredCluster[],
  { keysets, leaves, crls }: IssuedUnit,
): RenderedFile[] {
  const custodians = (cluster: string): readonly string[] => custodiansOf(clusters, cluster);
  return [
    ...keysets.flatMap((keyset) =>
      keysetDocuments(tree, keyset, custodians(keyset.desired.cluster)),
    ),
    ...crls.map((crl) => revocationsDocument(tree, crl)),
    ...leaves.map((leaf) => leafDocument(tree, leaf, custodians(leaf.desired.cluster))),
  ];
}

function custodiansOf(clusters: readonly DesiredCluster[], cluster: string): readonly string[] {
  const { recipients = [] } = clusters.find(({ name }) => name === cluster) ?? {};
  if (recipients.length > 0) return recipients;
  throw new PkiError('ERR_ENCRYPT', `cluster "${cluster}" has no recipients`);
}

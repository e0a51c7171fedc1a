import {
  credentialParts,
  treePath,
  type CredentialPath,
  type TreePath,
} from '../../model/names.ts';
import { CONSEQUENCES, KEYSET_COPIES, OTHER_KEYSET_COPIES } from '../consequences.ts';
import { embeddedBlocks } from '../read/embedded.ts';
import type { Side } from '../read/side.ts';
import type { CertificateChange, Copy, Deadline, KeysetChange } from '../report.ts';

/** Certificates that others take the place of: they go on being valid until they expire. */
function replaced(certificates: readonly CertificateChange[]): readonly CertificateChange[] {
  return certificates.filter(
    ({ before, after }) => before !== null && before.serialNumber !== after?.serialNumber,
  );
}

/** The first day on which something that is replaced stops working; null where nothing that is still needed is replaced. */
export function deadlineOf(
  certificates: readonly CertificateChange[],
  keysets: readonly KeysetChange[],
): Deadline | null {
  // nobody is to hurry with a certificate that is older than what it replaces
  const needed = replaced(certificates).filter(
    ({ change, before, after }) =>
      change !== 'removed' && !(before && after && after.notBefore < before.notBefore),
  );
  const ends = [
    ...needed.map(({ credential, before }) => ({ credential, end: before?.notAfter })),
    ...keysets.map(({ credential, oldNotAfter }) => ({ credential, end: oldNotAfter })),
  ];
  const [first] = ends.flatMap(({ end }) => end ?? []).sort((a, b) => +a - +b);
  if (first === undefined) return null;
  const day = first.toISOString().slice(0, 10);
  const credentials = ends
    .filter(({ end }) => end?.toISOString().startsWith(day) === true)
    .map(({ credential }) => credential);
  const authorities = keysets
    .filter(({ credential, oldNotAfter }) => oldNotAfter && credentials.includes(credential))
    .map(
      ({ credential }) => `whoever has only the old certificate of ${credential} refuses everybody`,
    );
  return {
    notAfter: first,
    credentials,
    stops: [...authorities, ...stopsOf(needed, credentials)],
  };
}

function stopsOf(
  certificates: readonly CertificateChange[],
  expiring: readonly CredentialPath[],
): string[] {
  const due = certificates.filter(({ credential }) => expiring.includes(credential));
  const nameOf = ({ credential }: CertificateChange): string => credentialParts(credential).name;
  const known = Object.keys(CONSEQUENCES).filter((name) =>
    due.some((item) => nameOf(item) === name),
  );
  return [
    ...new Set(known.flatMap((name) => CONSEQUENCES[name]?.stops ?? [])),
    ...due
      .filter((item) => !Object.hasOwn(CONSEQUENCES, nameOf(item)))
      .map(({ credential, before }) =>
        before?.usages.includes('serverAuth') === true
          ? `clients of ${credential} refuse its certificate`
          : `whoever uses ${credential} is locked out`,
      ),
  ];
}

/** Changes of a keyset by which its trust bundle is another one. */
const OF_TRUST: ReadonlySet<KeysetChange['change']> = new Set(['changed', 'reissued', 'removed']);

/** Where old certificates and trust bundles stay after the merge. */
export function copiesOf(
  certificates: readonly CertificateChange[],
  keysets: readonly KeysetChange[],
  base: Side,
  cluster: TreePath,
  files: readonly TreePath[],
): Copy[] {
  const old = replaced(certificates);
  const known = Object.entries(CONSEQUENCES).flatMap(([name, { copies }]) =>
    copies === undefined
      ? []
      : copy(
          copies,
          old.filter(({ credential }) => credentialParts(credential).name === name),
        ),
  );
  const kubeconfigs = treePath(cluster, 'kubeconfigs');
  const people = old.filter(({ credential }) =>
    base.list(kubeconfigs).includes(`${credentialParts(credential).name}.conf`),
  );
  const trust = keysets
    .filter(({ change, before }) => before !== null && OF_TRUST.has(change))
    .map(({ credential, oldNotAfter }) => ({
      credentials: [credential],
      where: KEYSET_COPIES[credentialParts(credential).name] ?? OTHER_KEYSET_COPIES,
      until: oldNotAfter,
    }));
  return [
    ...known,
    ...people.flatMap((change) =>
      copy(`the kubeconfig that was handed to ${credentialParts(change.credential).name}`, [
        change,
      ]),
    ),
    ...secretCopies(old, base, cluster, files),
    ...trust,
  ];
}

/** Pods that read a Secret when they start. */
function secretCopies(
  old: readonly CertificateChange[],
  base: Side,
  cluster: TreePath,
  files: readonly TreePath[],
): Copy[] {
  const outputs = files.filter((file) =>
    /^(?!pki\/|nodes\/|kubeconfigs\/)[^/]+\/.+\.sops\.yaml$/u.test(file.slice(cluster.length + 1)),
  );
  if (outputs.length === 0) return [];
  const stored = old.map((change) => {
    const blocks = embeddedBlocks(base.text(change.file) ?? '');
    return { change, body: blocks[0]?.body };
  });
  return outputs.flatMap((file) => {
    const held = new Set(embeddedBlocks(base.text(file) ?? '').map(({ body }) => body));
    const changes = stored.filter(({ body }) => body !== undefined && held.has(body));
    const name = file.slice(file.lastIndexOf('/') + 1).replace(/\.sops\.yaml$/u, '');
    return copy(
      `pods that read ${name} only when they start`,
      changes.map(({ change }) => change),
    );
  });
}

function copy(where: string, changes: readonly CertificateChange[]): Copy[] {
  const [until] = changes.flatMap(({ before }) => before?.notAfter ?? []).sort((a, b) => +a - +b);
  return until === undefined
    ? []
    : [{ credentials: changes.map(({ credential }) => credential), where, until }];
}

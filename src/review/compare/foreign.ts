import { treePath, type TreePath } from '../../model/names.ts';
import { layout, SHARED } from '../../model/store/layout.ts';
import { readCertificate } from '../../x509/read/certificate.ts';
import { subjectText } from '../../plan/checks.ts';
import { flag } from '../flags.ts';
import { blockPem, embeddedBlocks, type EmbeddedBlock } from '../read/embedded.ts';
import { problemText, type Side } from '../read/side.ts';
import type { Flag } from '../report.ts';

/** Certificates and public keys that the stores of a tree hold. */
export interface Stores {
  /** The cluster whose store holds it: `cluster` itself, the authorities that all share, or another. */
  readonly ownerOf: (cluster: string, block: EmbeddedBlock) => string | undefined;
}

export function readStores(side: Side, tree: string): Stores {
  const known = new Map<string, ReadonlySet<string>>();
  const of = (cluster: string): ReadonlySet<string> => {
    const found = known.get(cluster) ?? new Set(blocksOf(side, layout.store(tree, cluster)));
    known.set(cluster, found);
    return found;
  };
  return {
    ownerOf: (cluster, { body }) => {
      const first = [cluster, SHARED].find((name) => of(name).has(body));
      if (first !== undefined) return first;
      const folders = side.list(treePath(tree)).filter((name) => name.endsWith('/'));
      return folders.map((name) => name.slice(0, -1)).find((name) => of(name).has(body));
    },
  };
}

/** Bodies of the PEM blocks in a store. */
function blocksOf(side: Side, store: TreePath): string[] {
  return side
    .files(store)
    .flatMap((file) => embeddedBlocks(side.text(file) ?? ''))
    .map(({ body }) => body);
}

/** What stands in a changed output and in no store was put there by hand; another cluster's CA is trust that is new. */
export function foreignFlags(
  base: Side,
  head: Side,
  stores: Stores,
  cluster: string,
  outputs: readonly TreePath[],
): Flag[] {
  return outputs.flatMap((file) => {
    const before = new Set(embeddedBlocks(base.text(file) ?? '').map(({ body }) => body));
    const added = new Map(
      embeddedBlocks(head.text(file) ?? '')
        .filter(({ body }) => !before.has(body))
        .map((block) => [block.body, block]),
    );
    return [...added.values()].flatMap((block) => {
      const owner = stores.ownerOf(cluster, block);
      if (owner === cluster || owner === SHARED) return [];
      const { text, isCa } = describe(block);
      if (owner !== undefined && !isCa) return [];
      const whose = owner === undefined ? 'which no store has' : `which is of cluster "${owner}"`;
      return [flag('ForeignCertificate', `${file} now holds ${text}, ${whose}`, { cluster, file })];
    });
  });
}

function describe(block: EmbeddedBlock): { readonly text: string; readonly isCa: boolean } {
  if (block.label === 'PUBLIC KEY') return { text: 'a public key', isCa: true };
  try {
    const { subject, isCa, serialNumber } = readCertificate(blockPem(block));
    const what = isCa ? 'a CA certificate' : 'a certificate';
    const text = `${what} of "${subjectText(subject)}" (serial number ${serialNumber})`;
    return { text, isCa };
  } catch (error) {
    problemText(error); // throws what is a bug
    return { text: 'a certificate that cannot be read', isCa: false };
  }
}

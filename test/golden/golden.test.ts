import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { stringify } from 'yaml';
import type { DesiredUnit } from '../../src/model/desired.ts';
import type { RenderedFile } from '../../src/model/made/tree.ts';
import type { ObservedKeyset } from '../../src/model/observed.ts';
import { inventoryRows } from '../../src/plan/inventory.ts';
import { fleetFiles } from '../../src/render/fleet/files.ts';
import { appendToLedger } from '../../src/render/fleet/ledger.ts';
import { materialOf } from '../../src/render/material.ts';
import { renderUnit } from '../../src/render/unit.ts';
import { fleet, observedCluster, TREE } from '../_helpers/desired.ts';
import { CASES, KEYSETS } from './cases.ts';

/**
 * Whole trees as folders of files that a reviewer can read as a diff. They hold the public projection: certificates are readable
 * texts, and each private key is the hash of its public one, so that no key is in the repository. A file that is encrypted
 * begins with comments on who may open it and what stays readable. UPDATE_GOLDEN=1 writes them anew.
 */

const ROOT = fileURLToPath(new URL('.', import.meta.url));
const UPDATE = process.env['UPDATE_GOLDEN'] === '1';

function render(
  units: readonly DesiredUnit[],
  keysets: readonly ObservedKeyset[] | undefined,
): Map<string, string> {
  const clusters = units.flatMap((unit) => unit.clusters);
  const stores = new Map(clusters.map((cluster) => [cluster.name, observedCluster(cluster, keysets && { keysets })]));
  const unit: DesiredUnit = { clusters, imports: [], exports: [], users: [] };
  const inventory = new Map(
    clusters.map((cluster) => [
      cluster.name,
      inventoryRows(TREE, cluster, stores.get(cluster.name), new Set()),
    ]),
  );
  const material = materialOf(unit, stores, new Map(), new Set());
  const values = { material, privateKeys: 'projection' } as const;
  const files = renderUnit(TREE, unit, values, { inventory, etcd: new Map() });
  const entries = [...stores.values()].flatMap(({ keysets }) =>
    [...keysets.values()].flatMap(({ path: keyset, entries: all }) => {
      const [cluster = '', name = ''] = keyset.split('/');
      return all.map(({ id, spki }) => ({ cluster, keyset: name, id, spki }));
    }),
  );
  return new Map([
    ...[...files, ...fleetFiles(fleet(clusters), { sops: '', attributes: '' })].map(
      // Without the dot: git and sops must not take them for their own.
      (file) => [file.path.replace(/^\./u, 'dot-'), shown(file)] as const,
    ),
    [`${TREE}/authorities.yaml`, appendToLedger('', entries)],
  ]);
}

function shown(file: RenderedFile): string {
  if (file.format === 'plain') return file.content;
  if (file.format === 'octets') return Buffer.from(file.content).toString('base64');
  const head = [
    `# ${file.format}, projection ${file.projection}`,
    ...file.recipients.map((recipient) => `# opened by ${recipient}`),
  ];
  if (file.format === 'binary') return [...head, file.content].join('\n');
  const [selector] = Object.entries(file.selector);
  const sealed = file.sealed.map((keys) => `# encrypted: ${keys.join('.')}`);
  const text = stringify(file.document, { lineWidth: 0 });
  return [...head, `# ${(selector ?? []).join(': ')}`, ...sealed, text].join('\n');
}

function read(folder: string): Map<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return new Map(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
      .map((file) => [
        path.relative(folder, file).split(path.sep).join('/'),
        readFileSync(file, 'utf8'),
      ]),
  );
}

const sorted = (files: ReadonlyMap<string, string>): [string, string][] =>
  [...files].sort(([a], [b]) => (a < b ? -1 : 1));

for (const [name, units] of Object.entries(CASES)) {
  test(`golden: ${name}`, (t) => {
    const folder = path.join(ROOT, name);
    const tree = render(units, KEYSETS[name]);
    if (UPDATE) {
      rmSync(folder, { recursive: true, force: true });
      for (const [file, content] of tree) {
        mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
        writeFileSync(path.join(folder, file), content);
      }
    }
    t.deepEqual(sorted(read(folder)), sorted(tree));
  });
}

test('golden: there is a folder for each case, and no other', (t) => {
  const folders = readdirSync(ROOT, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  t.deepEqual(folders.sort(), Object.keys(CASES).sort());
});

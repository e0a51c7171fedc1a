import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { LAYERS } from '../../layers.ts';
import { layerOf, violation } from '../../scripts/layers-rule.ts';

const source = path.resolve(import.meta.dirname, '..', '..', 'src');
const inSource = (file: string): string => path.join(source, file);

const files = readdirSync(source, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map((entry) => path.relative(source, path.join(entry.parentPath, entry.name)))
  .map((file) => file.split(path.sep).join('/'))
  .sort();

test('every file under src/ is in a folder of layers.ts, but for the four at the top', (t) => {
  const without = files.filter((file) => layerOf(inSource(file)) === undefined);
  t.deepEqual(without, ['cli.ts', 'errors.ts', 'index.ts', 'output.ts']);
});

test('every row of layers.ts has a folder with files', (t) => {
  for (const layer of Object.keys(LAYERS)) {
    t.true(
      files.some((file) => layerOf(inSource(file)) === layer),
      layer,
    );
  }
});

test('layers import one way only: no row reaches itself', (t) => {
  const reachable = (layer: string, seen: readonly string[]): void => {
    for (const next of LAYERS[layer] ?? []) {
      if (!(next in LAYERS)) continue;
      t.false(seen.includes(next), [...seen, next].join(' > '));
      if (!seen.includes(next)) reachable(next, [...seen, next]);
    }
  };
  for (const layer of Object.keys(LAYERS)) reachable(layer, [layer]);
});

test('a file has at most 300 lines', (t) => {
  const long = files.filter(
    (file) => readFileSync(inSource(file), 'utf8').trimEnd().split('\n').length > 300,
  );
  t.deepEqual(long, []);
});

test('a folder has at most ten files', (t) => {
  const counts = new Map<string, number>();
  for (const file of files) {
    const folder = path.posix.dirname(file);
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  for (const [folder, count] of counts) {
    t.true(count <= 10, `src/${folder} has ${count} files`);
  }
});

const refused = test.macro({
  title: (_, file: string, specifier: string) => `layers rule: ${file} may not import ${specifier}`,
  exec(t, file: string, specifier: string) {
    t.regex(violation(inSource(file), specifier) ?? '', /may import|no row/u);
  },
});
test(refused, 'model/plan.ts', '../errors.ts');
test(refused, 'model/plan.ts', '../catalog/defaults.ts');
test(refused, 'model/plan.ts', 'node:crypto');
test(refused, 'model/store/layout.ts', '../../errors.ts');
test(refused, 'model/store/layout.ts', '../../catalog/names/dns.ts');
test(refused, 'plan/plan.ts', '../issue/issue.ts');
test(refused, 'plan/plan.ts', 'node:fs');
test(refused, 'plan/plan.ts', 'cdk8s-pki');
test(refused, 'plan/plan.ts', '../../package.json');
test(refused, 'x509/read/key.ts', 'node-forge');
test(refused, 'x509/read/key.ts', '../build/key.ts');
test(refused, 'sops/age/identity.ts', '../../observe/reader.ts');
test(refused, 'render/output/manifest.ts', '../../encrypt/encrypt.ts');
test(refused, 'render/output/deeper/still/manifest.ts', '../../../../sops/encrypt.ts');
test(refused, 'observe/reader.ts', '../commands/synth.ts');
test(refused, 'declare/app.ts', 'execa');
test(refused, 'x509/other.ts', './read/key.ts');
test(refused, 'unheard-of/file.ts', './other.ts');
test(refused, 'errors.ts', './output.ts');

const accepted = test.macro({
  title: (_, file: string, specifier: string) => `layers rule: ${file} may import ${specifier}`,
  exec(t, file: string, specifier: string) {
    t.is(violation(inSource(file), specifier), undefined);
  },
});
test(accepted, 'model/plan.ts', './names.ts');
test(accepted, 'model/store/layout.ts', '../names.ts');
test(accepted, 'plan/plan.ts', '../model/plan.ts');
test(accepted, 'plan/plan.ts', '../errors.ts');
test(accepted, 'render/output/manifest.ts', '../../model/names.ts');
test(accepted, 'sops/age/identity.ts', 'node:fs');
test(accepted, 'x509/build/key.ts', '../read/key.ts');
test(accepted, 'commands/synth.ts', '../write/lock.ts');
test(accepted, 'cli.ts', './commands/table.ts');

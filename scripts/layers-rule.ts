import path from 'node:path';
import type { Rule } from 'eslint';
import { LAYERS } from '../layers.ts';

const SOURCE = path.resolve(import.meta.dirname, '..', 'src');

/** The row of `layers.ts` that a file under `src/` belongs to: the longest that its path begins with. */
export function layerOf(file: string): string | undefined {
  const relative = path.relative(SOURCE, file).split(path.sep).join('/');
  return Object.keys(LAYERS)
    .filter((layer) => relative.startsWith(`${layer}/`))
    .sort((a, b) => b.length - a.length)[0];
}

/** Why `file` may not import `specifier`; undefined where it may. */
export function violation(file: string, specifier: string): string | undefined {
  const relative = path.relative(SOURCE, file).split(path.sep).join('/');
  if (relative.startsWith('..')) return undefined;
  if (relative === 'errors.ts') return 'errors.ts may import nothing: all but model import it';
  if (!relative.includes('/')) return undefined; // cli.ts, index.ts, output.ts
  const layer = layerOf(file);
  if (layer === undefined) return `src/${path.posix.dirname(relative)} has no row in layers.ts`;
  const imports = LAYERS[layer] ?? [];
  if (imports.includes('*')) return undefined;
  if (isAllowed(file, layer, imports, specifier)) return undefined;
  return `${layer} may import only: ${imports.join(', ') || 'nothing'} (layers.ts), not "${specifier}"`;
}

function isAllowed(
  file: string,
  layer: string,
  imports: readonly string[],
  specifier: string,
): boolean {
  if (!specifier.startsWith('.')) {
    return imports.some(
      (name) =>
        !(name in LAYERS) &&
        (name.endsWith('*') ? specifier.startsWith(name.slice(0, -1)) : specifier === name),
    );
  }
  const target = path.resolve(path.dirname(file), specifier);
  if (target === path.join(SOURCE, 'errors.ts')) return layer !== 'model';
  const other = layerOf(target);
  return other !== undefined && (other === layer || imports.includes(other));
}

/** Every way to name a module: import, export … from, import(), and import('…') in a type. */
export const layersRule: Rule.RuleModule = {
  meta: { type: 'problem', schema: [] },
  create(context) {
    const check = (node: Rule.Node, source: unknown): void => {
      const specifier = literal(source);
      const message = violation(context.filename, specifier ?? '(a computed name)');
      if (message !== undefined) context.report({ node, message });
    };
    return {
      ImportDeclaration: (node) => {
        check(node, node.source);
      },
      ExportAllDeclaration: (node) => {
        check(node, node.source);
      },
      ExportNamedDeclaration: (node) => {
        if (node.source) check(node, node.source);
      },
      ImportExpression: (node) => {
        check(node, node.source);
      },
      TSImportType: (node: Rule.Node) => {
        check(node, 'source' in node ? node.source : undefined);
      },
    };
  },
};

function literal(node: unknown): string | undefined {
  const isLiteral = typeof node === 'object' && node !== null && 'value' in node;
  return isLiteral && typeof node.value === 'string' ? node.value : undefined;
}

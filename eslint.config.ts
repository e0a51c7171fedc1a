import js from '@eslint/js';
import type { Linter } from 'eslint';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';
import { LAYERS } from './layers.ts';

const escape = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);

/** A pattern for what may stand in an import of `layer`, `depth` folders down: its own files, its row of LAYERS, errors. */
function allowed(layer: string, imports: readonly string[], depth: number): string {
  const up = '../'.repeat(layer.split('/').length + depth);
  const alternatives = imports.map((name) => {
    if (name.endsWith(':*')) return `${escape(name.slice(0, -1))}.+$`;
    if (name in LAYERS) return escape(`${up}${name}/`);
    return `${escape(name)}$`;
  });
  if (layer !== 'model') alternatives.push(`${escape(`${up}errors.ts`)}$`);
  const own = Array.from({ length: depth }, (_, index) => `${escape('../'.repeat(index + 1))}[^.]`);
  return `^(?!\\./[^.]|${[...own, ...alternatives].join('|')})`;
}

/** Folders below a layer's own that hold files of it. */
const DEPTHS = [0, 1];

const layerRules: Linter.Config[] = Object.entries(LAYERS)
  .filter(([, imports]) => !imports.includes('*'))
  .flatMap(([layer, imports]) =>
    DEPTHS.map((depth) => ({
      files: [`src/${layer}/${'*/'.repeat(depth)}*.ts`],
      rules: {
        'no-restricted-imports': [
          'error',
          {
            patterns: [
              {
                regex: allowed(layer, imports, depth),
                message: `${layer} may import only: ${imports.join(', ') || 'nothing'} (layers.ts)`,
              },
            ],
          },
        ],
      },
    })),
  );

export default defineConfig(
  { ignores: ['dist/', '.demo/', '.cdk8s-pki/', 'test/fixtures/', 'test/golden/', 'coverage/'] },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      'no-console': 'error',
    },
  },
  ...layerRules,
);

import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';
import { layersRule } from './scripts/layers-rule.ts';

/** What decides and what makes: the same input gives the same output. Effects come in as ports. */
const PURE = ['model', 'catalog', 'plan', 'issue', 'render', 'encrypt', 'x509', 'sops', 'declare'];

const CLOCK = 'the clock is a port: take `now` as an argument';
const RANDOM = 'randomness is a port: take it as an argument';
const EFFECT = 'a pure layer touches neither the process nor the console: take a port';

export default defineConfig(
  {
    ignores: [
      'dist/',
      'dist.*/',
      'cdk8s.out/',
      '.demo/',
      '.cdk8s-pki/',
      'test/fixtures/',
      'test/golden/',
      'coverage/',
    ],
  },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      'no-console': 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    plugins: { layers: { rules: { imports: layersRule } } },
    rules: { 'layers/imports': 'error' },
  },
  {
    files: PURE.map((layer) => `src/${layer}/**/*.ts`),
    ignores: ['src/declare/main.ts'], // the entry of the declaration's own process
    rules: {
      'no-restricted-globals': [
        'error',
        { name: 'process', message: EFFECT },
        { name: 'console', message: EFFECT },
        { name: 'performance', message: CLOCK },
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: 'NewExpression[callee.name="Date"][arguments.length=0]',
          message: CLOCK,
        },
        { selector: 'CallExpression[callee.name="Date"]', message: CLOCK },
        {
          selector: 'MemberExpression[object.name="Date"][property.name="now"]',
          message: CLOCK,
        },
        {
          selector: 'MemberExpression[object.name="Math"][property.name="random"]',
          message: RANDOM,
        },
        {
          selector: 'ImportDeclaration[source.value=/^(node:)?(process|console|perf_hooks)$/]',
          message: EFFECT,
        },
      ],
    },
  },
  {
    files: ['test/**/*.ts'],
    ignores: ['test/_helpers/tool-test.ts', 'test/_helpers/tools.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector:
            'MemberExpression:matches([object.name=/^(test|t)$/], [object.object.name=/^(test|t)$/]):matches([property.name=/^(only|skip|failing|todo)$/], [property.value=/^(only|skip|failing|todo)$/])',
          message:
            'a test runs or fails; a missing program is for test/_helpers/tool-test.ts to skip',
        },
      ],
    },
  },
);

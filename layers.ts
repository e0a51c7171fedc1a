/**
 * Which folder of `src/` may import what. One way only: a stage never imports a later one.
 * ESLint enforces it (`eslint.config.ts`), `test/unit/layers.test.ts` checks that every folder has a row.
 * `errors` is open to all but `model`; a folder may always import from itself.
 */
export const LAYERS: Readonly<Record<string, readonly string[]>> = {
  model: [],
  catalog: ['model', '@scure/base', 'croner', 'ipaddr.js'],
  'go-yaml': ['model'],
  declare: ['model', 'catalog', 'cdk8s', 'constructs', 'jiti', 'yaml', 'ipaddr.js', 'node:*'],
  load: ['model', 'catalog', 'execa', 'node:*'],
  'x509/read': ['model', 'node:crypto'],
  'x509/build': [
    'model',
    'x509/read',
    'node-forge',
    'node:crypto',
    'node:url',
    'node:util',
    'ipaddr.js',
  ],
  sops: ['model', 'go-yaml', '@scure/base', 'age-encryption', 'execa', 'js-yaml', 'yaml', 'node:*'],
  observe: ['model', 'go-yaml', 'x509/read', 'sops', 'js-yaml', 'execa', 'node:*'],
  evidence: ['model', 'x509/read', 'js-yaml', 'execa', 'node:*'],
  plan: ['model', 'catalog', 'node:crypto', 'node:util'],
  issue: ['model', 'x509/read', 'x509/build', 'node:crypto'],
  render: ['model', 'catalog', 'go-yaml', 'node:crypto'],
  encrypt: ['model', 'sops'],
  write: ['model', 'node:*'],
  propose: ['model', '@octokit/core', 'execa', 'node:*'],
  inspect: ['model', 'catalog', 'x509/read', 'js-yaml', 'node:*'],
  review: ['model', 'catalog', 'plan', 'observe', 'x509/read', 'sops', 'js-yaml', 'node:crypto'],
  verify: ['model', 'catalog', 'observe', 'review', 'x509/read', 'sops', 'node:crypto'],
  commands: ['*'],
};

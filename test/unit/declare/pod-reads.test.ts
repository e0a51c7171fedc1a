import test from 'ava';
import { load } from 'js-yaml';
import { NodeBundle } from '../../../src/index.ts';
import { blockYaml } from '../../../src/declare/kubeadm/block-yaml.ts';
import { describe, newApp, newCluster } from '../../_helpers/declare.ts';

const MANIFEST = 'etc/kubernetes/manifests/own.yaml';
const FILES = [
  'etc/proxy/a.crt',
  'etc/proxy/a.key',
  'etc/proxy/conf.d/1.cfg',
  'etc/proxy/conf.d/2.cfg',
  'etc/proxy-b/x',
  'opt/one.txt',
];

/** A user's own bundle with a static pod of this container. */
function ownBundle(container: string, volumes = '- {name: v, hostPath: {path: /etc/proxy}}') {
  const app = newApp();
  new NodeBundle(newCluster(app), 'lb-1', {
    files: {
      [MANIFEST]: {
        content: `# keep me\napiVersion: v1\nkind: Pod\nmetadata: {name: own}\nspec:\n  containers:\n  - name: c\n${container.replaceAll(/^/gmu, '    ')}\n  volumes:\n  ${volumes}\n`,
      },
      'etc/kubernetes/manifests/other.yaml': { content: 'apiVersion: v1\nkind: ConfigMap\n' },
      ...Object.fromEntries(FILES.map((path) => [path, { content: path }])),
    },
  });
  const [bundle] = describe(app).bundles;
  const file = bundle?.files.find(({ path }) => path === MANIFEST);
  if (file === undefined) throw new RangeError('no manifest');
  return file;
}

const MOUNT = 'volumeMounts: [{name: v, mountPath: /conf}]';

const reads = test.macro({
  exec(t, container: string, expected: readonly string[], volumes?: string) {
    t.deepEqual(ownBundle(container, volumes).reads, expected);
  },
  title: (title = '') => `reads: ${title}`,
});

test('a flag', reads, `args: [--cert=/conf/a.crt]\n${MOUNT}`, ['etc/proxy/a.crt']);
test('two words', reads, `command: [p, --cert, /conf/a.crt]\n${MOUNT}`, ['etc/proxy/a.crt']);
test(
  'a list with a name',
  reads,
  `args: ['--sni=/conf/a.crt,/conf//a.key:example.com']\n${MOUNT}`,
  ['etc/proxy/a.crt', 'etc/proxy/a.key'],
);
test('a folder', reads, `args: [--dir=/conf/conf.d/]\n${MOUNT}`, [
  'etc/proxy/conf.d/1.cfg',
  'etc/proxy/conf.d/2.cfg',
]);
test('a shell command', reads, `command: [sh, -c, 'exec p "/conf/a.key" >&2']\n${MOUNT}`, [
  'etc/proxy/a.key',
]);
test('the environment', reads, `env: [{name: C, value: /conf/a.crt}]\n${MOUNT}`, [
  'etc/proxy/a.crt',
]);
test('a mount of which nothing is named', reads, MOUNT, FILES.slice(0, 4));
test('a path that is not mounted', reads, 'args: [--cert=/etc/proxy/a.crt]', []);
test(
  'the innermost mount, and a part of a volume',
  reads,
  `args: [/conf/in/1.cfg]\nvolumeMounts: [{name: v, mountPath: /conf/in, subPath: conf.d}, {name: w, mountPath: /conf}]`,
  ['etc/proxy/conf.d/1.cfg'],
  '- {name: v, hostPath: {path: /etc/proxy}}\n  - {name: w, emptyDir: {}}',
);
test(
  'a file as a volume',
  reads,
  'volumeMounts: [{name: v, mountPath: /x}]',
  ['opt/one.txt'],
  '- {name: v, hostPath: {path: /opt/one.txt}}',
);
test(
  'the whole node, but no manifest',
  reads,
  'args: [/host/etc/kubernetes, /host/opt]\nvolumeMounts: [{name: v, mountPath: /host}]',
  ['opt/one.txt'],
  '- {name: v, hostPath: {path: /}}',
);

test('a user’s manifest gets the annotation, and keeps its comments', (t) => {
  const { content } = ownBundle(`args: [--cert=/conf/a.crt] # why\n${MOUNT}`);
  t.regex(content, /^# keep me\n/u);
  t.regex(content, /# why/u);
  t.like(load(content), {
    metadata: { name: 'own', annotations: { 'cdk8s-pki/files': '__cdk8s-pki:files-hash__' } },
  });
});

test('a manifest that reads nothing stays as it is', (t) => {
  t.notRegex(ownBundle('args: [x]').content, /cdk8s-pki/u);
});

test('blockYaml: what is read back is what was written', (t) => {
  const texts = [
    '',
    'a',
    'true',
    'No',
    '1',
    '1e3',
    '0x1',
    '1.2',
    '1.2.3.4',
    '~',
    'a: b',
    'a:',
    'a #b',
    '- a',
    '--a=b',
    '*a',
    '&a',
    '[a',
    'a,b',
    '"q"',
    'two\nlines',
    'é',
    '250m',
    '5Mi',
    '10:20',
    '__x__',
    '/a/b',
    '=',
    'a=',
    '::1',
    '2026-01-01',
    'null',
    '.inf',
    '<<',
    ' a',
    'a ',
  ];
  const value = {
    texts,
    nested: [{ a: 1, b: [] }, {}, [['x'], []], null, true],
    keyed: Object.fromEntries(texts.map((text, index) => [text, index])),
  };
  t.deepEqual(load(blockYaml(value)), value);
});

import test from 'ava';
import { load } from 'js-yaml';
import { NodeBundle } from '../../../src/index.ts';
import { blockYaml } from '../../../src/declare/kubeadm/block-yaml.ts';
import { describe, invalid, newApp, newCluster } from '../../_helpers/declare.ts';

const MANIFEST = 'etc/kubernetes/manifests/own.yaml';
const FILES = [
  'etc/proxy/a.crt',
  'etc/proxy/a.key',
  'etc/proxy/b@1.crt',
  'etc/proxy/conf.d/1.cfg',
  'etc/proxy/conf.d/2.cfg',
  'etc/proxy-b/x',
  'opt/one.txt',
];

/** A user's own bundle with this manifest. */
function withManifest(app: ReturnType<typeof newApp>, content: string) {
  new NodeBundle(newCluster(app), 'lb-1', {
    files: {
      [MANIFEST]: { content },
      'etc/kubernetes/manifests/other.yaml': { content: 'apiVersion: v1\nkind: ConfigMap\n' },
      ...Object.fromEntries(FILES.map((path) => [path, { content: path }])),
    },
  });
  return app;
}

function manifest(content: string) {
  const [bundle] = describe(withManifest(newApp(), content)).bundles;
  const file = bundle?.files.find(({ path }) => path === MANIFEST);
  if (file === undefined) throw new RangeError('no manifest');
  return file;
}

/** A user's own bundle with a static pod of this container. */
const ownBundle = (container: string, volumes = '- {name: v, hostPath: {path: /etc/proxy}}') =>
  manifest(
    `# keep me\napiVersion: v1\nkind: Pod\nmetadata: {name: own}\nspec:\n  containers:\n  - name: c\n${container.replaceAll(/^/gmu, '    ')}\n  volumes:\n  ${volumes}\n`,
  );

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
test('a path with dots', reads, `args: [/conf/../conf/a.crt, /conf/./a.key]\n${MOUNT}`, [
  'etc/proxy/a.crt',
  'etc/proxy/a.key',
]);
test('a path after an at sign', reads, `args: ['--ca=@/conf/a.crt']\n${MOUNT}`, [
  'etc/proxy/a.crt',
]);
test('paths in brackets', reads, `args: ['--ca=[/conf/a.crt]', '{/conf/a.key}']\n${MOUNT}`, [
  'etc/proxy/a.crt',
  'etc/proxy/a.key',
]);
test('a name with an at sign', reads, `args: [/conf/b@1.crt]\n${MOUNT}`, ['etc/proxy/b@1.crt']);
test('a mount of which nothing is named', reads, MOUNT, FILES.slice(0, 5));
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

const SPEC = `spec:
  containers: [{name: c, ${MOUNT}}]
  volumes: [{name: v, hostPath: {path: /etc/proxy}}]
`;
const POD = `apiVersion: v1\nkind: Pod\nmetadata: {name: own}\n${SPEC}`;
const HASH = { 'cdk8s-pki/files': '__cdk8s-pki:files-hash__' };

test('empty documents around a Pod are left out, their comments kept', (t) => {
  const { content, reads: read } = manifest(`---\n# before\n---\n# on\n${POD}---\n# after\n---\n`);
  t.deepEqual(read, FILES.slice(0, 5));
  t.like(load(content), { kind: 'Pod', metadata: { name: 'own', annotations: HASH } });
  t.regex(content, /# before[^]*# on[^]*# after/u);
});

test('an alias without an anchor makes no Pod', (t) => {
  const content = POD.replace('{name: own}', '{name: own, annotations: *l}');
  t.is(manifest(content).content, content);
});

test('documents without a Pod are nobody’s concern', (t) => {
  const content = 'a: 1\n---\nb: 2\n';
  t.is(manifest(content).content, content);
});

const TWO = /^\[prod\/lb-1\] file "etc\/kubernetes\/manifests\/own\.yaml" holds 2 documents/u;
const OTHER = 'apiVersion: v1\nkind: ConfigMap\n';

test('a Pod and another document', invalid, (app) => withManifest(app, `${POD}---\n${OTHER}`), [
  'prod/lb-1',
  TWO,
]);
test(
  'a Pod behind another document',
  invalid,
  (app) => withManifest(app, `---\n${OTHER}---\n---\n${POD}`),
  ['prod/lb-1', TWO],
);

const annotates = test.macro({
  exec(t, metadata: string, expected: object | undefined) {
    const { content } = manifest(`apiVersion: v1\nkind: Pod\n${metadata}\n${SPEC}`);
    t.deepEqual((load(content) as { metadata?: object }).metadata, expected);
  },
  title: (title = '') => `annotates: ${title}`,
});

test('no metadata', annotates, '', { annotations: HASH });
test('null metadata', annotates, 'metadata:', { annotations: HASH });
test('null annotations', annotates, 'metadata:\n  name: own\n  annotations:', {
  name: 'own',
  annotations: HASH,
});
test('an alias', annotates, 'metadata:\n  labels: &l {a: "1"}\n  annotations: *l', {
  labels: { a: '1' },
  annotations: { a: '1', ...HASH },
});
test(
  'metadata as an alias',
  annotates,
  'x: &m\n  labels: &l {a: "1"}\n  annotations: *l\nmetadata: *m',
  { labels: { a: '1' }, annotations: { a: '1', ...HASH } },
);
test('not annotations that are no map', annotates, 'metadata: {annotations: [a]}', {
  annotations: ['a'],
} as object);

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

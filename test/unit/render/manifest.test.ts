import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { parse } from 'yaml';
import { PkiError } from '../../../src/errors.ts';
import type { DesiredManifest } from '../../../src/model/desired.ts';
import type {
  AuthorityMaterial,
  LeafMaterial,
  Material,
} from '../../../src/model/made/material.ts';
import type { RenderedFile, YamlFile } from '../../../src/model/made/tree.ts';
import type { CredentialPath } from '../../../src/model/names.ts';
import type { ReferencePart } from '../../../src/model/reference.ts';
import { encryptFile } from '../../../src/encrypt/encrypt.ts';
import { observeOutput } from '../../../src/observe/output.ts';
import { planOutputs } from '../../../src/plan/outputs.ts';
import { renderManifest } from '../../../src/render/output/manifest.ts';
import type { Values } from '../../../src/render/values.ts';
import { nativeCipher } from '../../../src/sops/cipher.ts';
import { ALICE, NOW } from '../../_helpers/desired.ts';
import { reference } from '../../_helpers/random-fleet.ts';
import { MemoryTree, newIdentity } from '../../_helpers/repository.ts';

const identity = await newIdentity();
const cipher = nativeCipher({ list: [identity], unusable: [] });

const WEB = 'prod/web' as CredentialPath;
const CA = 'prod/ca' as CredentialPath;
const CERTIFICATE = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
const KEY = '-----BEGIN EC PRIVATE KEY-----\nBBBB\n-----END EC PRIVATE KEY-----\n';

const web: LeafMaterial = {
  kind: 'Certificate',
  spki: 'ab',
  certificate: CERTIFICATE,
  kubeconfig: null,
};
const MATERIAL: Material = new Map<CredentialPath, LeafMaterial | AuthorityMaterial>([
  [WEB, web],
  [
    CA,
    {
      kind: 'CertificateAuthority',
      spki: 'cd',
      certificate: CERTIFICATE,
      trustBundle: CERTIFICATE + CERTIFICATE,
      chains: new Map(),
    },
  ],
]);
const WHOLE: Values = { material: MATERIAL, privateKeys: new Map([[WEB, KEY]]) };
const PROJECTION: Values = { material: MATERIAL, privateKeys: 'projection' };
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const ref = (part: ReferencePart, form?: 'base64', of = WEB): string => reference(of, part, form);

function manifest(template: DesiredManifest['template']): DesiredManifest {
  return { constructPath: 'prod/it', path: 'manifests/It', template };
}

const render = (template: DesiredManifest['template'], values = WHOLE): RenderedFile =>
  renderManifest(manifest(template), { folder: 'deploy/prod', recipients: [ALICE] }, values);

function secret(template: DesiredManifest['template'], values = WHOLE): YamlFile {
  const file = render(
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'it' }, ...template },
    values,
  );
  if (file.format !== 'yaml') throw new TypeError(`it is ${file.format}`);
  return file;
}

function plain(template: DesiredManifest['template']): unknown {
  const file = render({ apiVersion: 'v1', kind: 'ConfigMap', ...template });
  if (file.format !== 'plain') throw new TypeError(`it is ${file.format}`);
  return parse(file.content);
}

function refused(t: ExecutionContext, work: () => unknown, message: string): void {
  const error = t.throws<PkiError>(work, { instanceOf: PkiError });
  t.deepEqual(
    { code: error.code, message: error.message },
    { code: 'ERR_REFERENCE', message: `[prod/it] ${message}` },
  );
}

test('references: in nested values, lists, map keys and in the middle of a text', (t) => {
  t.deepEqual(
    plain({
      a: { b: [{ c: ref('certificate') }, `x${ref('certificate', 'base64')}y`] },
      [ref('certificate', 'base64')]: 1,
      n: null,
      f: false,
    }),
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      a: { b: [{ c: CERTIFICATE }, `x${base64(CERTIFICATE)}y`] },
      [base64(CERTIFICATE)]: 1,
      n: null,
      f: false,
    },
  );
});

test('references: alone on an indented line, every line is indented', (t) => {
  const text = `ca: |\n  ${ref('trustBundle', undefined, CA)}\nend: true\n`;
  t.deepEqual(plain({ data: { 'config.yaml': text } }), {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    data: {
      'config.yaml': `ca: |\n${(CERTIFICATE + CERTIFICATE).replaceAll(/^(?=.)/gmu, '  ')}end: true\n`,
    },
  });
});

test('a manifest without private material is plain, whatever its kind', (t) => {
  const file = render({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'ca' },
    stringData: { 'ca.crt': ref('trustBundle', undefined, CA) },
  });
  t.is(file.format, 'plain');
  t.true(file.path.endsWith('/It.yaml'));
});

test('a Secret: stringData is written as data, in base64, over data of the same name', (t) => {
  const file = secret({
    data: { 'a.crt': ref('certificate', 'base64'), b: base64('old') },
    stringData: { b: 'new', 'tls.key': ref('privateKey') },
  });
  t.true(file.path.endsWith('/It.sops.yaml'));
  t.deepEqual(file.document['data'], {
    'a.crt': base64(CERTIFICATE),
    b: base64('new'),
    'tls.key': base64(KEY),
  });
  t.false('stringData' in file.document);
  t.deepEqual(file.sealed, [
    ['data', 'b'],
    ['data', 'tls.key'],
  ]);
  t.deepEqual(file.uses, [WEB]);
  t.true(file.complete);
});

test('a Secret: a literal is encrypted, beside public references or in the midst of them', (t) => {
  const file = secret({
    stringData: {
      'tls.crt': `${ref('certificate')}\n`,
      note: 'hunter2',
      mixed: `password ${ref('certificate')}`,
      empty: '',
    },
  });
  t.deepEqual(file.sealed, [
    ['data', 'note'],
    ['data', 'mixed'],
  ]);
  t.deepEqual(file.uses, []);
});

test('a Secret: the selector leaves exactly the public keys readable', (t) => {
  const { selector } = secret({
    stringData: { 'tls.crt': ref('certificate'), 'tls.key': ref('privateKey'), note: 'x' },
  });
  t.deepEqual(selector, {
    unencrypted_regex: String.raw`^(apiVersion|kind|metadata|type|immutable|tls\.crt)$`,
  });
});

for (const key of ['apiVersion', 'kind', 'metadata', 'type', 'immutable']) {
  test(`a Secret: a private data key "${key}" is refused, it would stay readable`, (t) => {
    refused(
      t,
      () => secret({ stringData: { [key]: ref('privateKey') } }),
      `data key "${key}" would stay unencrypted`,
    );
  });

  test(`a Secret: a public data key "${key}" is readable and named once in the selector`, (t) => {
    const { selector } = secret({
      stringData: { [key]: ref('certificate'), k: ref('privateKey') },
    });
    t.deepEqual(selector, { unencrypted_regex: '^(apiVersion|kind|metadata|type|immutable)$' });
  });
}

for (const key of ['data', 'stringData']) {
  for (const [what, value] of [
    ['private', ref('privateKey')],
    ['public', 'x'],
  ] as const) {
    test(`a Secret: a ${what} data key "${key}" is refused, it would decide what is encrypted`, (t) => {
      refused(
        t,
        () => secret({ stringData: { [key]: value, k: ref('privateKey') } }),
        `data key "${key}" would decide what is encrypted`,
      );
    });
  }
}

for (const key of ['a|tls.key', '.*)|(', 'a b', '', 'ä', 'a/b', 'x'.repeat(254)]) {
  test(`a Secret: a data key ${JSON.stringify(key.slice(0, 20))} is refused, it means more in a selector`, (t) => {
    refused(
      t,
      () => secret({ stringData: { [key]: 'x', 'tls.key': ref('privateKey') } }),
      `data key ${JSON.stringify(key)} is not one that a Secret may have`,
    );
  });
}

test('a Secret: the same key private in one and public in the other is refused', (t) => {
  refused(
    t,
    () =>
      secret({ data: { k: ref('certificate', 'base64') }, stringData: { k: ref('privateKey') } }),
    'data key "k" would stay unencrypted',
  );
});

test('a Secret: a field that Secrets have not is refused, SOPS would encrypt it', (t) => {
  refused(
    t,
    () => secret({ spec: 'x', stringData: { k: ref('privateKey') } }),
    'a Secret has no field "spec"',
  );
});

for (const [where, template] of [
  [
    'in its metadata',
    {
      metadata: { name: 'x', annotations: { k: ref('privateKey') } },
      stringData: { k: ref('privateKey') },
    },
  ],
  ['in a map key', { metadata: { [ref('privateKey', 'base64')]: 'x' } }],
] as const) {
  test(`private material ${where} of a Secret is refused`, (t) => {
    refused(t, () => secret(template), 'private material stands outside the data of a Secret');
  });
}

test('private material in another kind is refused', (t) => {
  refused(
    t,
    () => render({ kind: 'ConfigMap', data: { k: ref('privateKey') } }),
    'private material stands outside the data of a Secret',
  );
});

test('private material in the name of a data key is refused', (t) => {
  refused(
    t,
    () => secret({ stringData: { [ref('privateKey', 'base64')]: 'x' } }),
    'a data key refers to private material',
  );
});

test('PEM in data, which is base64, is refused', (t) => {
  refused(t, () => secret({ data: { k: ref('privateKey') } }), 'a value of "data" is not base64');
});

test('a value that is no text is refused', (t) => {
  refused(
    t,
    () => secret({ data: { n: 1, k: ref('privateKey', 'base64') } }),
    'data key "n" is not a text',
  );
});

test('a reference that user code cut or encoded is refused', (t) => {
  const left = 'a reference is left after rendering';
  refused(t, () => plain({ a: ref('certificate').slice(0, -3) }), left);
  for (const before of ['', 'x', 'xy'])
    refused(t, () => plain({ a: base64(before + ref('certificate')) }), left);
});

test('a credential that is not declared, and a part that it has not, are refused', (t) => {
  refused(
    t,
    () => plain({ a: ref('certificate', undefined, 'prod/none' as CredentialPath) }),
    'credential "prod/none" is not declared',
  );
  refused(
    t,
    () => plain({ a: ref('trustBundle') }),
    'credential "prod/web" has no part "trustBundle"',
  );
});

test('projection: without the private key a Secret is not complete and holds the hash of its SPKI', (t) => {
  for (const values of [PROJECTION, { ...WHOLE, privateKeys: new Map() }]) {
    const file = secret({ stringData: { k: ref('privateKey') } }, values);
    t.false(file.complete);
    t.deepEqual(file.document['data'], { k: base64('sha256:ab\n') });
  }
});

test('projection: the same with and without private keys, and in the annotation', (t) => {
  const template = { stringData: { 'tls.crt': ref('certificate'), k: ref('privateKey') } };
  const file = secret(template);
  t.is(file.projection, secret(template, PROJECTION).projection);
  t.deepEqual(file.document['metadata'], {
    name: 'it',
    annotations: { 'cdk8s-pki/projection': file.projection },
  });
});

test('projection: changes exactly when public material, the key pair or the template does', (t) => {
  const template = { stringData: { 'tls.crt': ref('certificate'), k: ref('privateKey') } };
  const of = (material: LeafMaterial, over = {}): string =>
    secret(
      { ...template, ...over },
      { ...PROJECTION, material: new Map([...MATERIAL, [WEB, material]]) },
    ).projection;
  const now = of(web);
  t.is(of({ ...web }), now);
  t.is(
    secret(template, { ...PROJECTION, material: new Map([[WEB, web]]) }).projection,
    now,
    'other material',
  );
  t.not(of({ ...web, spki: 'ef' }), now);
  t.not(of({ ...web, certificate: 'other' }), now);
  t.not(of(web, { type: 'Opaque' }), now);
});

const anyText = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom(
    'null',
    '~',
    'true',
    'yes',
    'on',
    'n',
    '0x1f',
    '0o17',
    '017',
    '1_000',
    '1e3',
    '.inf',
    '.nan',
    '12:30:45',
    '2026-11-22',
    '2026-11-22T08:00:00Z',
    '=',
    '<<',
    '- a',
    'a: b',
    '# x',
    ' x',
    'x ',
    'a\nb',
    'a\n',
    '\n',
    '\t',
    '"',
    "'",
    '!x',
    '&x',
    '*x',
    '%',
    '@',
    '`',
    '\u0085',
    '\u2028',
    '\uFEFF',
    'ENC[x]',
    '\\',
  ),
);

test('property: a Secret that was written is current, whatever public text is in it', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(fc.stringMatching(/^[a-zA-Z0-9][-._a-zA-Z0-9]{0,8}$/u), anyText, {
        noNullPrototype: true,
      }),
      fc.dictionary(
        anyText.filter((key) => key !== '' && key !== 'cdk8s-pki/projection'),
        anyText,
        { noNullPrototype: true },
      ),
      fc.dictionary(
        fc.stringMatching(/^[a-z]{1,5}$/u),
        fc.oneof(
          fc.boolean(),
          fc.integer(),
          fc.constant(null),
          fc
            .double({ noNaN: true, noDefaultInfinity: true })
            .map((value) => (value === 0 ? 0 : value)),
        ),
        { noNullPrototype: true },
      ),
      async (data, annotations, others) => {
        const values = Object.fromEntries(
          Object.entries(data).filter(([key]) => !['data', 'stringData', 'k'].includes(key)),
        );
        const template = {
          metadata: { ...others, name: 'it', annotations },
          stringData: { ...values, k: ref('privateKey') },
        };
        const file = { ...secret(template), recipients: [identity.recipient] };
        const written = await encryptFile(file, cipher, {
          now: NOW,
          randomBytes: (size) => new Uint8Array(size).fill(7),
        });
        const tree = new MemoryTree().write(written.path, written.content);
        const expected = { ...secret(template, PROJECTION), recipients: [identity.recipient] };
        const { changes } = planOutputs(
          [expected],
          (one) => observeOutput(tree, one, new Map()),
          [],
        );
        t.deepEqual(changes, []);
      },
    ),
    { numRuns: 60 },
  );
});

test('a manifest without references is written once for all that have it; one with references follows them', (t) => {
  let looks = 0;
  const configMap = (text: string) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    data: {
      get data() {
        looks += 1;
        return text;
      },
    },
  });
  const other = CERTIFICATE.replace('AAAA', 'CCCC');
  const renewed: Material = new Map([[WEB, { ...web, certificate: other }]]);
  const rendered = (text: string): unknown[] => {
    looks = 0;
    return [WHOLE, { ...WHOLE, material: renewed }].map((values) => {
      const file = render(configMap(text), values);
      return file.format === 'plain' ? (parse(file.content) as { data: unknown }).data : undefined;
    });
  };
  t.deepEqual(rendered(ref('certificate')), [{ data: CERTIFICATE }, { data: other }]);
  t.is(looks, 4); // to know it, and to write it
  t.deepEqual(rendered('some text'), [{ data: 'some text' }, { data: 'some text' }]);
  t.is(looks, 3);
  t.deepEqual(rendered('another'), [{ data: 'another' }, { data: 'another' }]);
  const long = 'x'.repeat(10_000);
  t.deepEqual(rendered(long), [{ data: long }, { data: long }]);
  t.is(looks, 4);
});

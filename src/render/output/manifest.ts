import { PkiError } from '../../errors.ts';
import type { DesiredManifest, JsonValue } from '../../model/desired.ts';
import { treePath, type CredentialPath } from '../../model/names.ts';
import { PROJECTION_ANNOTATION } from '../../model/made/stand-in.ts';
import { findReferences, PRIVATE_PARTS, replaceReferences } from '../../model/reference.ts';
import type { JsonObject, RenderedFile } from '../../model/made/tree.ts';
import { plainYaml } from '../plain-yaml.ts';
import { projectionHash } from '../projection.ts';
import { renderText } from '../text.ts';
import { completeOrProjection, isComplete, projectionOf, type Values } from '../values.ts';

/** Keys of a manifest that stay readable, besides the public keys of its data (DESIGN §4). */
const CLEAR_KEYS = ['apiVersion', 'kind', 'metadata', 'type', 'immutable'];

/** What a Secret has besides its data. */
const SECRET_FIELDS = new Set(CLEAR_KEYS);

/** A data key of these names would make the selector match all that is beneath it. */
const NEVER_CLEAR = new Set(['data', 'stringData']);

/** Where a manifest goes and who may open it. */
interface Place {
  readonly folder: string;
  readonly recipients: readonly string[];
}

/**
 * Renders one Kubernetes object: a SOPS document where it holds anything that is not known to be public, plain YAML where it does
 * not. In a Secret only references to public parts are known to be public; literals are encrypted.
 */
export function renderManifest(
  { constructPath, path, template }: DesiredManifest,
  { folder, recipients }: Place,
  values: Values,
): RenderedFile {
  try {
    const text = JSON.stringify(template);
    const isLiteral = findReferences(text).length === 0;
    const uses = privateCredentials(text);
    const isSecret = template.kind === 'Secret' && template.apiVersion === 'v1';
    const plain = (content: string): RenderedFile => ({
      format: 'plain',
      path: treePath(folder, `${path}.yaml`),
      content,
    });
    const rendered = (): string => plainYaml(renderValue(template, values) as JsonObject);
    if (!isSecret && uses.length === 0)
      return plain(isLiteral ? literal(text, rendered) : rendered());
    const known = completeOrProjection(uses, values);
    const projected = secretDocument(template, projectionOf(values));
    const projection = projectionHash(JSON.stringify(projected.document));
    const { document, publicKeys, privateKeys } = isComplete(known)
      ? secretDocument(template, known)
      : projected;
    if (privateKeys.length === 0) return plain(plainYaml(document));
    return {
      format: 'yaml',
      path: treePath(folder, `${path}.sops.yaml`),
      document: annotate(document, projection),
      recipients,
      uses,
      complete: isComplete(known),
      projection,
      selector: { unencrypted_regex: clearKeys(publicKeys) },
      sealed: privateKeys.map((key) => ['data', key]),
    };
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
    throw new PkiError(error.code, `[${constructPath}] ${error.message}`, {
      hint: error.hints,
      cause: error,
    });
  }
}

/** What clusters have alike, as their RBAC, is written once for many; what is long is mostly of one. */
const literals = new Map<string, string>();
const MOST_LITERALS = 64;
const LONGEST_LITERAL = 8192;

/** @param text the template as JSON, without references. */
function literal(text: string, render: () => string): string {
  const known = literals.get(text);
  if (known !== undefined) return known;
  const content = render();
  if (text.length > LONGEST_LITERAL) return content;
  const [oldest] = literals.keys();
  if (oldest !== undefined && literals.size >= MOST_LITERALS) literals.delete(oldest);
  literals.set(text, content);
  return content;
}

/** Credentials whose private material `text` refers to, each once. */
export function privateCredentials(text: string): CredentialPath[] {
  const references = findReferences(text).filter(({ part }) => PRIVATE_PARTS.has(part));
  return [...new Set(references.map(({ credential }) => credential))];
}

/** A Secret with all its values base64 in `data`: immune to substitution by Flux and to lost line feeds. */
function secretDocument(
  template: JsonObject,
  values: Values,
): {
  readonly document: JsonObject;
  readonly publicKeys: readonly string[];
  readonly privateKeys: readonly string[];
} {
  const { data, stringData, ...rest } = template;
  if (template.kind !== 'Secret' || privateCredentials(JSON.stringify(rest)).length > 0) {
    throw new PkiError('ERR_REFERENCE', 'private material stands outside the data of a Secret');
  }
  const foreign = Object.keys(rest).find((field) => !SECRET_FIELDS.has(field));
  if (foreign !== undefined) {
    throw new PkiError('ERR_REFERENCE', `a Secret has no field "${foreign}"`);
  }
  const entries: [string, string, boolean][] = [];
  for (const [source, encode] of [
    [data, checkBase64],
    [stringData, (text: string): string => Buffer.from(text).toString('base64')],
  ] as const) {
    for (const [key, value] of Object.entries((source ?? {}) as JsonObject)) {
      if (typeof value !== 'string') {
        throw new PkiError('ERR_REFERENCE', `data key "${key}" is not a text`);
      }
      if (privateCredentials(key).length > 0) {
        throw new PkiError('ERR_REFERENCE', 'a data key refers to private material');
      }
      entries.push([
        dataKey(renderText(key, values)),
        encode(renderText(value, values)),
        !isPublic(value),
      ]);
    }
  }
  const publicKeys = entries.filter(([, , isPrivate]) => !isPrivate).map(([key]) => key);
  const privateKeys = [
    ...new Set(entries.filter(([, , isPrivate]) => isPrivate).map(([key]) => key)),
  ];
  const clear = new Set([...CLEAR_KEYS, ...publicKeys]);
  const unsafe = privateKeys.find((key) => clear.has(key));
  if (unsafe !== undefined) {
    throw new PkiError('ERR_REFERENCE', `data key "${unsafe}" would stay unencrypted`, {
      hint: `give the key another name than ${CLEAR_KEYS.join(', ')}`,
    });
  }
  const rendered = renderValue(rest, values) as JsonObject;
  return {
    document: {
      ...rendered,
      data: Object.fromEntries(entries.map(([key, value]) => [key, value])),
    },
    publicKeys,
    privateKeys,
  };
}

/** Whether a value is known to be public: references to public parts and nothing else. A literal may be a password. */
function isPublic(value: string): boolean {
  const literal = replaceReferences(value, () => '').trim();
  return literal === '' && privateCredentials(value).length === 0;
}

/** Keys stand in a regular expression and in a path of SOPS: only what Kubernetes takes, and nothing that means more there. */
function dataKey(key: string): string {
  if (!/^[-._a-zA-Z0-9]{1,253}$/u.test(key)) {
    throw new PkiError(
      'ERR_REFERENCE',
      `data key ${JSON.stringify(key)} is not one that a Secret may have`,
    );
  }
  if (!NEVER_CLEAR.has(key)) return key;
  throw new PkiError('ERR_REFERENCE', `data key "${key}" would decide what is encrypted`, {
    hint: `give the key another name than ${[...NEVER_CLEAR].join(', ')}`,
  });
}

function checkBase64(text: string): string {
  if (/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/u.test(text)) return text;
  throw new PkiError('ERR_REFERENCE', 'a value of "data" is not base64', {
    hint: 'use .base64 in data, or move the value to stringData',
  });
}

/** The regular expression of keys that stay readable. */
function clearKeys(publicKeys: readonly string[]): string {
  const safe = publicKeys.filter((key) => !CLEAR_KEYS.includes(key));
  const names = [...CLEAR_KEYS, ...safe].map((key) => key.replaceAll('.', String.raw`\.`));
  return `^(${names.join('|')})$`;
}

function annotate(document: JsonObject, projection: string): JsonObject {
  const metadata = (document.metadata ?? {}) as JsonObject;
  const annotations = (metadata.annotations ?? {}) as JsonObject;
  return {
    ...document,
    metadata: {
      ...metadata,
      annotations: { ...annotations, [PROJECTION_ANNOTATION]: projection },
    },
  };
}

function renderValue(value: JsonValue, values: Values): JsonValue {
  if (typeof value === 'string') return renderText(value, values);
  if (Array.isArray(value)) return value.map((item: JsonValue) => renderValue(item, values));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]: [string, JsonValue]) => [
      renderText(key, values),
      renderValue(item, values),
    ]),
  );
}

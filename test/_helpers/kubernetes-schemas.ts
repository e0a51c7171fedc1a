import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { toolPath } from './tools.ts';

type Schema = Record<string, unknown>;

interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/**
 * JSON schemas of the given kinds, made from the API's own description, for a program that must not fetch them. Unknown fields are
 * refused, as an API server with strict validation does.
 *
 * @returns a location for `kubeconform -schema-location`
 */
export function writeKubernetesSchemas(folder: string, kinds: readonly string[]): string {
  const file = path.join(toolPath('kubernetes-openapi'), 'swagger.json');
  const swagger = JSON.parse(readFileSync(file, 'utf8')) as { definitions: Record<string, Schema> };
  mkdirSync(folder, { recursive: true });
  for (const [name, definition] of Object.entries(swagger.definitions)) {
    const gvks = (definition['x-kubernetes-group-version-kind'] ?? []) as GroupVersionKind[];
    for (const { group, version, kind } of gvks) {
      if (!kinds.includes(kind)) continue;
      const definitions: Record<string, Schema> = {};
      collect(name, swagger.definitions, definitions);
      const schema = { $ref: `#/definitions/${name}`, definitions };
      // of the core group kubeconform takes the version for the group
      const target = `${kind}-${group || version}-${version}.json`.toLowerCase();
      writeFileSync(path.join(folder, target), JSON.stringify(schema));
    }
  }
  return path.join(folder, '{{ .ResourceKind }}-{{ .Group }}-{{ .ResourceAPIVersion }}.json');
}

/** Adds a definition and all that it refers to, each made strict. */
function collect(
  name: string,
  from: Readonly<Record<string, Schema>>,
  to: Record<string, Schema>,
): void {
  const definition = from[name];
  if (definition === undefined || name in to) return;
  const isStrict = 'properties' in definition && !('additionalProperties' in definition);
  to[name] = isStrict ? { ...definition, additionalProperties: false } : definition;
  for (const [, reference] of JSON.stringify(definition).matchAll(/"#\/definitions\/([^"]+)"/gu)) {
    if (reference !== undefined) collect(reference, from, to);
  }
}

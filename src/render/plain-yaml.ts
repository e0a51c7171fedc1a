import { emitYaml } from '../go-yaml/emit.ts';
import type { JsonObject } from '../model/made/tree.ts';

/** As people indent YAML for Kubernetes. */
const INDENT = 2;

/** The text of a file that is not encrypted. */
export function plainYaml(document: JsonObject): string {
  return emitYaml(document, INDENT);
}

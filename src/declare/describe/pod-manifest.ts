import { parseDocument } from 'yaml';
import { FILES_ANNOTATION, PLACEHOLDERS } from '../../model/placeholder.ts';
import type { PodObject } from '../../catalog/static-pods/pod.ts';

/** The Pod that a manifest holds; undefined for anything else. */
export function readPod(text: string): PodObject | undefined {
  const document = parseDocument(text);
  const value: unknown = document.errors.length > 0 ? undefined : document.toJS();
  const { apiVersion, kind } = (value ?? {}) as Partial<Record<string, unknown>>;
  return apiVersion === 'v1' && kind === 'Pod' ? (value as PodObject) : undefined;
}

/** A Pod's manifest, its comments kept, with the annotation for the hash of the files that it reads. */
export function annotatedManifest(text: string): string {
  if (text.includes(PLACEHOLDERS.filesHash)) return text;
  const document = parseDocument(text);
  document.setIn(['metadata', 'annotations', FILES_ANNOTATION], PLACEHOLDERS.filesHash);
  return document.toString({ lineWidth: 0 });
}

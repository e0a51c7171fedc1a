import { isMap, isNode, isScalar, parseAllDocuments, type Document } from 'yaml';
import { FILES_ANNOTATION, PLACEHOLDERS } from '../../model/placeholder.ts';
import type { PodObject } from '../../catalog/static-pods/pod.ts';

/** The Pod that a manifest holds; undefined for anything else, and for a Pod among other documents, which is refused. */
export function readPod(text: string): PodObject | undefined {
  const [document, ...others] = parseAllDocuments(text).filter((candidate) => !isEmpty(candidate));
  return document === undefined || others.length > 0 ? undefined : podIn(document);
}

/** How many documents a manifest with a Pod holds, empty ones not counted; 0 where none is a Pod. */
export function countBesidePod(text: string): number {
  if (!/^(?:---|\.\.\.)/mu.test(text)) return 0; // one document: not parsed for each of thousands of nodes
  const documents = parseAllDocuments(text).filter((candidate) => !isEmpty(candidate));
  return documents.some((document) => podIn(document) !== undefined) ? documents.length : 0;
}

/** A Pod's manifest, its comments kept, with the annotation for the hash of the files that it reads. */
export function annotatedManifest(text: string): string {
  if (text.includes(PLACEHOLDERS.filesHash)) return text;
  const documents = parseAllDocuments(text);
  const index = documents.findIndex((candidate) => !isEmpty(candidate));
  const document = documents[index];
  if (document === undefined || !hasAnnotations(document)) return text;
  document.setIn(['metadata', 'annotations', FILES_ANNOTATION], PLACEHOLDERS.filesHash);
  // The kubelet reads the first document only, even if it is empty.
  document.commentBefore = joined([
    ...documents.slice(0, index).flatMap(commentsOf),
    document.commentBefore,
  ]);
  document.comment = joined([document.comment, ...documents.slice(index + 1).flatMap(commentsOf)]);
  return document.toString({ lineWidth: 0 });
}

/** Puts a map in the place of what is missing, null or an alias; false where the Pod has something else there. */
function hasAnnotations(document: Document.Parsed): boolean {
  for (const path of [['metadata'], ['metadata', 'annotations']]) {
    const node = document.getIn(path, true);
    if (isMap(node)) continue;
    const value = path.reduce<unknown>(
      (parent, key) => (parent as Record<string, unknown> | null | undefined)?.[key],
      document.toJS(),
    );
    if (typeof (value ?? {}) !== 'object' || Array.isArray(value)) return false;
    // Without anchors: what is set in the annotations must not show in labels of the same content.
    const map = document.createNode(value ?? {}, { aliasDuplicateObjects: false });
    if (isScalar(node)) map.commentBefore = node.comment ?? null;
    document.setIn(path, map);
  }
  return true;
}

function podIn(document: Document.Parsed): PodObject | undefined {
  const value = valueOf(document);
  const { apiVersion, kind } = (value ?? {}) as Partial<Record<string, unknown>>;
  return apiVersion === 'v1' && kind === 'Pod' ? (value as PodObject) : undefined;
}

/** Undefined for what is no YAML; an alias without an anchor is found only now. */
function valueOf(document: Document.Parsed): unknown {
  if (document.errors.length > 0) return undefined;
  try {
    return document.toJS();
  } catch {
    return undefined;
  }
}

const isEmpty = ({ contents, errors }: Document.Parsed): boolean =>
  errors.length === 0 && (!isNode(contents) || (isScalar(contents) && contents.value === null));

const commentsOf = ({ commentBefore, contents, comment }: Document.Parsed) => [
  commentBefore,
  contents?.commentBefore,
  contents?.comment,
  comment,
];

const joined = (comments: readonly (string | null | undefined)[]): string | null =>
  comments.filter(Boolean).join('\n') || null;

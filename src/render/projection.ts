import { hash } from 'node:crypto';

/** The hash of a public projection: what an output says in the clear of the state that it was made from. */
export function projectionHash(content: string | Uint8Array): string {
  return `sha256:${hash('sha256', content)}`;
}

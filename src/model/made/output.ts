import type { JsonObject } from './tree.ts';

/** What stands in the tree where an output belongs; a file that cannot be understood is `broken`. */
export type ObservedOutput =
  | { readonly format: 'plain'; readonly content: string }
  | { readonly format: 'octets'; readonly content: Uint8Array }
  | {
      readonly format: 'yaml';
      /** Without `sops`; encrypted values are their `ENC[…]` text. */
      readonly document: JsonObject;
      readonly recipients: readonly string[];
    }
  | {
      readonly format: 'binary';
      readonly recipients: readonly string[];
      /** As the node's `bundle.yaml` says. */
      readonly projection: string | undefined;
    }
  | { readonly format: 'broken' };

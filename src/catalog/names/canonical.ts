/** The canonical text of a name, or what is wrong with it: a clause that follows the quoted name. */
export type Canonical =
  | { readonly value: string; readonly problem?: undefined }
  | { readonly value?: undefined; readonly problem: string };

export const good = (value: string): Canonical => ({ value });

/** `clause` reads on from the name: `"a_b" is not a DNS name`. */
export const bad = (text: string, clause: string): Canonical => ({
  problem: `${JSON.stringify(text)} ${clause}`,
});

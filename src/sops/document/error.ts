import { PkiError, type PkiErrorOptions } from '../../errors.ts';

/** A text that is not a SOPS document, or not one that can be read here. */
export function formatError(message: string, options: PkiErrorOptions = {}): PkiError {
  return new PkiError('ERR_SOPS_FORMAT', message, options);
}

/** The hint for what only the program can do. */
export const PROGRAM_HINT = "set encryption: 'sops' to use the sops program";

/** A path to show: keys stand in the clear in every SOPS document. */
export function showPath(path: readonly string[]): string {
  return `"${path.join('.')}"`;
}

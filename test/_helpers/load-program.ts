import { PkiError } from '../../src/errors.ts';
import { loadDeclaration } from '../../src/load/load-declaration.ts';

/** `load-program.ts FILE`: loads a declaration as a command does and prints the kinds of its records. */
const [, , file = ''] = process.argv;
const types: string[] = [];
try {
  const options = { file, cwd: process.cwd(), environment: process.env };
  for await (const { type } of loadDeclaration(options)) types.push(type);
} catch (error) {
  if (!(error instanceof PkiError)) throw error;
  types.push(error.message);
}
process.stdout.write(`${types.join(' ')}\n`);

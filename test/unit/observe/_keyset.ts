import type { ExecutionContext } from 'ava';
import { PkiError, type ErrorCode } from '../../../src/errors.ts';
import type { ObservedKeyset } from '../../../src/model/observed.ts';
import { observeKeyset } from '../../../src/observe/keyset.ts';
import { TREE } from '../../_helpers/desired.ts';
import type { MemoryTree } from '../../_helpers/repository.ts';
import { CA } from '../../_helpers/store.ts';

export const observe = (tree: MemoryTree, path = CA): ObservedKeyset | undefined =>
  observeKeyset(tree, TREE, path);

export function refused(
  t: ExecutionContext,
  tree: MemoryTree,
  code: ErrorCode,
  message: string | RegExp,
  path = CA,
): void {
  const error = t.throws(() => observe(tree, path), { instanceOf: PkiError, message });
  t.is(error.code, code);
  t.true(error.hints.length > 0, 'it says what to do');
}

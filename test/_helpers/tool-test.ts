import test, { type Implementation } from 'ava';
import { requireTools, tool, type ToolName } from './tools.ts';

/**
 * A `test` for tests that need foreign programs, or to be root: without them it is skipped, with what is missing in its title.
 * With `REQUIRE_TOOLS=1` it throws instead.
 */
export function toolTest(
  names: readonly ToolName[],
  { serial = false, root = false } = {},
): (title: string, implementation: Implementation<[]>) => void {
  const isRoot = !root || process.getuid?.() === 0;
  const isComplete = requireTools(names) && isRoot;
  if (!isRoot && process.env['REQUIRE_TOOLS'] === '1') throw new Error('missing: root');
  return (title, implementation) => {
    if (isComplete) (serial ? test.serial : test)(title, implementation);
    else {
      const absent: string[] = names.filter((name) => tool(name) === undefined);
      if (!isRoot) absent.push('root');
      test.skip(`${title} (missing: ${absent.join(', ')})`, implementation);
    }
  };
}

import test from 'ava';
import { Gitea } from '../../_helpers/gitea.ts';
import { toolTest } from '../../_helpers/tool-test.ts';
import { requireTools } from '../../_helpers/tools.ts';

export const GITEA_TOOLS = ['gitea', 'gitea-files'] as const;

/** Tests that share one real Gitea of their file, one after the other. */
export const onGitea = toolTest(GITEA_TOOLS, { serial: true });

const teardowns: (() => unknown)[] = [];
const started = requireTools(GITEA_TOOLS)
  ? await Gitea.start({ teardown: (work) => void teardowns.unshift(work) })
  : undefined;

test.after.always(async () => {
  for (const teardown of teardowns) await teardown();
});

export function gitea(): Gitea {
  if (started === undefined) throw new Error('no Gitea');
  return started;
}

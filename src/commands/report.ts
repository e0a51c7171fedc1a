import type { Output } from '../output.ts';
import type { RunResult } from './pipeline/run.ts';

const MOST_LINES = 40;

/** `{"actions": […], "files": […]}` of DESIGN §6, with findings beside them. */
export function reportJson({ actions, files, findings }: RunResult): unknown {
  return { actions, files, findings };
}

/** What is or was to be done, for people: actions with reasons, folded where they are many; then files by kind of change. */
export function reportText(output: Output, { actions, files, findings }: RunResult): void {
  for (const { action, credential, reason, message, needsIdentity } of actions.slice(
    0,
    MOST_LINES,
  )) {
    const identity = needsIdentity ? ' [identity]' : '';
    output.line(
      `${output.paint('strong', action)} ${credential}: ${reason}, ${message}${identity}`,
    );
  }
  if (actions.length > MOST_LINES) {
    output.line(`… and ${actions.length - MOST_LINES} more actions (--output json has all)`);
  }
  for (const { cluster, credential, code, message } of findings) {
    const name = credential.slice(cluster.length + 1);
    output.line(
      `${output.paint('warning', code)} ${credential}: ${message}; see cdk8s-pki rotate ${cluster} ${name}`,
    );
  }
  const count = (change: string): number => files.filter((file) => file.change === change).length;
  const parts = (['create', 'update', 'delete'] as const)
    .filter((change) => count(change) > 0)
    .map((change) => `${count(change)} to ${change}`);
  if (parts.length > 0) output.line(`files: ${parts.join(', ')}`);
}

import { windowProblem } from '../../catalog/renewal-window.ts';
import { PkiError } from '../../errors.ts';
import { layout } from '../../model/store/layout.ts';
import { parseDuration } from '../../model/store/duration.ts';
import type { Seconds } from '../../model/names.ts';
import type { TreeReader } from '../../model/ports.ts';
import type { RenewalWindow } from '../../model/x509.ts';

export interface Policy {
  readonly renewBefore: Seconds;
  readonly jitter: Seconds;
  readonly renewalWindows: readonly RenewalWindow[];
}

/** The policy of a credential, as the cluster's inventory has it; undefined where it has none. */
export type Policies = (credential: Key) => Policy | undefined;

interface Key {
  readonly node: string | null;
  readonly name: string;
  /** The keyset entry; null for a leaf. */
  readonly id: string | null;
}

/**
 * Reads the policies of `inventory.json`: as declared now, where the store has them as they were at issue.
 *
 * @throws PkiError `ERR_STORE` where the file is there and is not an inventory.
 */
export function readPolicies(reader: TreeReader, tree: string, cluster: string): Policies {
  const file = layout.inventory(tree, cluster);
  const content = reader.read(file);
  if (content === undefined) return () => undefined;
  const policies = new Map<string, Policy>();
  for (const row of credentialRows(file, content)) {
    const [renewBefore, jitter] = [span(row.renewBefore), span(row.jitter)];
    if (renewBefore === undefined) continue;
    const renewalWindows = list(row.renewalWindows).flatMap((window) => windowOf(window) ?? []);
    policies.set(keyOf(row), { renewBefore, jitter: jitter ?? 0, renewalWindows });
  }
  return (credential) => policies.get(keyOf(credential));
}

/** Undefined for one that this program would not have written. */
function windowOf({ cron, windowDuration, timezone }: Mapping): RenewalWindow | undefined {
  const duration = span(windowDuration);
  if (typeof cron !== 'string' || duration === undefined || typeof timezone !== 'string')
    return undefined;
  const window = { cron, duration, timeZone: timezone };
  return windowProblem(window) === undefined ? window : undefined;
}

function list(value: unknown): Mapping[] {
  return Array.isArray(value) ? value.filter(isMapping) : [];
}

type Mapping = Readonly<Record<string, unknown>>;

function credentialRows(file: string, content: Uint8Array): Mapping[] {
  let inventory: unknown;
  try {
    inventory = JSON.parse(Buffer.from(content).toString('utf8'));
  } catch {
    // what a JSON parser says quotes the text
  }
  if (isMapping(inventory) && Array.isArray(inventory.credentials)) {
    return inventory.credentials.filter(isMapping);
  }
  throw new PkiError('ERR_STORE', `"${file}": the file is not an inventory`, {
    hint: 'make it again: cdk8s-pki synth',
  });
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null;
}

function keyOf({ node, name, id }: Mapping | Key): string {
  return [node, name, id].map((part) => (typeof part === 'string' ? part : '')).join('/');
}

function span(value: unknown): Seconds | undefined {
  return typeof value === 'string' ? parseDuration(value) : undefined;
}

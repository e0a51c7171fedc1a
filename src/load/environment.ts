/**
 * Variables that a declaration may see. A list of what passes, because a secret can have any name; none of these carries one
 * by custom. NODE_OPTIONS is not among them: it loads code.
 */
const PASSED: ReadonlySet<string> = new Set([
  'PATH',
  'HOME',
  'PWD',
  'TMPDIR',
  'TZ',
  'LANG',
  'LANGUAGE',
  'TERM',
  'COLORTERM',
  'NO_COLOR',
  'FORCE_COLOR',
  'CI',
  'NODE_ENV',
  'NODE_PATH',
  'CDK8S_PKI_DEBUG',
  // Windows: without them processes do not start, or find no home.
  'SYSTEMROOT',
  'WINDIR',
  'COMSPEC',
  'PATHEXT',
  'TEMP',
  'TMP',
  'USERPROFILE',
]);

/** What is left of `environment` for code that comes from a pull request. */
export function scrubEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined) continue;
    const upper = name.toUpperCase();
    if (PASSED.has(upper) || upper.startsWith('LC_')) passed[name] = value;
  }
  return passed;
}

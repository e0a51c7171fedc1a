import type { Duration } from 'cdk8s';
import { DAY, DEFAULTS, KEY_ALGORITHMS, LONGEST_SPAN } from '../../catalog/defaults.ts';
import type { KeyAlgorithm, Seconds } from '../../model/names.ts';
import { windowProblem } from '../../catalog/renewal-window.ts';
import type { RenewalWindow } from '../../model/x509.ts';
import type { Defaults, RenewalProps, Rotation } from './props.ts';

/** When a certificate is issued again, as one scope says it. */
export interface RenewalSettings {
  readonly renewBefore: Seconds | undefined;
  readonly renewBeforePercentage: number | undefined;
  readonly jitter: Seconds | undefined;
  readonly renewalWindows: readonly RenewalWindow[] | undefined;
}

/** `Defaults` as data: spans in seconds, undefined where the enclosing scope's hold. */
export interface Settings extends RenewalSettings {
  readonly keyAlgorithm: KeyAlgorithm | undefined;
  readonly certificateValidity: Seconds | undefined;
  readonly caCertificateValidity: Seconds | undefined;
  readonly rotation:
    | {
        readonly soak: Seconds | undefined;
        readonly automatic: boolean | undefined;
        readonly maxTokenLife: Seconds | undefined;
      }
    | undefined;
}

/** What holds in a scope. */
export interface EffectiveSettings {
  readonly keyAlgorithm: KeyAlgorithm;
  readonly certificateValidity: Seconds;
  readonly caCertificateValidity: Seconds;
  readonly renewBefore: Seconds;
  /** Null where `renewBefore` holds. */
  readonly renewBeforePercentage: number | null;
  readonly jitter: Seconds;
  readonly renewalWindows: readonly RenewalWindow[];
  readonly rotation: {
    readonly soak: Seconds;
    readonly automatic: boolean;
    readonly maxTokenLife: Seconds | null;
  };
}

export function settingsFrom(defaults: Defaults): Settings {
  return {
    keyAlgorithm: defaults.keyAlgorithm,
    certificateValidity: secondsOf(defaults.certificateValidity),
    caCertificateValidity: secondsOf(defaults.caCertificateValidity),
    ...renewalFrom(defaults),
    rotation: rotationFrom(defaults.rotation),
  };
}

export function renewalFrom(props: RenewalProps): RenewalSettings {
  return {
    renewBefore: secondsOf(props.renewBefore),
    renewBeforePercentage: props.renewBeforePercentage,
    jitter: secondsOf(props.jitter),
    renewalWindows: props.renewalWindows?.map(({ cron, windowDuration, timezone = 'UTC' }) => ({
      cron,
      duration: secondsOf(windowDuration) ?? 0,
      timeZone: timezone,
    })),
  };
}

export function rotationFrom(rotation: Rotation | undefined): Settings['rotation'] {
  return (
    rotation && {
      soak: secondsOf(rotation.soak),
      automatic: rotation.automatic,
      maxTokenLife: secondsOf(rotation.maxTokenLife),
    }
  );
}

/** Whole seconds of a Duration, of whichever copy of cdk8s. */
export function secondsOf(duration: Duration | undefined): Seconds | undefined {
  return duration && Math.round(duration.toSeconds({ integral: false }));
}

/** The nearest scope first. */
export function effectiveSettings(
  ...scopes: readonly (Partial<Settings> | undefined)[]
): EffectiveSettings {
  const nearest = <T>(pick: (settings: Partial<Settings>) => T | undefined, otherwise: T): T => {
    for (const scope of scopes) {
      const value = scope && pick(scope);
      if (value !== undefined) return value;
    }
    return otherwise;
  };
  return {
    keyAlgorithm: nearest((s) => s.keyAlgorithm, DEFAULTS.keyAlgorithm),
    certificateValidity: nearest((s) => s.certificateValidity, DEFAULTS.certificateValidity),
    caCertificateValidity: nearest((s) => s.caCertificateValidity, DEFAULTS.caCertificateValidity),
    renewBefore: nearest((s) => s.renewBefore, DEFAULTS.renewBefore),
    // the scope that says either of the two says which one holds
    renewBeforePercentage: nearest<number | null>(
      (s) => s.renewBeforePercentage ?? (s.renewBefore === undefined ? undefined : null),
      null,
    ),
    jitter: nearest((s) => s.jitter, DEFAULTS.jitter),
    renewalWindows: nearest<readonly RenewalWindow[]>((s) => s.renewalWindows, []),
    rotation: {
      soak: nearest((s) => s.rotation?.soak, DEFAULTS.soak),
      automatic: nearest((s) => s.rotation?.automatic, false),
      maxTokenLife: nearest<Seconds | null>((s) => s.rotation?.maxTokenLife, null),
    },
  };
}

/** What is wrong with settings taken by themselves. */
export function settingsProblems(
  settings: Partial<Settings> & { readonly validity?: Seconds | undefined },
): string[] {
  const problems: string[] = [];
  const { keyAlgorithm, rotation, renewBeforePercentage, renewalWindows = [], ...spans } = settings;
  if (renewBeforePercentage !== undefined && settings.renewBefore !== undefined)
    problems.push('renewBefore and renewBeforePercentage exclude each other');
  if (renewBeforePercentage !== undefined && !isPercentage(renewBeforePercentage))
    problems.push('renewBeforePercentage is not a number between 0 and 100');
  for (const window of renewalWindows) {
    const problem = windowProblem(window);
    if (problem !== undefined) problems.push(`renewal window: ${problem}`);
  }
  if (keyAlgorithm !== undefined && !KEY_ALGORITHMS.includes(keyAlgorithm))
    problems.push(
      `key algorithm "${keyAlgorithm as string}" is not one of ${KEY_ALGORITHMS.join(', ')}`,
    );
  for (const [name, value] of Object.entries({ ...spans, ...rotation })) {
    if (typeof value !== 'number') continue;
    const least = name === 'jitter' || name === 'soak' ? 0 : 1;
    if (!Number.isSafeInteger(value) || value < least)
      problems.push(`${name} is not a span of ${least} seconds or more`);
    else if (value > LONGEST_SPAN)
      problems.push(`${name} is longer than a century (${LONGEST_SPAN / DAY} days)`);
  }
  return problems;
}

/** Neither 0, which would be too late, nor 100, which would be at once. */
function isPercentage(value: unknown): boolean {
  return typeof value === 'number' && value > 0 && value < 100;
}

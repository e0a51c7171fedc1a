import type { Duration } from 'cdk8s';
import { DAY, DEFAULTS, KEY_ALGORITHMS, LONGEST_SPAN } from '../../catalog/defaults.ts';
import type { DesiredRotation } from '../../model/desired.ts';
import type { KeyAlgorithm, Seconds } from '../../model/names.ts';
import type { Defaults, Rotation } from './props.ts';

/** `Defaults` as data: spans in seconds, undefined where the enclosing scope's hold. */
export interface Settings {
  readonly keyAlgorithm: KeyAlgorithm | undefined;
  readonly certificateValidity: Seconds | undefined;
  readonly caCertificateValidity: Seconds | undefined;
  readonly renewBefore: Seconds | undefined;
  readonly jitter: Seconds | undefined;
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
  readonly jitter: Seconds;
  readonly rotation: DesiredRotation;
}

export function settingsFrom(defaults: Defaults): Settings {
  return {
    keyAlgorithm: defaults.keyAlgorithm,
    certificateValidity: secondsOf(defaults.certificateValidity),
    caCertificateValidity: secondsOf(defaults.caCertificateValidity),
    renewBefore: secondsOf(defaults.renewBefore),
    jitter: secondsOf(defaults.jitter),
    rotation: rotationFrom(defaults.rotation),
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
    jitter: nearest((s) => s.jitter, DEFAULTS.jitter),
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
  const { keyAlgorithm, rotation, ...spans } = settings;
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

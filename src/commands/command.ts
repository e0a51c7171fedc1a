import type { Output } from '../output.ts';

/** What a command gets of the process it runs in. */
export interface Invocation {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly output: Output;
  /** Positional arguments, in the order of `CommandSpec.arguments`. */
  readonly arguments: readonly string[];
  /** Parsed options, by their long name in camel case. */
  readonly options: CommandOptions;
}

/** Options of all commands; which a command takes is in its row. */
export interface CommandOptions {
  /** The instant that replaces the clock. */
  readonly now?: Date;
  readonly app?: string;
  readonly cluster?: readonly string[];
  readonly shard?: string;
  readonly output?: string;
  readonly dir?: string;
  readonly tree?: string;
  readonly partial?: boolean;
  readonly newAuthority?: readonly string[];
  readonly dryRun?: boolean;
  readonly all?: boolean;
  readonly status?: boolean;
  readonly abort?: boolean;
  readonly compromised?: boolean;
  readonly acceptLockout?: boolean;
  /** A file. */
  readonly kubeconfig?: string;
  /** A CRLReason of RFC 5280. */
  readonly reason?: string;
  readonly user?: string;
  readonly group?: readonly string[];
  readonly validity?: string;
  readonly breakGlass?: boolean;
  readonly textconv?: string;
  /** A revision. */
  readonly base?: string;
  readonly pullRequest?: boolean;
  readonly forge?: string;
  readonly maxOpen?: number;
  readonly identity?: boolean;
  readonly recipient?: readonly string[];
}

/** `bundle` is how `renew` writes `--group`, which to `kubeconfig` is another thing. */
export type OptionName = keyof CommandOptions | 'bundle';

export interface CommandSpec {
  readonly name: string;
  readonly summary: string;
  /** Printed beneath the options by `--help`. */
  readonly description?: string;
  readonly arguments?: readonly {
    readonly name: string;
    readonly description: string;
    readonly choices?: readonly string[];
    readonly isOptional?: boolean;
    /** The last one only: none, one or several. */
    readonly isVariadic?: boolean;
  }[];
  readonly options: readonly OptionName[];
  /** Values of `--output`, the default first. */
  readonly formats?: readonly string[];
  /** Loads the command's own module; only the command that runs is loaded. */
  readonly load: () => Promise<{ readonly run: (invocation: Invocation) => Promise<number> }>;
}

import type { Stage } from '../../model/store/rotation.ts';
import type { ComponentName } from '../static-pods/input.ts';

/** Where the commands of a step are run; `anywhere` is with a kubeconfig of an administrator. */
export type StepPlace =
  | 'anywhere'
  | 'a control-plane node'
  | 'each control-plane node'
  | 'each member of etcd'
  | 'each node'
  | 'each other node';

/** Something that people do to roll out a stage, or look at to know that it is rolled out. */
export interface RunbookStep {
  /** A few words, an imperative; `rotate` prints no more. */
  readonly title: string;
  readonly text: string;
  readonly where: StepPlace;
  /** For a shell, lines that belong together. */
  readonly commands: readonly string[];
}

/** What follows each stage of a rotation beyond the tree. */
export interface Runbook {
  /** What the keyset signs, after its name. */
  readonly about: string;
  /** Static pods of a control-plane node that read a file which the stage changes, in the order to wait for. */
  readonly restarts: Readonly<Record<Stage, readonly ComponentName[]>>;
  /** What must hold before a stage is merged: who was forgotten then is locked out by it, or trusts what must not be trusted. */
  readonly before: Readonly<Record<Stage, readonly RunbookStep[]>>;
  /** What follows the restarts. */
  readonly steps: Readonly<Record<Stage, readonly RunbookStep[]>>;
}

export function step(title: string, text: string, ...commands: readonly string[]): RunbookStep {
  return { title, text, where: 'anywhere', commands };
}

/** A step whose commands tell, or change, something of the machine on which they run. */
export function stepOn(
  where: StepPlace,
  title: string,
  text: string,
  ...commands: readonly string[]
): RunbookStep {
  return { title, text, where, commands };
}

/** The text of a step, with where it is done. */
export const stepText = ({ where, text }: Pick<RunbookStep, 'where' | 'text'>): string =>
  where === 'anywhere' ? text : `On ${where}. ${text}`;

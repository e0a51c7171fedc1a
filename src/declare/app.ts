import { App as ConstructsApp } from 'cdk8s';
import { DEFAULTS } from '../catalog/defaults.ts';
import { treeFolder } from '../catalog/names/tree-name.ts';
import { setMark } from './tree/mark.ts';
import { addProblems } from './tree/problems.ts';
import type { Defaults } from './tree/props.ts';
import { settingsFrom, settingsProblems } from './tree/settings.ts';

/** A recipient that must not open anything any more. */
export interface RemovedRecipient {
  readonly recipient: string;
  /** When it was removed: an RFC 3339 date or instant. */
  readonly since: string;
  /**
   * Whether its identity may be in wrong hands: leaves whose keys it could open, in the tree or in git's history, are issued again, and
   * `plan` names the authorities to rotate and the certificates to revoke.
   * @default false
   */
  readonly compromised?: boolean;
}

export interface AppProps {
  /** Custodians: they open the store and everything else. age X25519 recipients (`age1…`). */
  readonly recipients: readonly string[];
  /**
   * They open manifests, never the store: Flux, Argo CD.
   * @default - none
   */
  readonly deliveryRecipients?: readonly string[];
  /**
   * Files still encrypted to these are encrypted again.
   * @default - none
   */
  readonly removedRecipients?: readonly RemovedRecipient[];
  /**
   * Folder of the generated tree, from the working directory.
   * @default 'deploy'
   */
  readonly tree?: string;
  /**
   * Settings of all clusters.
   * @default - see Defaults
   */
  readonly defaults?: Defaults;
  /**
   * Who encrypts: this program, or the `sops` program for recipients that only it knows.
   * @default 'native'
   */
  readonly encryption?: 'native' | 'sops';
}

/** The whole fleet: a declaration's default export. Nothing is made before `cdk8s-pki synth` reads it. */
export class App extends ConstructsApp {
  constructor(props: AppProps) {
    super();
    const { tree = DEFAULTS.tree, encryption = 'native', removedRecipients = [] } = props;
    const settings = settingsFrom(props.defaults ?? {});
    const path = treeFolder(tree.replace(/^\.\//u, '').replace(/\/$/u, ''));
    setMark(this, {
      kind: 'App',
      recipients: [...props.recipients],
      deliveryRecipients: [...(props.deliveryRecipients ?? [])],
      removedRecipients: removedRecipients.map(({ recipient, since, compromised = false }) => ({
        recipient,
        since,
        compromised,
      })),
      tree: path.value ?? tree,
      encryption,
      settings,
    });
    addProblems(this, [
      ...settingsProblems(settings),
      ...(path.problem === undefined ? [] : [`tree ${path.problem}`]),
      ...removedRecipients
        .filter(({ since }) => !isDate(since))
        .map(({ since }) => `since ${JSON.stringify(since)} is not an RFC 3339 date`),
    ]);
  }

  /**
   * Plaintext manifests are never written.
   * @throws always
   */
  override synth(): never {
    throw new Error(SYNTH_HINT);
  }

  /**
   * Plaintext manifests are never written.
   * @throws always
   */
  override synthYaml(): never {
    throw new Error(SYNTH_HINT);
  }
}

/** `Date` takes February 30 for March 2. */
function isDate(text: unknown): boolean {
  if (typeof text !== 'string') return false; // in JavaScript it may be left out
  const day = text.slice(0, 10);
  if (!/^\d{4}-\d\d-\d\d$/u.test(day) || Number.isNaN(Date.parse(text))) return false;
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
}

const SYNTH_HINT =
  'an App of cdk8s-pki does not write files itself: leave out app.synth(), export the App as default and run "cdk8s-pki synth"';

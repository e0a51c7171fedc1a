import type { ExecutionContext } from 'ava';
import { declaration } from '../../_helpers/declaration.ts';
import type { Gitea } from '../../_helpers/gitea.ts';
import { newPerson, Repository, type Person, type Result } from '../../_helpers/run-cli.ts';
import { Remote, type Pull } from './_remote.ts';

const MADE = '2026-11-22T08:00:00Z';
/** A year later, so that what was made is due: by default it lasts a year and is renewed 90 days before. */
export const DUE = '2027-09-20T08:00:00Z';

/** A user's repository with a fleet, its remote on a real Gitea, and a token that CI would have. */
export class Fleet {
  readonly repository: Repository;
  readonly custodian: Person;
  readonly #remote: Remote;

  private constructor(remote: Remote, custodian: Person, repository: Repository) {
    [this.#remote, this.custodian, this.repository] = [remote, custodian, repository];
  }

  static async create(
    t: ExecutionContext,
    gitea: Gitea,
    clusters: readonly string[] = ['alpha', 'bravo', 'charlie'],
    made = MADE,
  ): Promise<Fleet> {
    const custodian = await newPerson();
    const remote = await Remote.create(gitea);
    const repository = new Repository(t, {
      'clusters/main.js': declaration({ recipients: [custodian.recipient], clusters }),
    });
    const fleet = new Fleet(remote, custodian, repository);
    const { status, stderr } = await repository.run(['synth', '--now', made]);
    if (status !== 0) throw new Error(stderr);
    repository.commit('The fleet');
    repository.git('remote', 'add', 'origin', remote.url);
    fleet.push('main');
    repository.git('remote', 'set-head', 'origin', 'main'); // as a clone has it
    await remote.known();
    return fleet;
  }

  get token(): string {
    return this.#remote.token;
  }

  get remoteUrl(): string {
    return this.#remote.url;
  }

  push(...args: readonly string[]): void {
    this.repository.git(...this.#remote.header, 'push', '-q', 'origin', ...args);
  }

  fetch(): void {
    this.repository.git(...this.#remote.header, 'fetch', '-q', 'origin');
  }

  async propose(
    now: string,
    args: readonly string[] = [],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<Result> {
    return this.repository.run(['renew', '--pull-request', '--now', now, ...args], {
      as: this.custodian,
      environment: { GITEA_TOKEN: this.token, ...environment },
    });
  }

  api(method: string, route: string, body?: Readonly<Record<string, unknown>>): Promise<unknown> {
    return this.#remote.api(method, route, body);
  }

  pulls(state?: string): Promise<readonly Pull[]> {
    return this.#remote.pulls(state);
  }

  files(pull: Pull): Promise<readonly string[]> {
    return this.#remote.files(pull);
  }

  async comments({ number }: Pull): Promise<readonly string[]> {
    const comments = (await this.api('GET', `/issues/${number}/comments`)) as { body: string }[];
    return comments.map(({ body }) => body);
  }

  merge(pull: Pull): Promise<void> {
    return this.#remote.merge(pull);
  }
}

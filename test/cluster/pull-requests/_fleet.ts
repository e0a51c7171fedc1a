import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionContext } from 'ava';
import { declaration } from '../../_helpers/declaration.ts';
import type { Gitea } from '../../_helpers/gitea.ts';
import { newPerson, Repository, type Person, type Result } from '../../_helpers/run-cli.ts';

const MADE = '2026-11-22T08:00:00Z';
/** A year later, so that what was made is due: by default it lasts a year and is renewed 90 days before. */
export const DUE = '2027-09-20T08:00:00Z';

export interface Pull {
  readonly number: number;
  readonly state: string;
  readonly title: string;
  readonly body: string;
  readonly merged: boolean;
  /** `label` is the branch, also where that is gone. */
  readonly head: { readonly label: string; readonly ref: string; readonly sha: string };
  readonly labels: readonly { readonly name: string }[];
}

/** A user's repository with a fleet, its remote on a real Gitea, and a token that CI would have. */
export class Fleet {
  readonly repository: Repository;
  readonly remote: string;
  readonly custodian: Person;
  readonly token: string;
  readonly #gitea: Gitea;

  private constructor(
    gitea: Gitea,
    token: string,
    custodian: Person,
    repository: Repository,
    name: string,
  ) {
    [this.#gitea, this.token, this.custodian, this.repository] = [
      gitea,
      token,
      custodian,
      repository,
    ];
    this.remote = `${gitea.admin}/${name}`;
  }

  static async create(
    t: ExecutionContext,
    gitea: Gitea,
    clusters: readonly string[] = ['alpha', 'bravo', 'charlie'],
    made = MADE,
  ): Promise<Fleet> {
    const custodian = await newPerson();
    const token = await gitea.token(gitea.admin, 'write:repository,write:issue');
    const all = await gitea.token(gitea.admin);
    const name = `fleet-${Math.random().toString(36).slice(2)}`;
    await gitea.api(all, 'POST', '/user/repos', { name, default_branch: 'main' });
    const repository = new Repository(t, {
      'clusters/main.ts': declaration({ recipients: [custodian.recipient], clusters }),
    });
    const fleet = new Fleet(gitea, token, custodian, repository, name);
    const { status, stderr } = await repository.run(['synth', '--now', made]);
    if (status !== 0) throw new Error(stderr);
    repository.commit('The fleet');
    repository.git('remote', 'add', 'origin', `${gitea.url}/${fleet.remote}.git`);
    fleet.push('main');
    await fleet.#untilKnown();
    return fleet;
  }

  /** Gitea learns of the first push from a queue; until then the repository is empty, and its pull requests are "not found". */
  async #untilKnown(): Promise<void> {
    for (let tries = 0; tries < 300; tries += 1) {
      const { empty } = (await this.api('GET', '')) as { readonly empty: boolean };
      if (!empty) return;
      await sleep(100);
    }
    throw new Error('Gitea does not see the first push');
  }

  /** As the user pushes, with a password of their own. */
  push(...args: readonly string[]): void {
    const basic = Buffer.from(`x:${this.token}`).toString('base64');
    const header = `http.extraHeader=Authorization: Basic ${basic}`;
    this.repository.git('-c', header, 'push', '-q', 'origin', ...args);
  }

  fetch(): void {
    const basic = Buffer.from(`x:${this.token}`).toString('base64');
    this.repository.git(
      '-c',
      `http.extraHeader=Authorization: Basic ${basic}`,
      'fetch',
      '-q',
      'origin',
    );
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
    return this.#gitea.api(this.token, method, `/repos/${this.remote}${route}`, body);
  }

  async pulls(state = 'all'): Promise<readonly Pull[]> {
    const pulls = (await this.api('GET', `/pulls?state=${state}`)) as readonly Pull[];
    return pulls.toSorted((a, b) => a.number - b.number);
  }

  /** Paths that a pull request changes. */
  async files({ number }: Pull): Promise<readonly string[]> {
    const files = (await this.api('GET', `/pulls/${number}/files`)) as { filename: string }[];
    return files.map(({ filename }) => filename).sort();
  }

  async comments({ number }: Pull): Promise<readonly string[]> {
    const comments = (await this.api('GET', `/issues/${number}/comments`)) as { body: string }[];
    return comments.map(({ body }) => body);
  }

  async merge({ number }: Pull): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      try {
        await this.api('POST', `/pulls/${number}/merge`, { Do: 'merge' });
        return;
      } catch (error) {
        if (tries > 50) throw error; // whether it can be merged is found out in the background
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    }
  }
}

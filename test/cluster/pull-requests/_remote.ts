import { setTimeout as sleep } from 'node:timers/promises';
import type { Gitea } from '../../_helpers/gitea.ts';

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

/** A repository on a real Gitea, and a token that CI would have. */
export class Remote {
  readonly token: string;
  readonly url: string;
  /** Options of git for a push or a fetch, as a user has a password of their own. */
  readonly header: readonly [string, string];
  readonly #gitea: Gitea;
  readonly #name: string;

  private constructor(gitea: Gitea, token: string, name: string) {
    [this.#gitea, this.token, this.#name] = [gitea, token, `${gitea.admin}/${name}`];
    this.url = `${gitea.url}/${this.#name}.git`;
    const basic = Buffer.from(`x:${token}`).toString('base64');
    this.header = ['-c', `http.extraHeader=Authorization: Basic ${basic}`];
  }

  /** An empty one. */
  static async create(gitea: Gitea): Promise<Remote> {
    const token = await gitea.token(gitea.admin, 'write:repository,write:issue');
    const all = await gitea.token(gitea.admin);
    const name = `fleet-${Math.random().toString(36).slice(2)}`;
    await gitea.api(all, 'POST', '/user/repos', { name, default_branch: 'main' });
    return new Remote(gitea, token, name);
  }

  /** Gitea learns of the first push from a queue; until then the repository is empty, and its pull requests are "not found". */
  async known(): Promise<void> {
    for (let tries = 0; tries < 300; tries += 1) {
      const { empty } = (await this.api('GET', '')) as { readonly empty: boolean };
      if (!empty) return;
      await sleep(100);
    }
    throw new Error('Gitea does not see the first push');
  }

  api(method: string, route: string, body?: Readonly<Record<string, unknown>>): Promise<unknown> {
    return this.#gitea.api(this.token, method, `/repos/${this.#name}${route}`, body);
  }

  async pulls(state = 'all'): Promise<readonly Pull[]> {
    const pulls = (await this.api('GET', `/pulls?state=${state}`)) as readonly Pull[];
    return pulls.toSorted((a, b) => a.number - b.number);
  }

  /** Paths that a pull request changes. */
  async files({ number }: Pull): Promise<readonly string[]> {
    const names: string[] = [];
    for (let page = 1; ; page += 1) {
      const route = `/pulls/${number}/files?limit=50&page=${page}`;
      const files = (await this.api('GET', route)) as { filename: string }[];
      if (files.length === 0) return names.sort();
      names.push(...files.map(({ filename }) => filename));
    }
  }

  async merge({ number }: Pull): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      try {
        await this.api('POST', `/pulls/${number}/merge`, { Do: 'merge' });
        return;
      } catch (error) {
        if (tries > 50) throw error; // whether it can be merged is found out in the background
        await sleep(200);
      }
    }
  }
}

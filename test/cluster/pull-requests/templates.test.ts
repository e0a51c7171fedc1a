import { toolTest } from '../../_helpers/tool-test.ts';
import { Gitea } from '../../_helpers/gitea.ts';
import { newPerson, Repository } from '../../_helpers/run-cli.ts';

interface Runs {
  readonly workflow_runs: readonly { readonly path: string; readonly event: string }[];
}

toolTest(['gitea', 'gitea-files'], { serial: true })(
  'init: Gitea takes the workflows for its own, and starts them on what they say',
  async (t) => {
    const gitea = await Gitea.start(t, { actions: true });
    const token = await gitea.token(gitea.admin);
    await gitea.api(token, 'POST', '/user/repos', { name: 'pki', default_branch: 'main' });
    const repository = new Repository(t);
    for (const file of ['.gitignore', 'package.json']) repository.remove(file);
    const { recipient } = await newPerson();
    const ran = await repository.run(['init', '--forge', 'gitea', '--recipient', recipient]);
    t.is(ran.status, 0, ran.stderr);
    repository.commit();
    const basic = Buffer.from(`x:${token}`).toString('base64');
    const push = (branch: string): string =>
      repository.git(
        ...['-c', `http.extraHeader=Authorization: Basic ${basic}`],
        ...['push', '-q', `${gitea.url}/${gitea.admin}/pki.git`, branch],
      );
    const route = `/repos/${gitea.admin}/pki`;
    /** Once there are so many; they come a moment after what starts them. */
    const runs = async (count: number): Promise<string[]> => {
      for (let tries = 0; ; tries += 1) {
        const { workflow_runs: found } = (await gitea.api(
          token,
          'GET',
          `${route}/actions/runs`,
        )) as Runs;
        if (found.length >= count || tries > 100)
          return found.map(({ path, event }) => `${path.replace(/@.*$/u, '')} ${event}`).sort();
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    };
    push('main');
    const first = ['issue.yml push', 'verify.yml push'];
    t.deepEqual(await runs(2), first);

    repository.git('switch', '-q', '-c', 'change');
    repository.write('README.md', 'changed');
    repository.commit();
    push('change');
    const pull = { head: 'change', base: 'main', title: 'A change' };
    await gitea.api(token, 'POST', `${route}/pulls`, pull);
    const second = [...first, 'verify.yml pull_request'].sort();
    t.deepEqual(await runs(3), second);

    const dispatches = `${route}/actions/workflows/renew.yml/dispatches`;
    await gitea.api(token, 'POST', dispatches, { ref: 'main' });
    t.deepEqual(await runs(4), [...second, 'renew.yml workflow_dispatch'].sort());
  },
);

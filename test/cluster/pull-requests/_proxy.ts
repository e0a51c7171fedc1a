import { createServer, request as send } from 'node:http';
import type { ExecutionContext } from 'ava';

/** What happens to a request, by its method and path. */
export type Fault = 'pass' | 'fail' | 'hang';

/** Stands before a forge on loopback, and fails or hangs where it is told to. Returns its root. */
export async function faultyProxy(
  t: ExecutionContext,
  target: string,
  fault: (request: string) => Fault,
): Promise<string> {
  const { hostname, port } = new URL(target);
  const server = createServer((request, response) => {
    const kind = fault(`${request.method ?? ''} ${(request.url ?? '').replace(/\?.*$/u, '')}`);
    if (kind === 'hang') return;
    if (kind === 'fail') {
      response.writeHead(500).end('no');
      return;
    }
    const { method, url: path, headers } = request;
    const onward = send({ hostname, port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return `http://127.0.0.1:${address.port}`;
}

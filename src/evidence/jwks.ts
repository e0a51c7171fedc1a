import { createHash, createPublicKey } from 'node:crypto';
import type { ExpectedCluster } from './expected.ts';
import { allOr, type Finding } from './finding.ts';
import { list, record, text } from './json.ts';
import type { Fetched } from './kubectl.ts';

/** Whether each API server, asked by its own address, publishes every key that the tree trusts: then it takes tokens of each. */
export function judgeJwks(
  { servers, files }: Pick<ExpectedCluster, 'servers' | 'files'>,
  jwks: ReadonlyMap<string, Fetched>,
): Finding {
  const wanted = keyIds(files.get('sa.pub') ?? '');
  const missing = servers.flatMap(({ node }) => {
    const found = jwks.get(node) ?? { why: 'nobody asked' };
    if ('why' in found)
      return [`the keys of the API server of ${node} cannot be seen: ${found.why}`];
    const published = new Set(
      list(record(found.value)['keys']).map((key) => text(record(key)['kid'])),
    );
    const isWhole = wanted.length > 0 && wanted.every((id) => published.has(id));
    return isWhole ? [] : [`the API server of ${node} does not publish every key of this stage`];
  });
  return allOr(
    servers.length === 0 ? ['no node bundle of the tree has an API server'] : missing,
    `each of the ${servers.length} API servers publishes every key of this stage`,
  );
}

/** As kube-apiserver makes them (pkg/serviceaccount, keyIDFromPublicKey): of each public key in a text. */
function keyIds(pem: string): string[] {
  const blocks = pem.match(/-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----/gu) ?? [];
  return blocks.map((block) =>
    createHash('sha256')
      .update(createPublicKey(block).export({ type: 'spki', format: 'der' }))
      .digest('base64url'),
  );
}

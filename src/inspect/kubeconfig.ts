import { FAILSAFE_SCHEMA, load } from 'js-yaml';
import { PkiError } from '../errors.ts';

/** Where the client certificate of a kubeconfig is: in it, in a file, or it authenticates otherwise. */
export type ClientCertificate =
  { readonly pem: string } | { readonly file: string } | { readonly other: true };

/** People write some; a file of nothing else is no kubeconfig. */
const MOST_ALIASES = 100;

type Mapping = Readonly<Record<string, unknown>>;

/**
 * The client certificate of the current context's user, found as client-go does: embedded data goes before a file.
 *
 * @throws PkiError `ERR_READ` where `text` is not a kubeconfig; it never quotes the text, which holds a private key.
 */
export function findClientCertificate(file: string, text: string): ClientCertificate {
  const config = parse(file, text);
  const context = named(config.contexts, config['current-context'], 'context');
  if (context === undefined) {
    throw new PkiError('ERR_READ', `"${file}": the kubeconfig lacks its current context`);
  }
  const user = named(config.users, context.user, 'user');
  if (user === undefined) {
    throw new PkiError('ERR_READ', `"${file}": the kubeconfig lacks the user of its context`);
  }
  const { 'client-certificate-data': data, 'client-certificate': path } = user;
  if (typeof data === 'string' && data !== '') return { pem: decode(file, data) };
  if (typeof path === 'string' && path !== '') return { file: path };
  return { other: true };
}

function parse(file: string, text: string): Mapping {
  let config: unknown;
  try {
    config = load(text, { schema: FAILSAFE_SCHEMA, maxAliases: MOST_ALIASES });
  } catch {
    throw new PkiError('ERR_READ', `"${file}": the file is not YAML`);
  }
  if (isMapping(config) && config.kind === 'Config') return config;
  throw new PkiError('ERR_READ', `"${file}": the file is not a kubeconfig`);
}

/** The `member` of the list item of this name. */
function named(list: unknown, name: unknown, member: string): Mapping | undefined {
  const items = (Array.isArray(list) ? list : []).filter(isMapping);
  const found = items.find((item) => item.name === name)?.[member];
  return isMapping(found) ? found : undefined;
}

function decode(file: string, data: string): string {
  const text = data.replaceAll(/\s+/gu, '');
  if (!/^[A-Za-z0-9+/]*={0,2}$/u.test(text)) {
    throw new PkiError('ERR_READ', `"${file}": client-certificate-data is not base64`);
  }
  return Buffer.from(text, 'base64').toString('utf8');
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

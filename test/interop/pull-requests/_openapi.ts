import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import { toolPath } from '../../_helpers/tools.ts';

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
}
interface Operation {
  readonly parameters?: readonly ({ readonly $ref: string } | Parameter)[];
  readonly requestBody?: unknown;
}
type Item = Readonly<Record<string, Operation | undefined>>;
interface Description {
  readonly paths: Readonly<Record<string, Item>>;
  readonly components: { readonly parameters: Readonly<Record<string, Parameter>> };
}

/** GitHub's own description of its REST API: every request of a test is held against it. */
export class OpenApi {
  readonly #description: Description;
  readonly #ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  readonly #validators = new Map<string, ValidateFunction>();

  /** @param file `api.github.com` or `ghes-3.17`. */
  constructor(file: string) {
    const content = readFileSync(path.join(toolPath('github-openapi'), `${file}.json`), 'utf8');
    this.#description = JSON.parse(content) as Description;
    this.#ajv.addSchema(this.#description, 'api');
  }

  /** What is wrong with a request; nothing where it is as described. */
  request(method: string, url: URL, body: unknown): string[] {
    const found = this.#find(method, url.pathname);
    if (found === undefined) return [`${method} ${url.pathname} is no operation`];
    const { route, operation } = found;
    const parameters = (operation.parameters ?? []).map((parameter) =>
      '$ref' in parameter
        ? this.#description.components.parameters[parameter.$ref.split('/').at(-1) ?? '']
        : parameter,
    );
    const query = parameters.filter((parameter) => parameter?.in === 'query');
    const problems = [...url.searchParams.keys()]
      .filter((name) => !query.some((parameter) => parameter?.name === name))
      .map((name) => `${method} ${route} has no parameter ${name}`);
    for (const parameter of query) {
      const value = parameter && url.searchParams.get(parameter.name);
      if (parameter?.required === true && value === null)
        problems.push(`${parameter.name} is missing`);
      if (parameter === undefined || value === null || value === undefined) continue;
      const schema = this.#pointer(['components', 'parameters'], parameter, found);
      if (schema === undefined) continue;
      const isValid = [value, Number(value)].some((candidate) => schema(candidate));
      if (!isValid) problems.push(`${method} ${route}: ${parameter.name}=${value}`);
    }
    if (operation.requestBody === undefined) {
      return body === undefined ? problems : [...problems, `${method} ${route} takes no body`];
    }
    if (body === undefined) return problems;
    return [
      ...problems,
      ...this.#check(body, ['paths', route, method.toLowerCase(), 'requestBody', ...JSON_BODY]),
    ];
  }

  #find(method: string, pathname: string): { route: string; operation: Operation } | undefined {
    const parts = pathname.split('/');
    for (const [route, item] of Object.entries(this.#description.paths)) {
      const operation = item[method.toLowerCase()];
      const names = route.split('/');
      // a ref is one parameter, and has slashes
      const given = route.endsWith('/{ref}') ? [...parts.slice(0, names.length - 1), 'ref'] : parts;
      const fits =
        names.length === given.length &&
        names.every((name, at) => (name.startsWith('{') ? given[at] !== '' : name === given[at]));
      if (fits && operation !== undefined) return { route, operation };
    }
    return undefined;
  }

  #pointer(
    prefix: readonly string[],
    parameter: Parameter,
    { route, operation }: { readonly route: string; readonly operation: Operation },
  ): ValidateFunction | undefined {
    const at = (operation.parameters ?? []).findIndex((one) => one === parameter);
    if (at >= 0)
      return this.#validator([
        'paths',
        route,
        methodOf(this.#description, route, operation),
        'parameters',
        String(at),
        'schema',
      ]);
    const key = Object.entries(this.#description.components.parameters).find(
      ([, one]) => one === parameter,
    )?.[0];
    return key === undefined ? undefined : this.#validator([...prefix, key, 'schema']);
  }

  #check(value: unknown, pointer: readonly string[]): string[] {
    const validate = this.#validator(pointer);
    if (validate(value)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message }) =>
        `${pointer.slice(1, 4).join(' ')}: ${instancePath} ${message ?? ''}`,
    );
  }

  #validator(pointer: readonly string[]): ValidateFunction {
    const ref = `api#/${pointer
      .map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')))
      .join('/')}`;
    const known = this.#validators.get(ref) ?? this.#ajv.compile({ $ref: ref });
    this.#validators.set(ref, known);
    return known;
  }
}

const JSON_BODY = ['content', 'application/json', 'schema'];

function methodOf({ paths }: Description, route: string, operation: Operation): string {
  return Object.entries(paths[route] ?? {}).find(([, one]) => one === operation)?.[0] ?? '';
}

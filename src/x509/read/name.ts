import type { Subject } from '../../model/names.ts';

/** OpenSSL's short names of the attributes in a `Subject`. */
const FIELDS = {
  C: 'country',
  O: 'organizations',
  OU: 'organizationalUnits',
  CN: 'commonName',
  serialNumber: 'serialNumber',
} as const satisfies Record<string, keyof Subject>;

/** Reads node's text of a name: one RDN a line, ` + ` inside an RDN, values escaped as RFC 2253 §2.4 has it. */
export function readSubject(text: string | undefined): Subject {
  const values: Partial<Record<keyof Subject, string[]>> = {};
  for (const attribute of rdns(text).flatMap((rdn) => rdn.split(' + '))) {
    const equals = attribute.indexOf('=');
    const type = attribute.slice(0, equals);
    if (!Object.hasOwn(FIELDS, type)) continue;
    (values[FIELDS[type as keyof typeof FIELDS]] ??= []).push(
      unescapeValue(attribute.slice(equals + 1)),
    );
  }
  const { country, organizations, organizationalUnits, commonName, serialNumber } = values;
  // of single-valued attributes the last one counts, as in Go's FillFromRDNSequence
  return {
    ...single('country', country),
    ...(organizations && { organizations }),
    ...(organizationalUnits && { organizationalUnits }),
    ...single('commonName', commonName),
    ...single('serialNumber', serialNumber),
  };
}

/** RFC 4514 text of a name: the last RDN first. */
export function formatName(text: string | undefined): string {
  return rdns(text)
    .reverse()
    .map((rdn) => rdn.replaceAll(' + ', '+'))
    .join(',');
}

function rdns(text: string | undefined): string[] {
  return text === undefined || text === '' ? [] : text.split('\n');
}

function single<K extends string>(field: K, values: string[] | undefined): { [F in K]?: string } {
  const value = values?.at(-1);
  return (value === undefined ? {} : { [field]: value }) as { [F in K]?: string };
}

/** OpenSSL escapes control characters as `\0A` and the special ones, none a hexadecimal digit, as `\,`. */
function unescapeValue(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replaceAll(/\\([0-9A-F]{2}|.)/gu, (_, escaped: string) =>
    escaped.length === 2 ? String.fromCodePoint(Number.parseInt(escaped, 16)) : escaped,
  );
}

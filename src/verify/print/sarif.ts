import { hash } from 'node:crypto';
import type { Finding, Verification } from '../finding.ts';
import { titleOf } from '../finding.ts';

const SCHEMA =
  'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';

/** SARIF 2.1.0: what code scanning of forges reads. A finding of the whole fleet is placed at `fallback`, since they want a file. */
export function sarifLog({ findings, notes }: Verification, fallback: string) {
  const all = [...findings, ...notes];
  const codes = [...new Set(all.map(({ code }) => code))].sort();
  return {
    $schema: SCHEMA,
    version: '2.1.0' as const,
    runs: [
      {
        tool: {
          driver: {
            name: 'cdk8s-pki',
            rules: codes.map((id) => ({ id, shortDescription: { text: titleOf(id) } })),
          },
        },
        columnKind: 'utf16CodeUnits' as const,
        results: all.map((item) => ({
          ruleId: item.code,
          ruleIndex: codes.indexOf(item.code),
          level: item.level,
          message: { text: [item.message, ...item.hint.map((hint) => `hint: ${hint}`)].join('\n') },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: uriOf(item.file ?? fallback) },
                region: { startLine: item.line ?? 1 },
              },
            },
          ],
          partialFingerprints: { 'cdk8sPki/v1': fingerprint(item) },
        })),
      },
    ],
  };
}

/** A relative reference (RFC 3986 §4.2). */
function uriOf(file: string): string {
  return file.split('/').map(encodeURIComponent).join('/');
}

/** The same finding in the next run has the same, wherever its line has moved. */
function fingerprint({ code, file, credential, message }: Finding): string {
  const text = [code, file ?? '', credential ?? '', message].join('\0');
  return hash('sha256', text).slice(0, 32);
}

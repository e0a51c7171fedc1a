import test from 'ava';
import type { Log } from 'sarif';
import { treePath } from '../../../src/model/names.ts';
import { finding, type Finding, type Verification } from '../../../src/verify/finding.ts';
import { githubLines } from '../../../src/verify/print/github.ts';
import { sarifLog } from '../../../src/verify/print/sarif.ts';
import { verifyText } from '../../../src/verify/print/text.ts';

const of = (findings: readonly Finding[], notes: readonly Finding[] = []): Verification => ({
  findings,
  notes,
  pending: [],
});
const numbered = (count: number, code: 'PlaintextKey' | 'NotSynthesized'): Finding[] =>
  Array.from({ length: count }, (_, index) =>
    finding(code, `number ${index}`, { file: treePath(`a/${index}`), line: 2 }),
  );

test('sarifLog: SARIF 2.1.0 by its types, each result with its rule and a place', (t) => {
  const file = treePath('deploy/a b/ü#?.yaml');
  const wide = finding('EditedByHand', 'of the fleet', {}, ['do it']);
  const log: Log = sarifLog(
    of([finding('PlaintextKey', 'one', { file, line: 7 }), wide]),
    'clusters/main.ts',
  );
  t.deepEqual([log.version, log.runs.length], ['2.1.0', 1]);
  const { results = [], tool } = log.runs[0] ?? { tool: { driver: { name: '' } } };
  t.deepEqual(
    results.map(({ ruleIndex = -1, ruleId, level }) => [
      tool.driver.rules?.[ruleIndex]?.id === ruleId,
      level,
    ]),
    [
      [true, 'error'],
      [true, 'error'],
    ],
  );
  t.deepEqual(
    results.map(({ locations }) => locations?.[0]?.physicalLocation),
    [
      {
        artifactLocation: { uri: 'deploy/a%20b/%C3%BC%23%3F.yaml' },
        region: { startLine: 7 },
      },
      { artifactLocation: { uri: 'clusters/main.ts' }, region: { startLine: 1 } },
    ],
  );
  t.is(results[1]?.message.text, 'of the fleet\nhint: do it');
  const prints = results.map(({ partialFingerprints }) => partialFingerprints?.['cdk8sPki/v1']);
  t.is(new Set(prints).size, 2);
  for (const print of prints) t.regex(print ?? '', /^[0-9a-f]{32}$/u);
});

test('githubLines: the first ten of each kind, and how many were cut', (t) => {
  const note: Finding = { ...finding('EditedByHand', 'look', {}), level: 'note' };
  const lines = githubLines(
    of(
      [...numbered(12, 'PlaintextKey'), ...numbered(11, 'NotSynthesized')],
      Array.from({ length: 15 }, () => note),
    ),
  );
  const count = (word: string): number =>
    lines.filter((line) => line.startsWith(`::${word} `)).length;
  t.deepEqual([count('error'), count('warning'), count('notice')], [10, 10, 10]);
  t.is(
    lines[0],
    '::error file=a/0,line=2,title=PlaintextKey%3A private key in the clear::number 0',
  );
  t.regex(lines.at(-1) ?? '', /::2 errors, 1 warnings, 6 notes more are not annotated/u);
  t.is(githubLines(of(numbered(10, 'PlaintextKey'))).length, 10, 'nothing was cut');
});

test('githubLines and verifyText: a file name ends no line and begins no command', (t) => {
  const file = treePath('a\n::error::b,c:d%\r\n##[error]x');
  const findings = of([finding('PlaintextKey', `${file} is bad`, { file })]);
  const [line = '', ...more] = githubLines(findings);
  t.deepEqual(more, []);
  t.notRegex(line, /[\r\n]/u);
  t.true(line.includes('file=a%0A%3A%3Aerror%3A%3Ab%2Cc%3Ad%25%0D%0A##[error]x,'));
  for (const text of verifyText(findings, 'done')) t.notRegex(text, /[\r\n]|^::|^##/u);
});

import test from 'ava';
import { PkiError } from '../../../src/errors.ts';
import { createOutput, printable, type Output } from '../../../src/output.ts';

interface Written {
  readonly output: Output;
  readonly out: () => string;
  readonly err: () => string;
}

function written(
  environment: Readonly<Record<string, string>> = {},
  { isTerminal = false }: { readonly isTerminal?: boolean } = {},
): Written {
  const texts = { out: '', err: '' };
  const stream = (name: 'out' | 'err') => ({
    isTTY: isTerminal,
    write: (text: string) => (texts[name] += text),
  });
  return {
    output: createOutput(stream('out'), stream('err'), environment),
    out: () => texts.out,
    err: () => texts.err,
  };
}

const TERMINAL = { isTerminal: true };

test('output: results go to standard output, all else to standard error', (t) => {
  const { output, out, err } = written();
  output.line('a result');
  output.line();
  output.json({ a: new Date(0), b: [1] });
  output.note('a note');
  t.is(out(), 'a result\n\n{\n  "a": "1970-01-01T00:00:00.000Z",\n  "b": [\n    1\n  ]\n}\n');
  t.is(err(), 'a note\n');
});

test('error: message, details and hints, one a line, each with the name of the program', (t) => {
  const { output, out, err } = written();
  output.error(
    new PkiError('ERR_STORE', 'it broke', {
      details: ['here', 'there'],
      hint: ['mend it', 'or not'],
    }),
  );
  t.is(out(), '');
  t.is(
    err(),
    [
      'cdk8s-pki: error: it broke [ERR_STORE]',
      'cdk8s-pki:   here',
      'cdk8s-pki:   there',
      'cdk8s-pki: hint: mend it',
      'cdk8s-pki: hint: or not',
      '',
    ].join('\n'),
  );
});

test('error: what is not of the product is a bug; its text is not printed, it may hold anything', (t) => {
  for (const error of [new TypeError('secret'), 'secret', { secret: 'secret' }, null]) {
    const { output, err } = written();
    output.error(error);
    t.regex(err(), /^cdk8s-pki: error: an unexpected \w+; this is a bug of cdk8s-pki\n/u);
    t.true(err().includes('CDK8S_PKI_DEBUG=1'));
    t.false(err().includes('secret'));
  }
});

test('error: for programs, code, message, details and hint; nothing that could steer a terminal', (t) => {
  const { output, out, err } = written();
  output.errorJson(
    new PkiError('ERR_STORE', 'it \u001B broke', {
      details: ['here'],
      hint: ['mend it', 'or not'],
    }),
  );
  t.deepEqual(JSON.parse(out()), {
    error: {
      code: 'ERR_STORE',
      message: 'it \uFFFD broke',
      details: ['here'],
      hint: 'mend it\nor not',
    },
  });
  t.is(err(), '');
});

test('error: for programs, a bug has no code and no text of its own, an error without a hint none', (t) => {
  for (const [error, expected] of [
    [
      new TypeError('secret'),
      { code: null, hint: 'run again with CDK8S_PKI_DEBUG=1 and report what it prints' },
    ],
    [new PkiError('ERR_STORE', 'x'), { code: 'ERR_STORE', hint: null }],
  ] as const) {
    const { output, out } = written();
    output.errorJson(error);
    t.like((JSON.parse(out()) as { error: object }).error, expected);
    t.false(out().includes('secret'));
  }
});

test('error: after a result as JSON there is no second document', (t) => {
  const { output, out } = written();
  output.json({});
  output.errorJson(new PkiError('ERR_STORE', 'it broke'));
  t.is(out(), '{}\n');
});

test('error: stack and causes are printed with CDK8S_PKI_DEBUG=1 alone', (t) => {
  const error = new PkiError('ERR_STORE', 'it broke', { cause: new Error('the cause') });
  for (const [value, isPrinted] of [
    ['1', true],
    ['0', false],
    ['', false],
  ] as const) {
    const { output, err } = written({ CDK8S_PKI_DEBUG: value });
    output.error(error);
    t.is(err().includes('output.test.ts'), isPrinted);
    t.is(err().includes('caused by Error: the cause'), isPrinted);
  }
});

test('error: control characters do not reach the terminal, from any part', (t) => {
  const { output, err } = written();
  const evil = 'a\u001B[2J\u0007\u009Bb\rc';
  output.error(new PkiError('ERR_STORE', evil, { details: [evil], hint: evil }));
  // eslint-disable-next-line no-control-regex -- exactly these are meant
  t.false(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F]/u.test(err()));
  t.is(printable('a\tb\nc\u0000\u007F'), 'a\tb\nc\uFFFD\uFFFD');
});

test('colours: on a terminal alone, and not with NO_COLOR or a dumb one', (t) => {
  const painted = (
    environment: Readonly<Record<string, string>>,
    place?: { isTerminal: boolean },
  ): boolean => {
    const { output, err } = written(environment, place);
    output.error(new PkiError('ERR_STORE', 'x'));
    const isPainted = output.paint('good', 'x') !== 'x';
    t.is(err().includes('\u001B'), isPainted);
    return isPainted;
  };
  t.true(painted({}, TERMINAL));
  t.false(painted({}));
  t.false(painted({ NO_COLOR: '1' }, TERMINAL));
  t.false(painted({ TERM: 'dumb' }, TERMINAL));
  t.false(painted({ FORCE_COLOR: '1' }));
});

test('progress: on a terminal it is written over, and gone before the next line', (t) => {
  const { output, out, err } = written({}, TERMINAL);
  output.progress('1 of 2');
  output.progress('2 of 2');
  output.line('done');
  output.note('really');
  t.is(err(), '\r\u001B[K1 of 2\r\u001B[K2 of 2\r\u001B[Kreally\n');
  t.is(out(), 'done\n');
});

test('progress: nothing where standard error is no terminal, and in CI', (t) => {
  for (const { output, out, err } of [written(), written({ CI: 'true' }, TERMINAL)]) {
    output.progress('1 of 2');
    t.is(out() + err(), '');
  }
});

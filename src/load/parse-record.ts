import type { DeclarationFailure, DeclarationRecord } from '../model/desired.ts';
import { brokenShape, fleetShape, problemsShape, unitShape } from './record-shapes.ts';
import { integer, objectOf, oneOf, ShapeError } from './shape.ts';
import type { Shape } from './shape.ts';

const failures = oneOf<DeclarationFailure>(
  'missing',
  'threw',
  'exited',
  'unsettled',
  'busy',
  'no-export',
  'no-app',
);

type RecordOf<Type extends DeclarationRecord['type']> = Extract<DeclarationRecord, { type: Type }>;

const SHAPES: { readonly [Type in DeclarationRecord['type']]: Shape<RecordOf<Type>> } = {
  size: objectOf<RecordOf<'size'>>({ type: oneOf('size'), clusters: integer(0) }),
  fleet: objectOf<RecordOf<'fleet'>>({
    type: oneOf('fleet'),
    fleet: fleetShape,
    broken: brokenShape,
  }),
  unit: objectOf<RecordOf<'unit'>>({ type: oneOf('unit'), unit: unitShape }),
  end: objectOf<RecordOf<'end'>>({ type: oneOf('end') }),
  invalid: objectOf<RecordOf<'invalid'>>({ type: oneOf('invalid'), problems: problemsShape }),
  failed: objectOf<RecordOf<'failed'>>({ type: oneOf('failed'), reason: failures }),
};

const TYPES = Object.keys(SHAPES) as DeclarationRecord['type'][];

/** One line of the declaration's process, which is not trusted. Throws a ShapeError. */
export function parseRecord(line: string): DeclarationRecord {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new ShapeError('record', 'JSON');
  }
  const isObject = typeof value === 'object' && value !== null;
  const type = oneOf(...TYPES)(isObject ? (value as { type?: unknown }).type : undefined, 'type');
  return SHAPES[type](value, type);
}

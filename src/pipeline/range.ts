/**
 * All whole numbers between two: `{ from: 0, to: 63 }`.
 */
import { type JsonSchema, wholeFrom } from '../codecs.ts'
import { isRecord } from '../json.ts'

/** All whole numbers from one to another, both included. */
export interface Range {
  readonly from: number
  readonly to: number
}

const whole = wholeFrom(0)

/** Whether something is a range, be it one that falls. */
export const isRange = (value: unknown): value is Range =>
  isRecord(value) && Object.keys(value).length === 2 && whole.is(value['from']) && whole.is(value['to'])

/** A whole number from 0 in JSON Schema. */
export const wholeSchema: JsonSchema = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER }

/** A range in JSON Schema, which can't say that it rises. */
export const rangeSchema: JsonSchema = {
  type: 'object',
  properties: { from: wholeSchema, to: wholeSchema },
  required: ['from', 'to'],
  additionalProperties: false,
}

/** How many numbers it has: none is written out, as there may be more than could be. */
export const countOfRange = ({ from, to }: Range): number => Math.max(0, to - from + 1)

/** The numbers, one by one. */
export const numbersOf = (range: Range): readonly number[] =>
  Array.from({ length: countOfRange(range) }, (_, i) => range.from + i)

/** What is wrong with a range, as the end of a sentence without its subject. */
export const flawOfRange = ({ from, to }: Range): string | undefined =>
  to < from ? `goes from ${from} to ${to}, and it has to rise` : undefined

/**
 * The values that a sweep tries: `eta: [0, 0.5, 1]`, `seed: { from: 0, to: 3 }`.
 */
import * as t from 'io-ts'
import { Leaf, listOf, numberIn, words, yesOrNo } from '../codecs.ts'
import { countOfRange, isRange, numbersOf, type Range, rangeSchema } from './range.ts'

/** A value that a sweep tries. */
export type Swept = string | number | boolean

/** The values that a sweep tries, one by one or as a range. */
export type SweptValues = readonly Swept[] | Range

const members = [words, numberIn(), yesOrNo] as const
const values = listOf('values', t.union([...members], 'a text, a number, true or false'))

const isValues = (value: unknown): value is SweptValues => values.is(value) || isRange(value)

/** The codec of the values. */
export const sweptCodec: t.Type<SweptValues> = new Leaf<SweptValues>(
  `${values.name}, or { from, to }`,
  isValues,
  (value, context) =>
    // of a list it is said which item is wrong
    Array.isArray(value) && value.length > 0
      ? values.validate(value, context)
      : isRange(value)
        ? t.success(value)
        : t.failure(value, context),
  {
    anyOf: [
      {
        type: 'array',
        minItems: 1,
        items: { anyOf: members.map((member) => (member instanceof Leaf ? member.schema : {})) },
      },
      rangeSchema,
    ],
  },
)

/** How many values there are. */
export const countOfValues = (swept: SweptValues): number =>
  'from' in swept ? countOfRange(swept) : swept.length

/** The values, one by one. */
export const valuesOf = (swept: SweptValues): readonly Swept[] => ('from' in swept ? numbersOf(swept) : swept)

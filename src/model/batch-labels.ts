/**
 * The labels of a batch, from what people type to classes.
 */
import { fail, type Failure } from '../failure.ts'
import { E, pipe } from '../fp.ts'
import type { Condition, Labels } from './denoiser.ts'
import { nearest } from '../nearest.ts'
import { quoted } from '../quoted.ts'

/** The labels of a batch and what to call its samples. */
export interface BatchLabels {
  readonly rows: number
  /** One class per row; undefined for an unconditional model. */
  readonly classes: readonly number[] | undefined
  /** One name per row, where there are classes. */
  readonly names: readonly string[] | undefined
  /** The classes as a condition. */
  readonly condition: Condition
}

/** How many samples an unconditional model draws unless told. */
const UNLABELLED = 16

/** How many classes are drawn unless told: of a thousand, a grid would be the first to suffer. */
const MOST_CLASSES = 64

/** What people call the class that stands for "no label", unless it has a name of its own. */
const NONE = 'none'

const classOf =
  ({ count, names = [], unconditional }: Labels) =>
  (label: string): E.Either<Failure, number> => {
    const named = names.findIndex((name) => name.toLowerCase() === label.toLowerCase())
    if (named >= 0) return E.right(named)
    if (unconditional !== undefined && label.toLowerCase() === NONE) return E.right(unconditional)
    const number = /^\d+$/.test(label) ? Number(label) : NaN
    if (number < count) return E.right(number)
    const numbers = Array.from({ length: count }, (_, each) => String(each))
    const known = numbers.map((each, i) => (names[i] === undefined ? each : `${each} (${names[i]})`))
    return E.left(
      fail('LabelUnknown', {
        label: quoted(label),
        known: known.map((each, i) =>
          i === unconditional && names[i] === undefined ? `${each} (${NONE})` : each,
        ),
        nearest: nearest(unconditional === undefined ? names : [...names, NONE])(label),
      }),
    )
  }

/**
 * Gives every row a class: those asked for, over and over; where nobody asks, every class but "none", up to 64.
 *
 * @param labels - the model's classes
 * @param asked - names or numbers
 * @param batch - how many samples, or which of a larger batch; as many as there are labels unless said, or 16 of a model
 * without classes
 * @returns LabelUnknown, with the nearest; LabelsUnexpected for a model without classes
 *
 * @example
 * ```ts
 * const batch = orThrow(batchLabels({ count: 3, names: ['cat', 'dog'], unconditional: 2 }, ['dog', 'none'], 3))
 * expect(batch.condition).toEqual({ labels: [1, 2, 1] })
 * expect(captionsOf(batch)).toEqual(['dog', 'none', 'dog'])
 * const again = orThrow(batchLabels({ count: 3, names: ['cat', 'dog'], unconditional: 2 }, ['dog', 'none'], [1]))
 * expect(again.names).toEqual(['none'])
 * ```
 */
export const batchLabels = (
  labels: Labels | undefined,
  asked: ReadonlyArray<string | number> | undefined,
  batch?: number | readonly number[],
): E.Either<Failure, BatchLabels> => {
  const samplesOf = (few: number): readonly number[] =>
    typeof batch === 'object' ? batch : Array.from({ length: batch ?? few }, (_, row) => row)
  if (labels === undefined)
    return asked === undefined
      ? E.right({ rows: samplesOf(UNLABELLED).length, classes: undefined, names: undefined, condition: {} })
      : E.left(fail('LabelsUnexpected', {}))
  const every = Array.from({ length: labels.count }, (_, each) => each).filter(
    (each) => each !== labels.unconditional,
  )
  return pipe(
    asked === undefined
      ? E.right(every.slice(0, MOST_CLASSES))
      : pipe(asked.map(String), E.traverseArray(classOf(labels))),
    E.map((cycle) => {
      const classes = samplesOf(cycle.length).map((sample) => cycle[sample % cycle.length] ?? 0)
      const nameOf = (each: number): string =>
        labels.names?.[each] ?? (each === labels.unconditional ? NONE : String(each))
      return { rows: classes.length, classes, names: classes.map(nameOf), condition: { labels: classes } }
    }),
  )
}

/**
 * What to write beneath each sample: its class, and its seed where it has one of its own.
 *
 * @param batch - of which classes
 * @param seeds - one for each row, where each has its own
 *
 * @example
 * ```ts
 * const batch = orThrow(batchLabels(undefined, undefined, 2))
 * expect([captionsOf(batch), captionsOf(batch, [7, 9])]).toEqual([['#0', '#1'], ['seed 7', 'seed 9']])
 * ```
 */
export const captionsOf = (
  { rows, names }: Pick<BatchLabels, 'rows' | 'names'>,
  seeds?: readonly number[],
): readonly string[] =>
  Array.from({ length: rows }, (_, row) => {
    const seed = seeds?.[row]
    const facts = [names?.[row], seed === undefined ? undefined : `seed ${seed}`].filter(
      (fact) => fact !== undefined,
    )
    return facts.length === 0 ? `#${row}` : facts.join(' ')
  })

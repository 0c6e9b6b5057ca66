/**
 * What a model is asked to draw, checked against what it can.
 */
import { fail, type Failure } from '../failure.ts'
import { E } from '../fp.ts'
import { nearest } from '../nearest.ts'
import type { Condition, Labels } from './denoiser.ts'

/** The names of the classes, or their numbers. */
const namesOf = ({ count, names }: Labels): readonly string[] =>
  names ?? Array.from({ length: count }, (_, label) => String(label))

/**
 * The labels of a batch, if there have to be any.
 *
 * @param labels - the classes that the model is conditioned on; left out for an unconditional model
 * @param rows - the size of the batch
 * @param condition - what was asked for
 * @returns one label per row, or `undefined` where the model takes none;
 * or `LabelsMissing`, `LabelsUnexpected`, `LabelCount`, or `LabelUnknown` for a class that the model does not have
 *
 * @example
 * ```ts
 * const check = checkLabels({ count: 3 }, 2)
 * expect(check({ labels: [0, 2] })).toEqual(E.right([0, 2]))
 * expect(check({})).toMatchObject(E.left({ _tag: 'LabelsMissing' }))
 * expect(check({ labels: [0] })).toMatchObject(E.left({ _tag: 'LabelCount' }))
 * expect(check({ labels: [0, 3] })).toMatchObject(E.left({ _tag: 'LabelUnknown', label: '3' }))
 * ```
 */
export const checkLabels =
  (labels: Labels | undefined, rows: number) =>
  ({ labels: given }: Condition): E.Either<Failure, readonly number[] | undefined> => {
    if (labels === undefined)
      return given === undefined ? E.right(undefined) : E.left(fail('LabelsUnexpected', {}))
    if (given === undefined) return E.left(fail('LabelsMissing', { classes: labels.count }))
    if (given.length !== rows) return E.left(fail('LabelCount', { labels: given.length, rows }))
    const strange = given.find((label) => !(Number.isInteger(label) && label >= 0 && label < labels.count))
    if (strange === undefined) return E.right(given)
    const known = namesOf(labels)
    const label = String(strange)
    return E.left(fail('LabelUnknown', { label, known, nearest: nearest(known)(label) }))
  }

/**
 * Whether a batch can be asked about together with others: what is wrong with its own labels would be everybody's failure. Without labels
 * it is asked about apart from those that have some, and the model says itself what it makes of that.
 *
 * @param labels - the classes that the model says it has
 * @param rows - the size of the batch
 * @returns nothing; or `LabelCount`, or `LabelUnknown`
 *
 * @example
 * ```ts
 * const check = checkShared({ count: 3 }, 2)
 * expect(check({})).toEqual(E.right(undefined))
 * expect(check({ labels: [0] })).toMatchObject(E.left({ _tag: 'LabelCount' }))
 * expect(check({ labels: [0, 3] })).toMatchObject(E.left({ _tag: 'LabelUnknown', label: '3' }))
 * expect(checkShared(undefined, 2)({ labels: [0, 3] })).toEqual(E.right(undefined))
 * ```
 */
export const checkShared =
  (labels: Labels | undefined, rows: number) =>
  (condition: Condition): E.Either<Failure, void> => {
    const { labels: given } = condition
    if (given === undefined) return E.right(undefined)
    if (given.length !== rows) return E.left(fail('LabelCount', { labels: given.length, rows }))
    return labels === undefined
      ? E.right(undefined)
      : E.map(() => undefined)(checkLabels(labels, rows)(condition))
  }

/**
 * What two batches have to have in common to be asked about as one: whether their rows have labels.
 *
 * @example
 * ```ts
 * expect(kindOfCondition({ labels: [1] })).toBe(kindOfCondition({ labels: [2, 3] }))
 * expect(kindOfCondition({ labels: [1] })).not.toBe(kindOfCondition({}))
 * ```
 */
export const kindOfCondition = ({ labels }: Condition): string => (labels === undefined ? '' : 'labels')

/**
 * The condition of several batches as one; all are of one kind.
 *
 * @example
 * ```ts
 * expect(joinConditions([{ labels: [1] }, { labels: [2, 3] }])).toEqual({ labels: [1, 2, 3] })
 * expect(joinConditions([{}, {}])).toEqual({})
 * ```
 */
export const joinConditions = (conditions: readonly Condition[]): Condition => {
  const labels = conditions.flatMap((condition) => condition.labels ?? [])
  return conditions.some((condition) => condition.labels !== undefined) ? { labels } : {}
}

/**
 * The conditions of parts of a batch, of so many rows each.
 *
 * @example
 * ```ts
 * expect(splitCondition({ labels: [1, 2, 3] }, [1, 2])).toEqual([{ labels: [1] }, { labels: [2, 3] }])
 * ```
 */
export const splitCondition = (condition: Condition, rows: readonly number[]): readonly Condition[] =>
  rows.map((count, part) => {
    const begin = rows.slice(0, part).reduce((sum, each) => sum + each, 0)
    return condition.labels === undefined
      ? condition
      : { ...condition, labels: condition.labels.slice(begin, begin + count) }
  })

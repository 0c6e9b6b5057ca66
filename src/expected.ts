/**
 * How the parts of a sampler are told from what is none, where no compiler has looked.
 */
import { type Expected, having } from './arguments.ts'
import { wholeFrom } from './codecs.ts'
import { isRecord } from './json.ts'

/**
 * A schedule.
 *
 * @example
 * ```ts
 * expect([linearSchedule(), linearSchedule].map(aSchedule.is)).toEqual([true, false])
 * ```
 */
export const aSchedule: Expected = having('a schedule, such as linearSchedule()', { alphaBars: 'object' })

/**
 * A spacing.
 *
 * @example
 * ```ts
 * expect([trailing(50), 50].map(aSpacing.is)).toEqual([true, false])
 * ```
 */
export const aSpacing: Expected = having('a spacing, such as trailing(50)', { levels: 'function' })

/**
 * A rule.
 *
 * @example
 * ```ts
 * expect([ddim(), ddim, 'ddim'].map(aRule.is)).toEqual([true, false, false])
 * ```
 */
export const aRule: Expected = having('a rule, such as ddim()', { name: 'string', step: 'function' })

/**
 * A source of noise.
 *
 * @example
 * ```ts
 * expect([philox({ seed: 7 }), 7].map(someNoise.is)).toEqual([true, false])
 * ```
 */
export const someNoise: Expected = having('a source of noise, such as philox({ seed: 7 })', {
  name: 'string',
  draw: 'function',
})

/**
 * The shape of one sample: extents, none of which is 0.
 *
 * @example
 * ```ts
 * expect([[28, 28, 1], [], [0], 'square'].map(aShape.is)).toEqual([true, true, false, false])
 * ```
 */
export const aShape: Expected = {
  name: 'the shape of one sample, whole numbers from 1',
  is: (value) => Array.isArray(value) && value.every(wholeFrom(1).is),
}

const network = having('', { predict: 'function', algebra: 'object', schedule: 'object' })

/**
 * A model.
 *
 * @example
 * ```ts
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * expect([model, { ...model, shape: [0] }, undefined].map(aModel.is)).toEqual([true, false, false])
 * ```
 */
export const aModel: Expected = {
  name: 'a model, such as loadModel() opens, with the shape of one sample',
  is: (value) =>
    network.is(value) && isRecord(value) && aSchedule.is(value['schedule']) && aShape.is(value['shape']),
}

/**
 * What a sample is to look like.
 *
 * @example
 * ```ts
 * expect([{}, { labels: [3] }, { labels: 3 }].map(aCondition.is)).toEqual([true, true, false])
 * ```
 */
export const aCondition: Expected = {
  name: 'a condition, such as { labels: [3] }',
  is: (value) => isRecord(value) && (value['labels'] === undefined || Array.isArray(value['labels'])),
}

/**
 * The classes of a model.
 *
 * @example
 * ```ts
 * expect([{ count: 10 }, { count: 0 }, 10].map(someLabels.is)).toEqual([true, false, false])
 * ```
 */
export const someLabels: Expected = {
  name: 'classes, such as { count: 10 }',
  is: (value) => isRecord(value) && wholeFrom(1).is(value['count']),
}

/**
 * A chain as it was saved.
 *
 * @example
 * ```ts
 * expect(aState.is({ at: cleanLevel })).toBe(false)
 * ```
 */
export const aState: Expected = {
  name: 'a saved state, such as recordStates() and readState() give',
  is: (value) =>
    isRecord(value) &&
    isRecord(value['at']) &&
    isRecord(value['makers']) &&
    wholeFrom(0).is(value['draws']) &&
    ['tensors', 'history', 'ahead'].every((list) => Array.isArray(value[list])),
}

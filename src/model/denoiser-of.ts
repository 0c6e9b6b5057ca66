/**
 * Any function of numbers as a {@link Denoiser}.
 */
import { concatMap, defer, from, map, type Observable, of, throwError } from 'rxjs'
import {
  aFunction,
  checkArgument,
  checkOptions,
  type ExpectedOptions,
  having,
  orNothing,
} from '../arguments.ts'
import { aSchedule, aShape, someLabels } from '../expected.ts'
import type { Shape, Values, VectorAlgebra } from '../algebra/algebra.ts'
import { toChannelsFirst, toChannelsLast } from '../algebra/layout.ts'
import { sameShape, showShape, sizeOf } from '../algebra/shape.ts'
import { fail } from '../failure.ts'
import { E } from '../fp.ts'
import { checkLabels } from './condition.ts'
import type { Condition, Denoiser } from './denoiser.ts'
import type { DataRange } from '../diffusion/ranged-schedule.ts'
import { normalized } from './normalized.ts'
import { encodeTime, type TimeCode } from './time-code.ts'
import { predictionTypes } from '../diffusion/estimate.ts'
import { knownName } from '../known-name.ts'

const layouts = ['NHWC', 'NCHW'] as const

/** The order of the axes of images: channels last, or first as in torch. */
export type Layout = (typeof layouts)[number]

/** What has to be known of a network to sample it. */
export interface NetworkDescription<T> extends Pick<
  Denoiser<T>,
  'algebra' | 'predicts' | 'schedule' | 'shape' | 'labels' | 'decode'
> {
  /** Where its data lie; left out where they have no bounds. What is outside `[−1, 1]` is mapped, see {@link normalized}. */
  readonly range?: DataRange
  /** How it takes and gives images; NHWC unless said. */
  readonly layout?: Layout
  /** How it is told the time; t unless said. */
  readonly time?: TimeCode
  /** Whether it gives twice as many channels, the second half a learned variance. */
  readonly learnedVariance?: boolean
}

/**
 * A network as a function: a batch of numbers, a time for each row (as {@link NetworkDescription.time} encodes it), and
 * what each row is to be. It answers with numbers shaped like the batch.
 */
export type NetworkFunction = (
  x: Values,
  time: readonly number[],
  condition: Condition,
  options: { readonly signal: AbortSignal },
) => Values | Promise<Values>

const atHand = <A>(value: A | Promise<A>): Observable<A> =>
  value instanceof Promise ? from(value) : of(value)

/** Cuts the channels, the last axis, in two. */
const halves = ({ shape, data }: Values): readonly [Values, Values] => {
  const both = shape.at(-1) ?? 0
  const channels = both / 2
  const half = (first: number): Values => {
    const part = data.filter((_, i) => Math.floor((i % both) / channels) === first)
    return { shape: [...shape.slice(0, -1), channels], data: part }
  }
  return [half(0), half(1)]
}

const checkAnswer = ({ shape, data }: Values, expected: Shape): void => {
  if (!sameShape(shape, expected) || data.length !== sizeOf(expected))
    throw fail('ShapesDisagree', {
      operation: 'its output',
      reason: `it is ${showShape(shape)} of ${data.length} numbers, not ${showShape(expected)}`,
    })
}

/** What a description has to be made of, as far as its own functions don't look. */
const expectedDescription: ExpectedOptions = {
  algebra: having('an algebra, such as float64 or tfjs', { fromValues: 'function', toValues: 'function' }),
  schedule: aSchedule,
  shape: aShape,
  time: orNothing(having("how to tell the time, such as { as: 't/T' }", {})),
  labels: orNothing(someLabels),
  decode: orNothing(aFunction),
}

/**
 * A denoiser that asks a function: a network in another library, another process, or on another machine.
 *
 * @remarks
 * Numbers go in and numbers come out, so frames are read back for every call; the function may be asked again before it
 * has answered. Its signal is aborted when nobody waits any more. The prediction fails as the function does, with what
 * {@link checkLabels} finds, or with ShapesDisagree for an answer of another shape.
 *
 * @param description - what the function predicts, on which noise, of what shape, and how it likes its arguments
 * @param network - the function
 * @throws ArgumentInvalid for a part that is none, such as a shape with a 0; NameUnknown for a prediction or a layout that there is not; what {@link encodeTime} and {@link normalized} throw
 *
 * @example
 * ```ts
 * const description = { algebra: float64, predicts: 'epsilon', schedule: linearSchedule(), shape: [2, 2, 1] } as const
 * const model = denoiserOf({ ...description, time: { as: 't/T' } }, async (x, [time = 0]) => ({
 *   shape: x.shape,
 *   data: x.data.map((value) => value * time),
 * }))
 * const x = float64.fromValues({ shape: [1, 2, 2, 1], data: Float64Array.of(1, 2, 3, 4) })
 * const { output } = await firstValueFrom(ask(model, { x, t: [500], condition: {} }))
 * expect((await float64.toValues(output)).data).toEqual(Float64Array.of(0.5, 1, 1.5, 2))
 * ```
 */
export const denoiserOf = <T>(description: NetworkDescription<T>, network: NetworkFunction): Denoiser<T> => {
  checkOptions(expectedDescription, description)
  checkArgument('network', aFunction, network)
  const { range, layout = 'NHWC', time, learnedVariance = false, ...known } = description
  knownName('prediction', predictionTypes, description.predicts)
  knownName('layout', layouts, layout)
  const { algebra, schedule, labels }: { algebra: VectorAlgebra<T> } & typeof known = known
  const encode = encodeTime(schedule, time)
  const channelsFirst = layout === 'NCHW'
  const model: Denoiser<T> = {
    ...known,
    learnedVariance,
    predict: (x, t, condition, { signal }) =>
      defer(() => {
        const checked = checkLabels(labels, t.length)(condition)
        if (E.isLeft(checked)) return throwError(() => checked.left)
        const shape = algebra.shape(x)
        const answered = learnedVariance ? [...shape.slice(0, -1), 2 * (shape.at(-1) ?? 0)] : shape
        return atHand(algebra.toValues(x)).pipe(
          concatMap((values) => {
            const given = channelsFirst ? toChannelsFirst(values) : values
            return atHand(network(given, t.map(encode), condition, { signal }))
          }),
          map((answer) => {
            signal.throwIfAborted()
            const values = channelsFirst && answer.shape.length === 4 ? toChannelsLast(answer) : answer
            checkAnswer(values, answered)
            if (!learnedVariance) return { output: algebra.fromValues(values) }
            const [output, variance] = halves(values)
            return { output: algebra.fromValues(output), variance: algebra.fromValues(variance) }
          }),
        )
      }),
  }
  return range === undefined ? model : normalized(range)(model)
}

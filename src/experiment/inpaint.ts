/**
 * Inpainting: the rest of an image, to go with what is known of it.
 */
import { concatMap, type OperatorFunction, toArray } from 'rxjs'
import { rowsOf } from '../algebra/shape.ts'
import type { Transition } from '../diffusion/transition.ts'
import { fail } from '../failure.ts'
import { knowing, type KnownPart } from '../model/knowing.ts'
import type { Frame } from '../stream/frame.ts'
import { type Descent, walk, type WalkConfig } from './walk.ts'

/** How often to go back, and how far. */
export interface Resampling {
  /** j: how many steps up each time; 10 unless said. */
  readonly jump?: number
  /** n: how often each stretch of j steps is gone down, 1 for once, without going back; 10 unless said. */
  readonly resample?: number
}

/** What is known, how to go on, and how often to go back. */
export interface InpaintConfig<T> extends Omit<WalkConfig<T>, 'batch'>, KnownPart, Resampling {}

const whole = (what: string, value: number): number => {
  if (!(Number.isSafeInteger(value) && value >= 1))
    throw fail('RunInvalid', { reason: `${what} is ${String(value)}, and has to be a whole number from 1` })
  return value
}

/**
 * RePaint's walk (arXiv:2201.09865, alg. 1 and app. B): whenever a multiple of j steps is left, but for the first, go j steps back up and down
 * again, n − 1 times.
 *
 * @remarks
 * Going up costs no call of the network: q(x_t | x_s) is one step however far. With S steps there are `S + ⌈(S − j)/j⌉·(n − 1)·j` calls.
 *
 * @param steps - the whole chain
 * @param options - `jump` j, `resample` n
 * @returns the descents of a {@link walk}
 * @throws RunInvalid for a j or n that is no whole number from 1
 *
 * @example
 * ```ts
 * const steps = E.getOrElseW(() => [])(transitions(linearSchedule(), trailing(250)))
 * const descents = resampled(steps, { jump: 10, resample: 10 })
 * expect(descents.reduce((calls, descent) => calls + descent.length, 0)).toBe(2410)
 * ```
 */
export const resampled = (
  steps: readonly Transition[],
  { jump = 10, resample = 10 }: Resampling = {},
): readonly Descent[] => {
  const length = whole('jump', jump)
  const again = whole('resample', resample) - 1
  const turns = steps.flatMap((_, i) => {
    const end = i + 1
    const left = steps.length - end
    return left % length === 0 && left < steps.length - length ? [end] : []
  })
  if (again === 0 || turns.length === 0) return [steps]
  const [first = steps.length] = turns
  return [
    steps.slice(0, first),
    ...turns.flatMap((end, k) => {
      const stretch = steps.slice(end - length, end)
      const backs = Array.from({ length: again - 1 }, () => stretch)
      // the last time down goes straight on, to the next turn
      return [...backs, steps.slice(end - length, turns[k + 1] ?? end)]
    }),
  ]
}

/**
 * Paints what is not known of images: RePaint (arXiv:2201.09865), with the network {@link knowing} the rest.
 *
 *     respace(…, trailing(50))   (ab … z|)
 *     inpaint(config)            --1--2 … up and down again … z|
 *
 * @remarks
 * The chain that only goes down paints what suits the known part, and does not always join it; {@link resampled} goes back and
 * gives both time to agree. Frames are those of the whole {@link walk}, so there are more than steps.
 *
 * @law the known part of the last frame is the image's
 *
 * @param config - model, rule, noise, images, mask; `jump`, `resample`, `condition`, `clip`
 * @returns an operator; its errors are those of {@link denoise}
 * @throws RunInvalid, ShapesDisagree: see {@link knowing}, {@link resampled}
 *
 * @example
 * ```ts
 * const schedule = linearSchedule()
 * const model = denoiserOf({ algebra: float64, predicts: 'sample', schedule, shape: [2] }, ({ shape }) => ({ shape, data: Float64Array.of(8, 9) }))
 * const images = { shape: [1, 2], data: Float32Array.of(0.5, 0) }
 * const mask = { shape: [1, 2], data: Float32Array.of(1, 0) }
 * const frames$ = respace(schedule, trailing(4)).pipe(
 *   inpaint({ model, rule: ddim(), noise: philox({ seed: 7 }), images, mask, jump: 1, resample: 2 }),
 * )
 * expect([...(await finalSnapshot(frames$)).xt.data].map((x) => x.toFixed(6))).toEqual(['0.500000', '9.000000'])
 * ```
 */
export const inpaint = <T>({
  images,
  mask,
  jump,
  resample,
  ...config
}: InpaintConfig<T>): OperatorFunction<Transition, Frame<T>> => {
  const again = { ...(jump === undefined ? {} : { jump }), ...(resample === undefined ? {} : { resample }) }
  resampled([], again)
  const model = knowing({ images, mask })(config.model)
  return (transitions$) =>
    transitions$.pipe(
      toArray(),
      concatMap((steps) => walk({ ...config, model, batch: rowsOf(images.shape) }, resampled(steps, again))),
    )
}

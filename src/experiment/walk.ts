/**
 * Chains that go back up on their way down.
 */
import { concatMap, connect, defer, from, ignoreElements, merge, type Observable, tap } from 'rxjs'
import type { Values } from '../algebra/algebra.ts'
import { cleanLevel, type Level } from '../diffusion/level.ts'
import { renoise } from '../diffusion/renoise.ts'
import type { Transition } from '../diffusion/transition.ts'
import type { NoiseSource } from '../noise/noise-source.ts'
import { denoise, type DenoiseConfig } from '../stream/denoise.ts'
import type { Frame } from '../stream/frame.ts'
import { lastSnapshot } from '../stream/snapshot.ts'
import { lendStart } from './lend-start.ts'

/** Where x is, and what. */
export interface Position {
  readonly level: Level
  /** `[rows, …shape]`. */
  readonly x: Values
}

/** Steps without a gap; between two of these, x is noised to where the next begins. */
export type Descent = readonly Transition[]

/** How to walk. */
export type WalkConfig<T> = Omit<DenoiseConfig<T>, 'start'>

/** The same noise, from a later draw on. */
const later = ({ name, draw: drawn, address }: NoiseSource, by: number): NoiseSource => ({
  name,
  draw: (draw, shape) => drawn(draw + by, shape),
  ...(address && { address: (draw, shape) => address(draw + by, shape) }),
})

const noised = ({ level, x }: Position, to: Level, noise: NoiseSource): Values => {
  const form = renoise(level, to)
  if (form.z === 0) return x
  const z = noise.draw(0, x.shape)
  return { shape: x.shape, data: x.data.map((value, i) => form.xt * value + form.z * z[i]!) }
}

/** The steps of all descents, counted as those of one chain. */
const counted = (descents: readonly Descent[]): readonly Descent[] => {
  const count = descents.reduce((sum, { length }) => sum + length, 0)
  let index = 0
  return descents.map((steps) => steps.map((step) => ({ ...step, index: index++, count })))
}

/**
 * Denoises down one descent after the other. What the one before has come to (or `start`) is noised to the level where the next begins,
 * `q(x_t | x_s)`, see {@link renoise}, in one go however far that is.
 *
 * @remarks
 * Frames are counted through, so that every sink takes a walk for a chain. Noise stays a function of the draw: each descent has draws of
 * its own, the first for its beginning and one for each of its steps. A descent begins when nobody holds the frames of the one before;
 * what a solver remembers does not outlast it.
 *
 * @param config - as that of {@link denoise}
 * @param descents - of which steps
 * @param start - what the first descent begins with, before it is noised; x_T drawn from the noise unless given
 *
 * @example
 * ```ts
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * const steps = E.getOrElseW(() => [])(transitions(model.schedule, trailing(4)))
 * const twice = walk({ model, rule: ddim(), noise: philox({ seed: 7 }) }, [steps, steps.slice(2)])
 * const frames = await lastValueFrom(twice.pipe(map(({ transition }) => transition.from.t), toArray()))
 * expect(frames).toEqual([999, 749, 499, 249, 499, 249])
 * ```
 */
export const walk = <T>(
  { noise, ...config }: WalkConfig<T>,
  descents: readonly Descent[],
  start?: Position,
): Observable<Frame<T>> =>
  defer(() => {
    const { algebra } = config.model
    let position = start
    let draws = 0
    return from(counted(descents)).pipe(
      concatMap((steps) => {
        const own = later(noise, draws)
        draws += steps.length + 1
        const first = steps[0]?.from ?? cleanLevel
        const end = steps.at(-1)?.to ?? cleanLevel
        const run = (begun?: T): Observable<Frame<T>> =>
          from(steps).pipe(
            denoise({ ...config, noise: own, ...(begun === undefined ? {} : { start: begun }) }),
          )
        const frames$ = position === undefined ? run() : lendStart(algebra, noised(position, first, own), run)
        const remember = tap(({ xt }: { readonly xt: Values }) => {
          position = { level: end, x: xt }
        })
        return frames$.pipe(
          connect((run$) => merge(run$, run$.pipe(lastSnapshot(), remember, ignoreElements()))),
        )
      }),
    )
  })

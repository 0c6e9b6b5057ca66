/**
 * A sampler as an operator: transitions in, every intermediate x_t out.
 */
import type { OperatorFunction } from 'rxjs'
import type { Transition } from '../diffusion/transition.ts'
import { fail } from '../failure.ts'
import { chain, type Beginning } from './chain.ts'
import type { ChainConfig } from './continuation.ts'
import { checkInFlight } from './gate.ts'
import { drawNoise } from '../noise/draw-noise.ts'
import type { Frame } from './frame.ts'
import { refCount } from './ref-count.ts'

/** How to sample. */
export interface DenoiseConfig<T> extends ChainConfig<T> {
  /** How many samples; as many as there are labels, or 1, unless said. */
  readonly batch?: number
  /** x at the level where the chain begins; drawn from the noise (draw 0) unless given. It stays yours. */
  readonly start?: T
}

/**
 * Denoises: one step per transition, one frame per step.
 *
 *     respace(…, trailing(3))   (abc|)
 *     denoise(config)           --1--2--3|
 *
 * @remarks
 * 1. Cold: each subscription is a run of its own, with the same result.
 * 2. S transitions give S frames; the last is the chain's end. x_T itself is not emitted.
 * 3. Frames are lent, see {@link Frame}; whatever delivers later than it receives is given snapshots.
 * 4. The next step starts in a macrotask of its own, and not before fewer than `inFlight` frames are held.
 * 5. `complete` is delivered when the last hold has ended. Work that fails, or a failing step, errors the run.
 * 6. Unsubscribing aborts the call under way and starts no other; what is held is freed as the holds end ({@link settled}).
 *
 * @param config - model, rule, noise
 * @throws RunInvalid for a batch that is no whole number from 1, or an inFlight below 1
 * @returns an operator; its errors are failures (EtaOutOfRange, ScheduleMismatch, LabelsMissing, …) or what the model or a sink threw
 *
 * @example
 * ```ts
 * import { lastValueFrom, map, toArray } from 'rxjs'
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * const frames$ = respace(model.schedule, trailing(50)).pipe(denoise({ model, rule: ddim(), noise: philox({ seed: 7 }) }))
 * const path = await lastValueFrom(frames$.pipe(map((frame) => frame.xt), toArray()))
 * expect(path).toHaveLength(50)
 * expect(Math.abs(path[49]! - 2)).toBeLessThan(0.5)
 * ```
 */
export const denoise = <T>(config: DenoiseConfig<T>): OperatorFunction<Transition, Frame<T>> => {
  const { model, noise, start, condition } = config
  const rows = config.batch ?? condition?.labels?.length ?? 1
  if (!(Number.isSafeInteger(rows) && rows >= 1))
    throw fail('RunInvalid', { reason: `batch is ${String(rows)}, and has to be a whole number from 1` })
  checkInFlight(config)
  const shape = [rows, ...model.shape]
  const begin = (): Beginning<T> => {
    const readers = refCount(model.algebra.dispose)
    // a start that was given has one more reader, who never lets go: the caller
    if (start !== undefined) readers.retain([start])
    const x = start ?? drawNoise(model.algebra, noise, 0, shape)
    return { latent: { x, draws: 1 }, readers }
  }
  return (transitions$) => chain(config, begin, transitions$)
}

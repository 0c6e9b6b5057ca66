/**
 * A sampler as an operator: transitions in, every intermediate x_t out.
 */
import type { OperatorFunction } from 'rxjs'
import { checkOptions } from '../arguments.ts'
import type { Shape } from '../algebra/algebra.ts'
import { rowsOf, sameShape, showShape } from '../algebra/shape.ts'
import type { Transition } from '../diffusion/transition.ts'
import { fail } from '../failure.ts'
import { chain, type Beginning } from './chain.ts'
import { checkParts } from './check-steps.ts'
import type { ChainConfig } from './continuation.ts'
import { checkInFlight } from './gate.ts'
import type { Denoiser } from '../model/denoiser.ts'
import { drawNoise } from '../noise/draw-noise.ts'
import { expectedConfig } from './expected-config.ts'
import type { Frame } from './frame.ts'
import { refCount } from './ref-count.ts'

/** How to sample. */
export interface DenoiseConfig<T> extends ChainConfig<T> {
  /** How many samples; as many as there are labels, or 1, unless said. */
  readonly batch?: number
  /** x at the level where the chain begins; drawn from the noise (draw 0) unless given. It stays yours. */
  readonly start?: T
}

/** Whether x can begin there: it may be anything that somebody has made himself. */
const checkStart = <T>({ algebra, shape }: Denoiser<T>, start: T, asked: number | undefined): void => {
  const refuse = (is: string, hasToBe: string): never => {
    throw fail('RunInvalid', { reason: `start is ${is}, and has to be ${hasToBe}` })
  }
  const given: unknown = start
  if (typeof given === 'number' ? !Number.isFinite(given) : typeof given !== 'object')
    refuse(typeof given === 'string' ? JSON.stringify(given) : String(given), 'numbers that are finite')
  // what has no shape is no tensor; a number is a row of its own
  const found = (algebra.shape(start) as Shape | undefined) ?? []
  const rows = asked ?? rowsOf(found)
  const isNumber = found.length === 0 && shape.length === 0 && rows === 1
  if (!isNumber && !sameShape(found, [rows, ...shape])) refuse(showShape(found), showShape([rows, ...shape]))
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
 * 7. What is not possible is said before the network is asked: model, rule, clip, labels and `start` at once, and each step when it is known.
 *    The steps of {@link respace}, or of an array, are known as a whole; of those that come live, one that is not possible ends the run when it comes,
 *    and what the frames before it have saved goes on ({@link replayFrom}).
 *
 * @param config - model, rule, noise
 * @throws RunInvalid for a batch or an inFlight that is no whole number from 1; ArgumentInvalid for a part that is none
 * @returns an operator; its errors are failures (StepsApart, EtaOutOfRange, ScheduleMismatch, LabelsMissing, LabelsUnexpected, RunInvalid for a `start` of
 *   another shape, …) or what the model or a sink threw
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
  checkOptions(expectedConfig, config)
  const { model, noise, start, condition } = config
  const asked = config.batch ?? condition?.labels?.length
  const rows = asked ?? 1
  if (!(Number.isSafeInteger(rows) && rows >= 1))
    throw fail('RunInvalid', { reason: `batch is ${String(rows)}, and has to be a whole number from 1` })
  checkInFlight(config)
  const begin = (): Beginning<T> => {
    checkParts(config, rows)
    if (start !== undefined) checkStart(model, start, asked)
    const readers = refCount(model.algebra.dispose)
    // a start that was given has one more reader, who never lets go: the caller
    if (start !== undefined) readers.retain([start])
    const x = start ?? drawNoise(model.algebra, noise, 0, [rows, ...model.shape])
    return { latent: { x, draws: 1 }, readers }
  }
  return (transitions$) => chain(config, begin, transitions$)
}

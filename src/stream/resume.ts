/**
 * Going on from a frame: over the steps that are left, or over others, by the same rule or another.
 */
import { concat, defer, EMPTY, finalize, from, ignoreElements, type Observable, tap } from 'rxjs'
import type { Level } from '../diffusion/level.ts'
import type { Spacing } from '../diffusion/spacing.ts'
import { type FinalLevel, transitionsFrom } from '../diffusion/transition.ts'
import { checkOptions } from '../arguments.ts'
import { rowsOf } from '../algebra/shape.ts'
import type { Shape } from '../algebra/algebra.ts'
import type { Denoiser } from '../model/denoiser.ts'
import { orThrow } from '../or-throw.ts'
import { chain } from './chain.ts'
import { checkParts } from './check-steps.ts'
import { companyOf, inCompany } from './company.ts'
import { type ChainConfig, continuation, type Continuation } from './continuation.ts'
import { emitSteps } from './emit-steps.ts'
import { expectedChanges } from './expected-config.ts'
import { checkFrame, type Frame } from './frame.ts'
import { checkInFlight } from './gate.ts'
import { startsRuns } from './settled.ts'
import { needs } from './step.ts'

/** What is to be otherwise from here on; everything else stays. */
export interface ResumeOptions extends Partial<
  Pick<ChainConfig<never>, 'rule' | 'noise' | 'condition' | 'clip' | 'inFlight' | 'scheduler'>
> {
  /** Which levels to visit from here on: those of the spacing that are cleaner; the rest of the chain's own unless said. */
  readonly spacing?: Spacing
  /** Where the last step of that spacing leads; clean unless said. */
  readonly finalLevel?: FinalLevel
  /** What becomes of the model, such as {@link guided}. */
  readonly model?: <T>(model: Denoiser<T>) => Denoiser<T>
}

const changed = <T>(
  config: ChainConfig<T>,
  { spacing: _, finalLevel: __, model: change, ...changes }: ResumeOptions,
): ChainConfig<T> => ({
  ...config,
  ...changes,
  model: change === undefined ? config.model : change(config.model),
})

/**
 * Whether a chain can go on, as far as that is known before it has come to where it will.
 *
 * @param config - how it was to go on
 * @param options - what is to be otherwise
 * @param beginning - the shape of its x, and a level of it
 * @throws what {@link checkParts} throws; TooManySteps, SpacingInvalid or ScheduleInvalid for a spacing that does not fit the schedule
 *
 * @example
 * ```ts
 * const model = { ...gaussianMixture([{ mean: 2, deviation: 0.1 }]), learnedVariance: false }
 * const config = { model, rule: ddim(), noise: philox({ seed: 7 }) }
 * const rule = ddpm({ variance: 'learned' })
 * expect(() => { checkOnward(config, { rule }, { shape: [], at: cleanLevel }) }).toThrow('needs a model that has learned a variance')
 * ```
 */
export const checkOnward = <T>(
  config: ChainConfig<T>,
  options: ResumeOptions,
  { shape, at }: { readonly shape: Shape; readonly at: Level },
): void => {
  const next = changed(config, options)
  checkParts(next, rowsOf(shape))
  const { spacing, finalLevel } = options
  if (spacing !== undefined) orThrow(transitionsFrom(next.model.schedule, spacing, at, finalLevel))
}

/**
 * A chain from where it stands.
 *
 * @param onward - how it was to go on
 * @param at - where its x is
 * @param options - what is to be otherwise
 * @returns its frames
 *
 * @example
 * ```ts
 * import { count, lastValueFrom } from 'rxjs'
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * const config = { model, rule: ddim(), noise: philox({ seed: 7 }) }
 * const onward = { config, latent: { x: 0.5, draws: 1 }, ahead: () => [], readers: { retain: () => undefined, release: () => undefined } }
 * const rest$ = goOnFrom(onward, { t: 599, alphaBar: model.schedule.alphaBars[599]! }, { spacing: trailing(10) })
 * expect(await lastValueFrom(rest$.pipe(count()))).toBe(6)
 * ```
 */
export const goOnFrom = <T>(
  { config, ahead, ...beginning }: Continuation<T>,
  at: Level,
  options: ResumeOptions,
): Observable<Frame<T>> => {
  const { spacing, finalLevel } = options
  const onward = changed(config, options)
  const steps$ =
    spacing === undefined
      ? from(ahead())
      : emitSteps(transitionsFrom(onward.model.schedule, spacing, at, finalLevel))
  return chain(onward, () => ({ ...beginning, at }), steps$)
}

/**
 * Goes on from the last frame of a run that was cut short: with its x_t, the noise that follows, and what its rule looks back on.
 *
 *     frames      --a--b|
 *     resume()    --------c--d|
 *
 * @remarks
 * 1. The frames themselves are not passed on; those that follow are. After a chain's last frame none do.
 * 2. With nothing said it continues as if nothing had been cut: bit for bit.
 * 3. A `spacing` goes from the level where x_t is to the levels of the spacing below it, counted anew from 0.
 * 4. It begins when the frames complete. While they run, it keeps what the last of them needs, and nothing else.
 * 5. What can be told of the options before the end, is told at the first frame: a rule, labels or a clip that do not suit the model, a
 *    spacing that does not fit the schedule. The rest of the steps are looked at when they are known, at once, before the first of them.
 * 6. An error passes through; unsubscribing cancels whichever run is under way.
 *
 * @param options - what is to be otherwise
 * @throws RunInvalid for an inFlight that is no whole number from 1; ArgumentInvalid for options that are none
 * @returns an operator; its errors are those of {@link denoise}, SpacingInvalid for a spacing that does not fit the schedule, or
 *   OperatorInvalid for what is no frame
 *
 * @example
 * ```ts
 * import { lastValueFrom, map, take, toArray } from 'rxjs'
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * const frames$ = respace(model.schedule, trailing(50)).pipe(denoise({ model, rule: ddpm(), noise: philox({ seed: 7 }) }))
 * const rest$ = frames$.pipe(take(25), resume({ rule: ddim() }), map(({ transition }) => transition.index), toArray())
 * expect((await lastValueFrom(rest$)).slice(0, 2)).toEqual([25, 26])
 * ```
 */
export const resume = (
  options: ResumeOptions = {},
): (<T>(frames$: Observable<Frame<T>>) => Observable<Frame<T>>) => {
  checkOptions(expectedChanges, options)
  checkInFlight(options)
  return <T>(frames$: Observable<Frame<T>>) => {
    const resumed$: Observable<Frame<T>> = defer(() => {
      const company = companyOf(resumed$)
      let last: { readonly at: Level; readonly onward: Continuation<T> } | undefined
      const letGo = (): void => {
        last?.onward.readers.release(needs(last.onward.latent))
      }
      const keepLast = tap((frame: Frame<T>) => {
        checkFrame('resume', frame)
        const onward = frame[continuation]()
        const at = frame.transition.to
        if (last === undefined)
          checkOnward(onward.config, options, { shape: frame.algebra.shape(onward.latent.x), at })
        onward.readers.retain(needs(onward.latent))
        letGo()
        last = { at, onward }
      })
      const goOn = defer(() => (last === undefined ? EMPTY : goOnFrom(last.onward, last.at, options)))
      return concat(
        inCompany(company, frames$.pipe(keepLast, ignoreElements())),
        inCompany(company, goOn),
      ).pipe(finalize(letGo))
    })
    return startsRuns(resumed$)
  }
}

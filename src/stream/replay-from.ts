/**
 * Going on from a state that was saved: after a kill, on another day, or once more from the middle.
 */
import { defer, type Observable } from 'rxjs'
import { checkArgument, checkOptions } from '../arguments.ts'
import { attempt } from '../attempt.ts'
import { aState } from '../expected.ts'
import type { SavedState } from '../diffusion/saved-state.ts'
import type { Failure } from '../failure.ts'
import type { E } from '../fp.ts'
import { companyOf, inCompany } from './company.ts'
import type { ChainConfig } from './continuation.ts'
import { expectedChanges, expectedConfig } from './expected-config.ts'
import type { Frame } from './frame.ts'
import { checkInFlight } from './gate.ts'
import { refCount } from './ref-count.ts'
import { checkOnward, goOnFrom, type ResumeOptions } from './resume.ts'
import { checkMakers, restoreState } from './save-state.ts'
import { startsRuns } from './settled.ts'

/** What a saved chain was made with; its classes and its way of clipping are in the state. */
export type ReplayConfig<T> = Omit<ChainConfig<T>, 'condition' | 'clip'>

const checkReplayed = (state: SavedState, config: object): void => {
  checkArgument('state', aState, state)
  checkOptions(expectedConfig, config)
}

/** What the state says of how it goes on, and what it is told. */
const asMade = <T>({ labels, clip }: SavedState, config: ReplayConfig<T>): ChainConfig<T> => ({
  ...config,
  ...(labels === undefined ? {} : { condition: { labels } }),
  ...(clip === undefined ? {} : { clip }),
})

/**
 * Whether a chain can go on from a state with these, before anything runs.
 *
 * @param state - a saved chain
 * @param config - what it is said to be made with
 * @returns nothing; or StateMismatch with the first thing that differs
 *
 * @example
 * ```ts
 * import { lastValueFrom, take } from 'rxjs'
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * const config = { model, rule: ddpm(), noise: philox({ seed: 7 }) }
 * const frames$ = respace(model.schedule, trailing(50)).pipe(denoise(config))
 * const state = await lastValueFrom(frames$.pipe(recordStates(25), take(1)))
 * const other = { ...config, noise: philox({ seed: 8 }) }
 * expect(checkReplay(state, other)).toMatchObject(E.left({ _tag: 'StateMismatch', what: 'noise' }))
 * ```
 */
export const checkReplay = <T>(state: SavedState, config: ReplayConfig<T>): E.Either<Failure, void> =>
  attempt(() => {
    checkReplayed(state, config)
    checkMakers(state, asMade(state, config))
  })

/**
 * Goes on from a saved state: with its x, the noise that follows, and what its rule looks back on.
 *
 *     replayFrom(state after b)    --c--d|
 *
 * @remarks
 * 1. With the same model on the same engine of a CPU, the same rule and the same noise, what follows is what would have followed,
 *    bit for bit. Anything else is refused before anything runs, as far as it can be told: a rule is known by its name, and those that differ
 *    only in a function (an η of the step, terms of your own) have one. Give terms of your own a name that says what they are.
 * 2. Cold: each subscription goes on from the state anew. The state is not changed, and can be gone on from any number of times.
 * 3. From there on another rule, other noise, another spacing and so on can be taken, as in {@link resume}.
 * 4. From the state of a chain's last frame nothing follows.
 *
 * @see {@link recordStates} and {@link checkpointEvery}, which save states, and {@link resume}, which goes on from a frame
 *
 * @param state - a saved chain
 * @param config - what it was made with
 * @param changes - what is to be otherwise from here on; nothing unless said
 * @throws RunInvalid for an inFlight that is no whole number from 1; ArgumentInvalid for what is no state, no config or no change
 * @returns its frames; it errors with StateMismatch, StateInvalid, or as {@link denoise}
 *
 * @example
 * ```ts
 * import { lastValueFrom, map, take, toArray } from 'rxjs'
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * const config = { model, rule: ddpm(), noise: philox({ seed: 7 }) }
 * const frames$ = respace(model.schedule, trailing(50)).pipe(denoise(config))
 * const end = (frames$: Observable<Frame<number>>) => lastValueFrom(frames$.pipe(map(({ xt }) => xt)))
 *
 * const state = await lastValueFrom(frames$.pipe(recordStates(25), take(1)))
 * expect(await end(replayFrom(state, config))).toBe(await end(frames$))
 * expect(await end(replayFrom(state, config, { rule: ddim() }))).not.toBe(await end(frames$))
 * ```
 */
export const replayFrom = <T>(
  state: SavedState,
  config: ReplayConfig<T>,
  changes: ResumeOptions = {},
): Observable<Frame<T>> => {
  checkInFlight({ ...config, ...changes })
  checkReplayed(state, config)
  checkOptions(expectedChanges, changes)
  const { at, ahead } = state
  const made = asMade(state, config)
  const replayed$: Observable<Frame<T>> = defer(() => {
    checkMakers(state, made)
    checkOnward(made, changes, { shape: state.tensors[0]?.shape ?? [], at })
    const { algebra } = made.model
    const latent = restoreState(algebra, state)
    const readers = refCount(algebra.dispose)
    return inCompany(
      companyOf(replayed$),
      goOnFrom({ config: made, latent, ahead: () => ahead, readers }, at, changes),
    )
  })
  return startsRuns(replayed$)
}

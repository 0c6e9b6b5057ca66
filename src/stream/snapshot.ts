/**
 * Frames as values: what to look at later.
 */
import {
  concat,
  concatMap,
  defer,
  EMPTY,
  finalize,
  from,
  ignoreElements,
  lastValueFrom,
  map,
  type Observable,
  type ObservableInput,
  of,
  race,
  Subject,
  tap,
} from 'rxjs'
import type { Values } from '../algebra/algebra.ts'
import type { Transition } from '../diffusion/transition.ts'
import { identity } from '../fp.ts'
import { type Branch, branchOf, type BranchOf } from './branch.ts'
import type { Frame, FrameField, OwnedFrame } from './frame.ts'
import { knownName } from '../known-name.ts'

/** Which tensors to copy. */
export type Fields = Readonly<Partial<Record<FrameField, boolean>>>

/** The tensors that a choice asks for. */
export type Chosen<F extends Fields> = {
  [K in keyof F & FrameField]: F[K] extends true ? K : never
}[keyof F & FrameField]

/** A copy of a frame: plain numbers, readable for ever. */
export type Snapshot<K extends FrameField = 'xt'> = Readonly<Record<K, Values>> & {
  readonly transition: Transition
  /** Holds the run as the frame's own does, from wherever the snapshot has got to. */
  readonly waitUntil: (work: ObservableInput<unknown>) => void
}

const frameFields: readonly FrameField[] = ['xt', 'x0', 'eps']

/** A copy, which says of which branch it is if the frame does. */
type Copy<F extends Fields, G> = Snapshot<Chosen<F>> & BranchOf<G>

const read = <T, F extends Fields>(
  frame: OwnedFrame<T> | Frame<T>,
  fields: F,
  waitUntil: Frame<T>['waitUntil'],
  branch: Partial<Branch>,
): Snapshot<Chosen<F>> | Promise<Snapshot<Chosen<F>>> => {
  const names = frameFields.filter((field) => fields[field] === true)
  const copies = names.map((field) => frame.algebra.toValues(frame[field]))
  const assemble = (values: readonly Values[]): Snapshot<Chosen<F>> =>
    ({
      transition: frame.transition,
      ...branch,
      waitUntil,
      ...Object.fromEntries(names.map((field, i) => [field, values[i]])),
    }) as Snapshot<Chosen<F>>
  // numbers that are at hand are read at once, so that a sampler on them runs in virtual time
  return copies.some((copy) => copy instanceof Promise)
    ? Promise.all(copies.map(async (copy) => copy)).then(assemble)
    : assemble(copies as readonly Values[])
}

/**
 * Copies frames into snapshots, in order, holding each while it is read and until it is delivered.
 *
 *     frames     --a--b--c|
 *     snapshot   --A--B--C|
 *
 * @param fields - which tensors to copy; x_t unless said
 *
 * @example
 * ```ts
 * import { lastValueFrom, toArray } from 'rxjs'
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * const frames$ = respace(model.schedule, trailing(3)).pipe(denoise({ model, rule: ddim(), noise: philox({ seed: 7 }) }))
 * const snapshots = await lastValueFrom(frames$.pipe(snapshot({ xt: true, x0: true }), toArray()))
 * expect(snapshots.map(({ x0 }) => x0.data.length)).toEqual([1, 1, 1])
 * ```
 */
export const snapshot =
  <const F extends Fields = { readonly xt: true }>(
    fields: F = { xt: true } as unknown as F,
  ): (<T, G>(frames$: Observable<Frame<T> & G>) => Observable<Copy<F, G>>) =>
  <T, G>(frames$: Observable<Frame<T> & G>) =>
    defer(() => {
      for (const field of Object.keys(fields)) knownName('field of a frame', frameFields, field as FrameField)
      const cancelled = new Subject<never>()
      const copy = (frame: Frame<T>): Observable<Copy<F, G>> => {
        const copied = read(frame, fields, frame.waitUntil, branchOf(frame)) as
          Copy<F, G> | Promise<Copy<F, G>>
        if (!(copied instanceof Promise)) return of(copied)
        // held until it has been delivered, so that whoever receives it can go on holding
        const delivered = new Subject<never>()
        frame.waitUntil(concat(copied, race(delivered, cancelled)))
        return from(copied).pipe(finalize(() => delivered.complete()))
      }
      return frames$.pipe(
        map(copy),
        concatMap(identity),
        finalize(() => cancelled.complete()),
      )
    })

/**
 * Copies the frame that turns out to be the last, when the frames complete: cut short upstream, the last that came.
 *
 *     frames         --a--b--c|
 *     lastSnapshot   --------(C|)
 *
 * @remarks
 * Only the last frame is read back. An error passes through; unsubscribing lets go of the frame.
 *
 * @param fields - which tensors to copy; x_t unless said
 *
 * @example
 * ```ts
 * import { lastValueFrom, take } from 'rxjs'
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * const frames$ = respace(model.schedule, trailing(50)).pipe(denoise({ model, rule: ddim(), noise: philox({ seed: 7 }) }))
 * const { transition } = await lastValueFrom(frames$.pipe(take(3), lastSnapshot()))
 * expect(transition.index).toBe(2)
 * ```
 */
export const lastSnapshot =
  <const F extends Fields = { readonly xt: true }>(
    fields: F = { xt: true } as unknown as F,
  ): (<T, G>(frames$: Observable<Frame<T> & G>) => Observable<Copy<F, G>>) =>
  <T, G>(frames$: Observable<Frame<T> & G>) =>
    defer(() => {
      let last: { readonly kept: OwnedFrame<T>; readonly frame: Frame<T> } | undefined
      const letGo = (): void => {
        last?.kept[Symbol.dispose]()
      }
      const keepLast = tap((frame: Frame<T>) => {
        letGo()
        last = { kept: frame.keep(), frame }
      })
      const readLast = defer(() => {
        if (last === undefined) return EMPTY
        const { kept, frame } = last
        const copied = read(kept, fields, frame.waitUntil, branchOf(frame)) as
          Copy<F, G> | Promise<Copy<F, G>>
        return copied instanceof Promise ? from(copied) : of(copied)
      })
      return concat(frames$.pipe(keepLast, ignoreElements()), readLast).pipe(finalize(letGo))
    })

/**
 * Runs a sampler to its end and copies the last frame.
 *
 * @param frames$ - frames, of one run
 * @param fields - which tensors to copy; x_t unless said
 * @returns the last frame; rejects with the run's error, or RxJS's EmptyError where there was no frame
 *
 * @example
 * ```ts
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * const frames$ = respace(model.schedule, trailing(50)).pipe(denoise({ model, rule: ddim(), noise: philox({ seed: 7 }) }))
 * const { xt } = await finalSnapshot(frames$)
 * expect(Math.abs(xt.data[0]! - 2)).toBeLessThan(0.5)
 * ```
 */
export const finalSnapshot = <T, G, const F extends Fields = { readonly xt: true }>(
  frames$: Observable<Frame<T> & G>,
  fields?: F,
): Promise<Copy<F, G>> => lastValueFrom(frames$.pipe(lastSnapshot(fields)))

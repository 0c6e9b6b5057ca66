/**
 * Branches of one run: what they have in common is computed once, and from there on they advance side by side.
 */
import {
  concat,
  connect,
  defer,
  finalize,
  isObservable,
  map,
  mergeMap,
  type Observable,
  of,
  tap,
  throwError,
} from 'rxjs'
import { shown } from '../arguments.ts'
import { fail } from '../failure.ts'
import { type Branch, inBranch } from './branch.ts'
import { companyOf, inCompany } from './company.ts'
import type { Frame } from './frame.ts'
import { startsRuns } from './settled.ts'

/** A branch of frames, whatever these are made of. */
export type FrameOperator = <T>(frames$: Observable<Frame<T>>) => Observable<Frame<T>>

/** Branches by name, or a stream of those that are to begin. */
export type Branches<K extends string, Operator> =
  Readonly<Record<K, Operator>> | Observable<Readonly<Record<K, Operator>>>

/** {@link fork} of frames in mid-chain, and of transitions at x_T. */
export interface Fork {
  <K extends string>(
    branches: Branches<K, FrameOperator>,
  ): <T>(frames$: Observable<Frame<T>>) => Observable<Frame<T> & Branch<K>>
  <K extends string, A extends object, T>(
    branches: Branches<K, (source$: Observable<A>) => Observable<Frame<T>>>,
  ): (source$: Observable<A>) => Observable<Frame<T> & Branch<K>>
}

/** A frame has expired when a branch comes late; a transition has not. */
const isLent = (value: object): boolean => 'waitUntil' in value

const refuse = (branch: string, reason: string): Observable<never> =>
  throwError(() => fail('BranchInvalid', { branch, reason }))

/** Whether a branch was meant to be called `__proto__`, which made it the record's prototype, and no branch. */
const hidesOne = (record: object): boolean =>
  Object.hasOwn(record, '__proto__') || typeof Object.getPrototypeOf(record) === 'function'

const split =
  <K extends string, A extends object, T>(
    branches: Branches<K, (source$: Observable<A>) => Observable<Frame<T>>>,
  ) =>
  (source$: Observable<A>): Observable<Frame<T> & Branch<K>> => {
    const forked$: Observable<Frame<T> & Branch<K>> = defer(() => {
      const company = companyOf(forked$)
      const past: A[] = []
      let gone = false
      let over = false
      const remembered$ = source$.pipe(
        tap({
          next: (value) => {
            if (isLent(value)) gone = true
            else past.push(value)
          },
          complete: () => {
            over = true
          },
        }),
      )
      const live = new Set<K>()
      const records$ = isObservable(branches) ? branches : of(branches)
      const selector = (shared$: Observable<A>): Observable<Frame<T> & Branch<K>> =>
        records$.pipe(
          mergeMap((record) =>
            hidesOne(record)
              ? refuse('__proto__', 'that is no key of an object; it needs another name')
              : of(record),
          ),
          mergeMap((record) => Object.entries(record) as Array<[K, (typeof record)[K]]>),
          mergeMap(([name, branch]) => {
            if (typeof branch !== 'function')
              return refuse(name, `it is ${shown(branch)}, and has to be an operator, such as resume()`)
            if (live.has(name)) return refuse(name, 'one of that name is under way')
            live.add(name)
            let begun = false
            const given$ = defer(() => {
              // to go on from nothing would look like a chain that has come to its end
              if (begun && gone && over)
                return refuse(name, 'its frames have gone by; retry the whole run, or the call of the model')
              begun = true
              return concat([...past], shared$)
            })
            return inCompany(company, branch(given$)).pipe(
              map(inBranch(name)),
              finalize(() => live.delete(name)),
            )
          }),
        )
      return inCompany(company, remembered$).pipe(connect(selector))
    })
    return startsRuns(forked$)
  }

/**
 * Forks a run into branches, each an operator of its own, and delivers the frames of all, each with the name of its branch.
 *
 *     source              a--b|
 *     fork(x, y)          --x1-y1--x2-y2--(x3|)
 *
 * @remarks
 * 1. Of transitions, it forks at x_T: each branch denoises from the noise that it is given, and the same noise gives the same x_T and the
 *    same z's. Of frames, it forks in mid-chain: what comes before is computed once, and {@link resume} goes on from its last frame.
 * 2. Branches advance in rounds: a round begins, in one macrotask, when every branch that wants to take a step has fewer than `inFlight` frames
 *    held. So the calls that they make meet in {@link coalesce}, whatever their sinks do, and all branches together make as many calls as the longest.
 * 3. In a round, frames come in the order of the record. A branch that is at its end, or cancelled, keeps no other waiting.
 * 4. A branch ends by itself (`takeUntil` in the branch cancels it alone). A branch that fails, fails all.
 * 5. It completes when the source and all branches have. Branches can begin later: an observable of records adds some each time
 *    it emits, until it and the source have completed. Of transitions, a late branch is given all; of frames, those that are still to come.
 * 6. Branches that are under way have names of their own: a second of one name fails all with BranchInvalid. So does a branch of frames
 *    that subscribes to them again (`retry`, `repeat`) when they have gone by: who wants to retry, retries the run.
 * 7. A branch may fork again; {@link Branch.path} has all names.
 *
 * @param branches - operators by name, or an observable of such records
 * @returns an operator from transitions or frames to frames of all branches
 *
 * @example
 * ```ts
 * import { lastValueFrom, map, toArray } from 'rxjs'
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * const noise = philox({ seed: 7 })
 * const ends$ = respace(model.schedule, trailing(2)).pipe(
 *   fork({ ddpm: denoise({ model, rule: ddpm(), noise }), ddim: denoise({ model, rule: ddim(), noise }) }),
 *   map(({ branch, transition }) => `${branch} ${String(transition.index)}`),
 *   toArray(),
 * )
 * expect(await lastValueFrom(ends$)).toEqual(['ddpm 0', 'ddim 0', 'ddpm 1', 'ddim 1'])
 * ```
 */
export const fork: Fork = split

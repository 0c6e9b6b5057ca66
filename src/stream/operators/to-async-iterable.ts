/** A run for `for await`: frames that are made when they are asked for. */
import { checkArgument } from '../../arguments.ts'
import { isObservable, map, noop, type Observable, Subject, takeUntil } from 'rxjs'
import type { Holding } from './of-step.ts'

/** A frame that nobody has asked for yet. */
interface Arrived<F> {
  readonly frame: F
  readonly letGo: () => void
}

/** A consumer that waits for its next frame. */
interface Asker<F> {
  readonly resolve: (result: IteratorResult<F, undefined>) => void
  readonly reject: (error: unknown) => void
}

const over = { done: true, value: undefined } as const
const sayOver = ({ resolve }: Asker<never>): void => {
  resolve(over)
}

const canHold = (value: unknown): value is Pick<Holding, 'waitUntil'> =>
  typeof value === 'object' && value !== null && 'waitUntil' in value

/** Has what comes held until it is let go, if that can be held. */
const holdOn = <F>(frame: F): Arrived<F> => {
  if (!canHold(frame)) return { frame, letGo: noop }
  const hold = new Subject<never>()
  frame.waitUntil(hold)
  const letGo = (): void => {
    hold.complete()
  }
  return { frame, letGo }
}

/** One run, pulled. */
const iterate = <F>(frames$: Observable<F>): AsyncIterator<F, undefined> => {
  const arrived: Array<Arrived<F>> = []
  const askers: Array<Asker<F>> = []
  const cancelled = new Subject<void>()
  let begun = false
  let letGo = noop
  /** What an asker is told when nothing more comes. */
  let tellEnd: ((asker: Asker<F>) => void) | undefined

  const answer = (): void => {
    while (askers.length > 0 && (arrived.length > 0 || tellEnd !== undefined)) {
      const asker = askers.shift()!
      const next = arrived.shift()
      if (next === undefined) tellEnd?.(asker)
      else {
        letGo()
        letGo = next.letGo
        asker.resolve({ done: false, value: next.frame })
      }
    }
    // who still waits has asked for the frame after the one that was just given
    if (askers.length > 0) letGo()
  }
  const end = (tell: (asker: Asker<F>) => void): void => {
    tellEnd = tell
    answer()
  }
  const begin = (): void => {
    begun = true
    frames$.pipe(map(holdOn), takeUntil(cancelled)).subscribe({
      next: (one) => {
        arrived.push(one)
        answer()
      },
      error: (error: unknown) => {
        end(({ reject }) => {
          tellEnd = sayOver
          reject(error)
        })
      },
      complete: () => {
        end(sayOver)
      },
    })
  }

  return {
    next: () =>
      new Promise((resolve, reject) => {
        letGo()
        askers.push({ resolve, reject })
        answer()
        if (!begun) begin()
      }),
    return: () => {
      begun = true
      // the run before the holds, or else their end would start a step
      cancelled.next()
      letGo()
      for (const one of arrived.splice(0)) one.letGo()
      end(sayOver)
      return Promise.resolve(over)
    },
  }
}

/**
 * A run as an async iterable that really pulls: a step is made when somebody is going to look at it.
 *
 *     asked for               ?-----?-----?-----?
 *     made, with inFlight 1   --a-----b-----c---|
 *     made, with inFlight 2   --a-b---c---------|
 *
 * @remarks
 * 1. The first `next()` starts the run; each iterator is a run of its own.
 * 2. A frame is held from when it comes until the frame after it is asked for: until then the loop's body can read it,
 *    across every `await`. So the run is at most `inFlight` − 1 steps ahead of demand, and with `inFlight: 1` it makes a step
 *    exactly when asked.
 * 3. `break`, `return` and an error in the loop's body cancel the run, and let go of what it holds; so does the
 *    iterator's `return()` while a frame is awaited, which is then answered with the end.
 * 4. An error of the run rejects, after the frames that came before it.
 * 5. Who asks for several frames at once gets them in order, but the next has then been asked for before there is time to
 *    look: give it snapshots.
 *
 * What is between the run and this bridge may leave frames out or copy them, and it still pulls, as long as what comes
 * can hold the run. What can't (plain values, such as those of `map`) is queued, and the run goes ahead.
 *
 * @see {@link tapFrame}, which holds the run from inside the stream
 *
 * @param frames$ - frames or snapshots, of one run; or anything else
 * @returns what `for await` takes
 *
 * @example
 * ```ts
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * const frames$ = respace(model.schedule, trailing(50)).pipe(
 *   denoise({ model, rule: ddim(), noise: philox({ seed: 7 }), inFlight: 1 }))
 * let seen = 0
 * for await (const frame of toAsyncIterable(frames$)) {
 *   seen += 1
 *   if (Math.abs(frame.x0 - 2) < 0.5) break
 * }
 * expect(seen).toBeGreaterThan(0)
 * await settled(frames$)
 * ```
 */
export const toAsyncIterable = <F>(frames$: Observable<F>): AsyncIterable<F, undefined> => {
  checkArgument('frames$', { name: 'an observable', is: isObservable }, frames$)
  return { [Symbol.asyncIterator]: () => iterate(frames$) }
}

/**
 * What every sink that writes as frames come has in common: it holds the run while it works, one piece after the other,
 * and whatever ends the run, what is written so far is finished.
 */
import { Observable, type OperatorFunction } from 'rxjs'
import type { Frame } from '../../stream/frame.ts'

/** Something in the making: a file, a process's input, a stream. */
export interface Making<A, Done> {
  /** Takes the next piece; settles when there is room for another. */
  readonly take: (piece: A) => Promise<void>
  /** Nothing more comes: settles when what there is can be opened. */
  readonly finish: () => Promise<Done>
  /** Something went wrong: settles when nothing is left of it. */
  readonly abandon: () => Promise<void>
}

/**
 * A reader who needs no more, such as `head` at the end of a pipe: a sink that is told so completes.
 *
 * @example
 * ```ts
 * expect(new ReaderGone()).toBeInstanceOf(Error)
 * ```
 */
export class ReaderGone extends Error {}

/**
 * A sink.
 *
 * @remarks
 * 1. Pieces are taken one after the other; each holds the run until it has been taken, and no buffer grows.
 * 2. When the run completes, what was made is finished, then told in one notice. Where nothing came there is none.
 * 3. When the run fails, what was made is finished and told just so, and then the error is passed on.
 * 4. When the sink is unsubscribed from, what was made is finished in the background; `settled` of the run waits for it.
 * 5. When the sink itself fails, it leaves the run, removes what it began, and errors. It does not fail the run, on which
 *    other sinks may hang.
 *
 * @param open - begins with the first piece; what it throws is the sink's error
 *
 * @example
 * ```ts
 * const seen: number[] = []
 * const sum = sinkOf(() => ({
 *   take: async ({ n }: { n: number; waitUntil: () => void }) => void seen.push(n),
 *   finish: async () => seen.length,
 *   abandon: async () => undefined,
 * }))
 * const piece = (n: number) => ({ n, waitUntil: () => undefined })
 * expect(await lastValueFrom(of(piece(1), piece(2)).pipe(sum))).toBe(2)
 * ```
 */
export const sinkOf =
  <A extends Pick<Frame<unknown>, 'waitUntil'>, Done>(
    open: (first: A) => Making<A, Done>,
  ): OperatorFunction<A, Done> =>
  (pieces$) =>
    new Observable((reader) => {
      let making: Making<A, Done> | undefined
      let latest: A | undefined
      let work: Promise<unknown> = Promise.resolve()
      let over = false

      /** Holds the run by the latest piece, however the work ends; what it came to is told elsewhere. */
      const hold = (until: Promise<unknown>): void => {
        latest?.waitUntil(
          until.then(
            () => undefined,
            () => undefined,
          ),
        )
      }

      /** Finishes what there is, after what is under way; leaves nothing where that fails. */
      const end = async (): Promise<void> => {
        if (making === undefined) return
        try {
          await work.catch((error: unknown) => {
            if (!(error instanceof ReaderGone)) throw error
          })
          reader.next(await making.finish())
        } catch (error) {
          await making.abandon()
          throw error
        }
      }

      const ended = (then: () => void): void => {
        if (over) return
        over = true
        const ending = end()
        hold(ending)
        ending.then(then, (error: unknown) => reader.error(error))
      }

      const source = pieces$.subscribe({
        next: (piece) => {
          if (over) return
          latest = piece
          try {
            making ??= open(piece)
          } catch (error) {
            over = true
            source.unsubscribe()
            reader.error(error)
            return
          }
          const { take } = making
          const taken = work.then(() => take(piece))
          work = taken
          hold(taken)
          taken.catch(() => {
            source.unsubscribe()
            ended(() => reader.complete())
          })
        },
        error: (error: unknown) => ended(() => reader.error(error)),
        complete: () => ended(() => reader.complete()),
      })
      return () => {
        // before the run is left, or it would settle without us
        ended(() => undefined)
        source.unsubscribe()
      }
    })

/**
 * How far a run is, for people: a line that rewrites itself on a terminal, a line per tenth elsewhere.
 */
import { ignoreElements, type MonoTypeOperatorFunction, type Observable, tap } from 'rxjs'
import type { Frame } from '../stream/frame.ts'
import { progress, type Progress } from '../stream/operators/progress.ts'
import { draw, type Terminal, WIPE } from './terminal.ts'

const seconds = (milliseconds: number): string =>
  milliseconds < 10_000 ? `${(milliseconds / 1000).toFixed(1)} s` : `${(milliseconds / 1000).toFixed(0)} s`

const BAR = 24
/** Milliseconds between two redraws. */
const REDRAW = 100

/**
 * Reports the steps of a run and the time that is left; emits nothing.
 *
 * @param terminal - where to
 * @param now - a clock, in milliseconds
 */
export const reportProgress =
  (terminal: Terminal, now: () => number = () => performance.now()) =>
  <T>(frames$: Observable<Frame<T>>): Observable<never> => {
    let drawn = -Infinity
    let tenth = 0
    const report: MonoTypeOperatorFunction<Progress> = tap({
      next: ({ done, total, remaining }) => {
        const left = seconds(remaining)
        const last = done === total
        if (terminal.isTTY === true) {
          if (!last && now() - drawn < REDRAW) return
          drawn = now()
          const filled = Math.round((BAR * done) / total)
          draw(terminal)(
            `${WIPE}${'█'.repeat(filled)}${'░'.repeat(BAR - filled)} step ${String(done)} of ${String(total)}, ${left} left`,
          )
        } else if (Math.floor((10 * done) / total) > tenth) {
          tenth = Math.floor((10 * done) / total)
          terminal.write(`step ${String(done)} of ${String(total)}, ${left} left\n`)
        }
      },
      finalize: () => {
        if (terminal.isTTY === true) draw(terminal)(WIPE)
      },
    })
    return frames$.pipe(progress({ now }), report, ignoreElements())
  }

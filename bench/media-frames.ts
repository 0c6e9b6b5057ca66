/** Frames that cost nothing to come by: what is measured is what is done with them. */
import { Observable } from 'rxjs'
import { philox, type Frame, type Transition, type Values } from '../src/node.ts'

/** How many bytes the different frames may take; more frames go back and forth between them, so that no two in a row are the same. */
const room = 200 * 2 ** 20

/** Images between noise and a smooth one, `[rows, size, size, channels]`. */
const valuesAt = (shape: readonly [number, number, number, number], share: number, seed: number): Values => {
  const [, height, width, channels] = shape
  const data = philox({ seed }).draw(0, shape)
  for (let i = 0; i < data.length; i += 1) {
    const pixel = Math.floor(i / channels)
    const smooth =
      Math.sin((7 * (pixel % width)) / width + (i % channels)) *
      Math.cos((5 * (Math.floor(pixel / width) % height)) / height)
    data[i] = share * smooth + Math.sqrt(1 - share ** 2) * data[i]!
  }
  return { shape, data }
}

const algebra = { toValues: (values: Values) => values } as Frame<Values>['algebra']

/**
 * A run whose frames are at hand. It waits as a real one does: for the work that its frames were given, while two are held.
 *
 * @param shape - `[rows, height, width, channels]`
 * @param count - how many frames
 */
export const framesAtHand = (
  shape: readonly [number, number, number, number],
  count: number,
): Observable<Frame<Values>> => {
  const size = shape.reduce((product, extent) => product * extent, 4)
  const different = Math.max(2, Math.min(count, 64, Math.floor(room / size)))
  const pool = Array.from({ length: different }, (_, i) => valuesAt(shape, i / (different - 1), i))
  const inPool = (index: number): Values => {
    const at = index % (2 * different - 2)
    return pool[at < different ? at : 2 * different - 2 - at]!
  }
  const alphaBar = (step: number): number => Math.min(1, step / count)
  return new Observable((reader) => {
    let held = 0
    let resume: (() => void) | undefined
    const hold = (work: PromiseLike<unknown>): void => {
      held += 1
      const free = (): void => {
        held -= 1
        if (held < 2) resume?.()
      }
      work.then(free, free)
    }
    const run = async (): Promise<void> => {
      for (let index = 0; index < count && !reader.closed; index += 1) {
        if (held >= 2)
          await new Promise<void>((go) => {
            resume = go
          })
        resume = undefined
        const xt = inPool(index)
        const transition: Transition = {
          index,
          count,
          from: { t: count - index, alphaBar: alphaBar(index) },
          to: { t: count - index - 1, alphaBar: alphaBar(index + 1) },
          at: count - index,
        }
        const waitUntil = (work: unknown): void => {
          if (work instanceof Promise) hold(work)
        }
        reader.next({ transition, algebra, xt, x0: xt, eps: xt, waitUntil } as unknown as Frame<Values>)
        // as a run gives way between two steps
        await new Promise((later) => setImmediate(later))
      }
      while (held > 0 && !reader.closed)
        await new Promise<void>((go) => {
          resume = () => {
            if (held === 0) go()
          }
        })
      reader.complete()
    }
    void run()
  })
}

/**
 * What every library says in its own words where a batch is too large.
 */
import { catchError, defer, from, throwError } from 'rxjs'
import { fail } from '../failure.ts'
import { pipe, TE } from '../fp.ts'
import type { Engine } from './engine.ts'

const signs =
  /out of memory|OutOfMemory|failed to allocate|bad_alloc|RESOURCE_EXHAUSTED|OOM when allocating|allocation failed|Invalid typed array length|memory access out of bounds|could not allocate|max buffer size|larger than the (?:max|limit)/i

/**
 * Whether an error says that memory did not suffice.
 *
 * @example
 * ```ts
 * expect(isOutOfMemory(new Error('std::bad_alloc'))).toBe(true)
 * expect(isOutOfMemory(new Error('Invalid TF_Status: 8\nMessage: OOM when allocating tensor'))).toBe(true)
 * expect(isOutOfMemory(new Error('no such file'))).toBe(false)
 * ```
 */
export const isOutOfMemory = (error: unknown): boolean =>
  signs.test(error instanceof Error ? error.message : String(error))

/** An engine whose models say OutOfMemory, with the number of rows, where its library runs out of it. */
export const sayingOutOfMemory = (engine: Engine): Engine => ({
  ...engine,
  load: (checkpoint) =>
    pipe(
      engine.load(checkpoint),
      TE.map((model) => ({
        ...model,
        // wasm's memory is no longer there to be freed after it has run out
        [Symbol.dispose]: () => {
          try {
            model[Symbol.dispose]()
          } catch (error) {
            if (!isOutOfMemory(error)) throw error
          }
        },
        predict: (x, t, condition, options) =>
          defer(() => from(model.predict(x, t, condition, options))).pipe(
            catchError((error: unknown) =>
              throwError(() =>
                isOutOfMemory(error) ? fail('OutOfMemory', { engine: engine.name, rows: t.length }) : error,
              ),
            ),
          ),
      })),
    ),
})

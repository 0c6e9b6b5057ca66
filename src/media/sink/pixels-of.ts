/** What people look at, where a model's x is a latent: its decoder's pictures. */
import { concatMap, defer, finalize, from, type Observable, of } from 'rxjs'
import type { Values } from '../../algebra/algebra.ts'
import type { Denoiser } from '../../model/denoiser.ts'

/** Images of what a model works on. */
export type Pixels = (x: Values) => Observable<Values>

/**
 * How to look at what a model works on.
 *
 * @param model - whose decoder is asked
 * @returns a function for {@link toGrid} and {@link toFilmStrip}; nothing for a model whose x is the image
 *
 * @example
 * ```ts
 * const model = { algebra: numbers, decode: (x: number) => of(2 * x) }
 * const image = await firstValueFrom(pixelsOf(model)!({ shape: [], data: Float64Array.of(0.25) }))
 * expect(image.data).toEqual(Float64Array.of(0.5))
 * expect(pixelsOf({ algebra: numbers })).toBeUndefined()
 * ```
 */
export const pixelsOf = <T>({
  algebra,
  decode,
}: Pick<Denoiser<T>, 'algebra' | 'decode'>): Pixels | undefined =>
  decode &&
  ((values) =>
    defer(() => {
      const x = algebra.fromValues(values)
      return from(decode(x)).pipe(
        concatMap((image) => {
          const read = algebra.toValues(image)
          return (read instanceof Promise ? from(read) : of(read)).pipe(
            finalize(() => {
              algebra.dispose(image)
            }),
          )
        }),
        finalize(() => {
          algebra.dispose(x)
        }),
      )
    }))

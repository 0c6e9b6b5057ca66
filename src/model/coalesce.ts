/**
 * Calls of one macrotask as one call: branches, guidance and concurrent users share batches without knowing of each other.
 */
import { batching, type Batching } from './batching.ts'
import type { Denoiser } from './denoiser.ts'

/** How far calls are put together. */
export type CoalesceOptions = Omit<Batching, 'concurrent'>

/**
 * Puts calls of a network together: those made within one macrotask become one, with a time and a condition for each row, and
 * everybody gets the rows that are his.
 *
 *     calls of one user     a-----d--
 *     calls of another      b-----e--
 *     calls of the network  -(ab)--(de)
 *
 * @remarks
 * 1. What waits is asked in the macrotask after the first call, all at once, or in several calls of at most `maxRows` rows. A
 *    call of more rows is cut, and its answers are put together.
 * 2. Rows with labels and rows without, and images of different sizes, are asked about apart.
 * 3. Whoever unsubscribes before is not asked for; when nobody waits for a call any more, it is aborted.
 * 4. Labels that the model does not have fail the one who asked for them. What the model makes of rows without labels, it says itself. What
 *    fails the call, fails all who wait for it.
 * 5. Wherever it stands it changes no result but in the last digits, since a network may add in another order in another batch.
 *
 * @param model - the network; whoever is to share calls asks the one denoiser that is returned
 * @param options - `maxRows`; `scheduler`, when to ask
 * @throws RunInvalid for a maxRows that is no whole number from 1
 *
 * @example
 * ```ts
 * const sizes: number[] = []
 * const network: Denoiser<Values64> = {
 *   algebra: float64, predicts: 'epsilon', schedule: linearSchedule(), shape: [1],
 *   predict: (x) => { sizes.push(x.shape[0]!); return of({ output: float64.combine([[2, x]]) }) },
 * }
 * const model = coalesce(network)
 * const x = { shape: [1, 1], data: Float64Array.of(3) }
 * const y = { shape: [2, 1], data: Float64Array.of(4, 5) }
 * const answers = await Promise.all([
 *   firstValueFrom(ask(model, { x, t: [9], condition: {} })),
 *   firstValueFrom(ask(model, { x: y, t: [9, 7], condition: {} })),
 * ])
 * expect(answers.map(({ output }) => [...output.data])).toEqual([[6], [8, 10]])
 * expect(sizes).toEqual([3])
 * ```
 */
export const coalesce = <T>(model: Denoiser<T>, options: CoalesceOptions = {}): Denoiser<T> =>
  batching(model, options)(1)

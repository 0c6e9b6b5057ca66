/**
 * One network for many users: their runs take turns, and share calls as far as there is room.
 */
import { fail } from '../failure.ts'
import { batching, type Batching } from './batching.ts'
import type { Denoiser } from './denoiser.ts'

/** A user of a shared network. */
export interface Client {
  /** Who has a higher one is asked for earlier; 0 unless said. */
  readonly priority?: number
}

/**
 * Shares a network among independent runs, fairly.
 *
 * @remarks
 * 1. At most `concurrent` calls are under way, one unless said; what is asked meanwhile waits, and becomes the next call: the most
 *    urgent first, then whoever has waited longest, up to `maxRows` rows.
 * 2. A run has one call waiting at a time (a guided one has two), so runs that ask for the same number of rows advance
 *    alike, however many steps they have to go.
 * 3. Whoever is passed over counts as one priority higher each time: nobody waits for ever.
 * 4. Cancelling a run takes its call out of the queue, or its rows out of the answer; a call that nobody waits for any more is aborted.
 *
 * @param model - the network
 * @param options - `maxRows` and `concurrent`; `scheduler`, when to ask
 * @returns for each user, a denoiser
 * @throws RunInvalid for numbers that are no whole ones from 1; the denoiser for a priority that is no finite number
 *
 * @example
 * ```ts
 * const client = timeshared(gaussianMixture([{ mean: 2, deviation: 0.1 }]), { maxRows: 64 })
 * const [patient, hasty] = [client(), client({ priority: 10 })]
 * expect(patient.shape).toEqual(hasty.shape)
 * ```
 */
export const timeshared = <T>(
  model: Denoiser<T>,
  { concurrent = 1, ...options }: Batching = {},
): ((client?: Client) => Denoiser<T>) => {
  const clientOf = batching(model, { ...options, concurrent })
  return ({ priority = 0 } = {}) => {
    if (Number.isFinite(priority)) return clientOf(priority)
    throw fail('RunInvalid', { reason: `priority is ${String(priority)}, and has to be a finite number` })
  }
}

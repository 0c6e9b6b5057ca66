/**
 * One network for many users: their runs take turns, and share calls as far as there is room.
 */
import { shown } from '../arguments.ts'
import { numberIn } from '../codecs.ts'
import { fail } from '../failure.ts'
import { batching, type Batching } from './batching.ts'
import type { Denoiser } from './denoiser.ts'

/** A user of a shared network. */
export interface Client {
  /** Each one higher doubles the user's share of the rows; 0 unless said. */
  readonly priority?: number
}

/** Beyond a share of four thousand millions to one, a clock could stand still. */
const MOST_URGENT = 32

/**
 * Shares a network among independent runs, fairly.
 *
 * @remarks
 * 1. At most `concurrent` calls are under way, one unless said; what is asked meanwhile waits, and becomes the next call, of up to
 *    `maxRows` rows.
 * 2. Users who always have something to ask are served *rows* in proportion to `2^priority`, whatever they ask at a time: of two users alike,
 *    the one with batches of 64 takes one step while the other takes 64 with batches of 1; with priority 3, a user gets eight rows
 *    for every row of a user with 0. So urgency shortens the wait, and nobody waits for ever.
 * 3. Room that is left in a call goes to whoever fits, in the same order, and counts.
 * 4. A user who asks for nothing saves nothing up. One who has just been answered is given a moment (a few macrotasks) to ask again, if
 *    it would be his turn; who works on a frame for longer, loses it.
 * 5. All runs of a user share what is his.
 * 6. Cancelling a run takes its call out of the queue, or its rows out of the answer; a call that nobody waits for any more is aborted.
 *
 * @param model - the network
 * @param options - `maxRows` and `concurrent`; `scheduler`, when to ask
 * @returns for each user, a denoiser
 * @throws RunInvalid for numbers that are no whole ones from 1; the denoiser for a priority outside `[−32, 32]`
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
  const denoiserFor = batching(model, { ...options, concurrent })
  return ({ priority = 0 } = {}) => {
    if (numberIn(-MOST_URGENT, MOST_URGENT).is(priority)) return denoiserFor(2 ** priority)
    throw fail('RunInvalid', {
      reason: `priority is ${shown(priority)}, and has to lie between −${String(MOST_URGENT)} and ${String(MOST_URGENT)}`,
    })
  }
}

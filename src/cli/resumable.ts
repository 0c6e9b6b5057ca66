/**
 * Runs that survive being killed: `run --checkpoint DIR` saves their state on the way, and `run --resume DIR` goes on from it.
 */
import { readState } from '../checkpoint/read-state.ts'
import type { Model } from '../engine/engine.ts'
import type { Failure } from '../failure.ts'
import { pipe, TE } from '../fp.ts'
import { toStateFile } from '../media/sink/to-state-file.ts'
import type { Plan } from '../pipeline/compile.ts'
import type { Composed } from '../pipeline/composition.ts'
import { checkpointEvery } from '../stream/operators/checkpoint-every.ts'
import { replayFrom } from '../stream/replay-from.ts'
import { failWith } from './fail-with.ts'
import { statePath } from './run-folder.ts'

/** The flags as the command line has them. */
export interface ResumableFlags {
  readonly checkpoint?: string
  readonly resume?: string
}

/** How many steps there are, where that can be said. */
const stepsOf = ({ pipeline: { steps } }: Plan): number =>
  'count' in steps ? steps.count : 'timesteps' in steps ? steps.timesteps.length : 10

type Task<A> = TE.TaskEither<Failure, A>

const resumed =
  (plan: Plan, model: Model, folder: string | undefined) =>
  (composed: Composed): Task<Composed> =>
    folder === undefined || plan.chain === undefined
      ? TE.right(composed)
      : pipe(
          TE.fromEither(plan.chain(model)),
          TE.bindTo('config'),
          TE.bindW('state', () => readState(statePath(folder))),
          TE.map(({ config, state }) => ({ ...composed, frames$: replayFrom(state, config) })),
        )

const saved =
  (plan: Plan, folder: string | undefined) =>
  (composed: Composed): Composed =>
    folder === undefined
      ? composed
      : {
          ...composed,
          frames$: composed.frames$.pipe(
            checkpointEvery(Math.max(1, Math.round(stepsOf(plan) / 10)), toStateFile(statePath(folder))),
          ),
        }

/**
 * A run that goes on from a saved state, or saves its own; as it is where nobody asks.
 *
 * @param plan - of the run; none of a module
 * @param model - loaded
 * @param flags - where the states are
 */
export const resumable =
  (plan: Plan | undefined, model: Model, { checkpoint, resume }: ResumableFlags) =>
  (composed: Composed): Task<Composed> => {
    if (checkpoint === undefined && resume === undefined) return TE.right(composed)
    return plan?.chain === undefined
      ? TE.left(failWith('--checkpoint and --resume are for pipelines that sample without a fork'))
      : pipe(composed, resumed(plan, model, resume), TE.map(saved(plan, checkpoint)))
  }

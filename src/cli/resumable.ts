/**
 * Runs that survive being killed: they go on from a folder's state, and save their own there on the way.
 */
import type { Observable } from 'rxjs'
import type { Failure } from '../failure.ts'
import { E, pipe } from '../fp.ts'
import { toStateFile } from '../media/sink/to-state-file.ts'
import type { Frame } from '../stream/frame.ts'
import { checkpointEvery } from '../stream/operators/checkpoint-every.ts'
import { many } from '../many.ts'
import { checkReplay, type ReplayConfig, replayFrom } from '../stream/replay-from.ts'
import { failWith } from './fail-with.ts'
import type { Tensor } from './plan.ts'
import { type RunFolder, statePath } from './run-folder.ts'

const everyOf = ({ every }: RunFolder, steps: number): E.Either<Failure, number> => {
  if (every === undefined) return E.right(Math.max(1, Math.round(steps / 10)))
  return every < steps
    ? E.right(every)
    : E.left(
        failWith(
          `--checkpoint-every ${String(every)} would save nothing on the way: of ${many(steps, 'step')} the last is the end`,
        ),
      )
}

/**
 * The frames of a run from where it begins, which save the states to go on from.
 *
 * @param folder - where the states are; nothing where nobody asks
 * @param steps - how many the whole run has
 * @param config - what it is made with
 * @param frames$ - of the whole run
 * @returns the frames; or what the state does not go with
 */
export const resumable = (
  folder: RunFolder | undefined,
  steps: number,
  config: ReplayConfig<Tensor>,
  frames$: Observable<Frame<Tensor>>,
): E.Either<Failure, Observable<Frame<Tensor>>> => {
  if (folder === undefined) return E.right(frames$)
  const { state, path } = folder
  return pipe(
    everyOf(folder, steps),
    E.chainFirstW(() => (state === undefined ? E.right(undefined) : checkReplay(state, config))),
    E.map((every) =>
      (state === undefined ? frames$ : replayFrom(state, config)).pipe(
        checkpointEvery(every, toStateFile(statePath(path))),
      ),
    ),
  )
}

/** What files of a run that was gone on with say of themselves: what shows the way does not show all of it. */
export const resumedSetting = (folder: RunFolder | undefined): Readonly<Record<string, string>> => {
  const next = folder?.state?.ahead[0]
  return next === undefined
    ? {}
    : {
        resumed: `after step ${String(next.index)} of ${String(next.count)}: what shows the steps shows those after it`,
      }
}

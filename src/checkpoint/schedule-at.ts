/**
 * The noise that a model was trained on, without the model.
 */
import { attempt } from '../attempt.ts'
import type { Schedule } from '../diffusion/schedule.ts'
import { fail, type Failure } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import { rangedSchedule } from '../diffusion/ranged-schedule.ts'
import { openDiffusersFolder } from './diffusers-folder.ts'
import { findModel } from './find-model.ts'
import { manifestSchedule } from './manifest-schedule.ts'
import { schedulerDefaults } from './scheduler-config.ts'
import { trainedSchedule } from './trained-schedule.ts'

/**
 * Reads the schedule of a model: of its `scheduler_config.json`, or of the `model.yaml` beside its network. It is the one that is sampled by, of
 * data in `[−1, 1]`, wherever the network's lie.
 *
 * @param path - as {@link findModel} takes it
 * @returns FileUnreadable, ConfigInvalid or ScheduleInvalid where there is none
 *
 * @example
 * ```ts
 * const schedule = await orThrow(scheduleAt('pipelines/models/fashion-mnist'))
 * expect(schedule.alphaBars).toEqual(linearSchedule().alphaBars)
 * ```
 */
export const scheduleAt = (path: string): TE.TaskEither<Failure, Schedule> =>
  pipe(
    findModel(path),
    TE.chain((found): TE.TaskEither<Failure, Schedule> => {
      if (found.kind === 'diffusers')
        return pipe(
          openDiffusersFolder(found.path),
          TE.chainEitherKW(({ schedulerPath, scheduler = schedulerDefaults }) =>
            trainedSchedule(schedulerPath, scheduler),
          ),
        )
      const { manifest, manifestPath } = found
      return manifest === undefined
        ? TE.left(
            fail('ConfigInvalid', {
              path: manifestPath,
              reason: 'it is missing or empty, and only it could say on which noise the network was trained',
            }),
          )
        : pipe(
            manifestSchedule(manifest.schedule),
            E.chain((schedule) => {
              const { range = [-1, 1] } = manifest
              return range === null ? E.right(schedule) : attempt(() => rangedSchedule(range)(schedule))
            }),
            TE.fromEither,
          )
    }),
  )

/**
 * The noise that a checkpoint was trained on, from diffusers' settings.
 */
import {
  cosineSchedule,
  linearSchedule,
  scaledLinearSchedule,
  type Schedule,
  scheduleFromBetas,
} from '../diffusion/schedule.ts'
import { fail, type Failure, isFailure } from '../failure.ts'
import { E } from '../fp.ts'
import type { SchedulerConfig } from './scheduler-config.ts'

/** diffusers' schedulers of the process that βs describe; others (FlowMatch…, EDM…, ScoreSde…) add noise in their own ways. */
const ofBetas =
  /^(DDIM|DDPM(?!Wuerstchen)|DEIS|DPMSolver|Euler|Heun|KDPM2|LCM|LMS|PNDM|RePaint|SASolver|TCD|UniPC)/

/**
 * The schedule of a `scheduler_config.json`.
 *
 * @param path - what to call the file in a failure
 * @param config - its settings
 * @returns the schedule, or ConfigInvalid for one that this version does not know
 *
 * @example
 * ```ts
 * const schedule = E.getOrElseW(() => expect.fail())(trainedSchedule('scheduler_config.json', schedulerDefaults))
 * expect(schedule.alphaBars).toEqual(linearSchedule().alphaBars)
 * ```
 */
export const trainedSchedule = (path: string, config: SchedulerConfig): E.Either<Failure, Schedule> => {
  const unknown = (setting: string): E.Either<Failure, never> =>
    E.left(fail('ConfigInvalid', { path, reason: `${setting} is not supported` }))
  const { _class_name: peer, trained_betas: betas } = config
  if (peer !== undefined && !ofBetas.test(peer)) return unknown(`_class_name ${peer}`)
  if (config.rescale_betas_zero_snr) return unknown('rescale_betas_zero_snr: true')
  const ends = {
    trainedSteps: config.num_train_timesteps,
    betaStart: config.beta_start,
    betaEnd: config.beta_end,
  }
  const make = (schedule: () => Schedule): E.Either<Failure, Schedule> =>
    E.tryCatch(schedule, (error) => {
      if (isFailure(error)) return fail('ConfigInvalid', { path, reason: error.message.replace(/\.$/, '') })
      throw error
    })
  if (betas !== null) return make(() => scheduleFromBetas(betas))
  switch (config.beta_schedule) {
    case 'linear':
      return make(() => linearSchedule(ends))
    case 'scaled_linear':
      return make(() => scaledLinearSchedule(ends))
    case 'squaredcos_cap_v2':
      return make(() => cosineSchedule(ends))
    case 'sigmoid':
    case 'laplace':
      return unknown(`beta_schedule ${config.beta_schedule}`)
  }
}

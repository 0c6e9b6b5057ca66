/**
 * The noise that a checkpoint was trained on, from diffusers' settings.
 */
import { type Schedule, scheduleFromBetas, schedules, zeroTerminalSnr } from '../diffusion/schedule.ts'
import { fail, type Failure, isFailure } from '../failure.ts'
import { E } from '../fp.ts'
import { settingsOf } from '../tunable.ts'
import type { SchedulerConfig } from './scheduler-config.ts'

/** diffusers' schedulers of the process that βs describe; others (FlowMatch…, EDM…, ScoreSde…) add noise in their own ways. */
const ofBetas =
  /^(DDIM|DDPM(?!Wuerstchen)|DEIS|DPMSolver|Euler|Heun|KDPM2|LCM|LMS|PNDM|RePaint|SASolver|TCD|UniPC)/

/** What diffusers' names mean here. */
const kinds = {
  linear: 'linear',
  scaled_linear: 'scaled-linear',
  squaredcos_cap_v2: 'cosine',
  sigmoid: 'sigmoid',
  laplace: 'laplace',
} as const satisfies Readonly<Record<SchedulerConfig['beta_schedule'], keyof typeof schedules>>

const made = (config: SchedulerConfig): Schedule => {
  if (config.trained_betas !== null) return scheduleFromBetas(config.trained_betas)
  const make = schedules[kinds[config.beta_schedule]]
  const trainedSteps = config.num_train_timesteps
  // diffusers writes the ends of β into every config, and reads them where β runs between them
  return 'betaStart' in settingsOf(make)
    ? make({ trainedSteps, betaStart: config.beta_start, betaEnd: config.beta_end })
    : make({ trainedSteps })
}

/**
 * The schedule of a `scheduler_config.json`.
 *
 * @param path - what to call the file in a failure
 * @param config - its settings
 * @returns the schedule in float64, or ConfigInvalid for another process' scheduler, or settings that make no schedule
 *
 * @example
 * ```ts
 * const schedule = orThrow(trainedSchedule('scheduler_config.json', schedulerDefaults))
 * expect(schedule.alphaBars).toEqual(linearSchedule().alphaBars)
 * ```
 */
export const trainedSchedule = (path: string, config: SchedulerConfig): E.Either<Failure, Schedule> => {
  const unusable = (reason: string): Failure => fail('ConfigInvalid', { path, reason })
  const { _class_name: peer, rescale_betas_zero_snr: rescaled } = config
  if (peer !== undefined && !ofBetas.test(peer))
    return E.left(unusable(`_class_name ${peer} is not supported`))
  return E.tryCatch(
    () => (rescaled ? zeroTerminalSnr(made(config)) : made(config)),
    (error) => {
      if (isFailure(error)) return unusable(error.message.replace(/\.$/, ''))
      throw error
    },
  )
}

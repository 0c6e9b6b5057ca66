import { describe, expect, it } from 'vitest'
import { type SchedulerConfig, schedulerDefaults } from '../../src/checkpoint/scheduler-config.ts'
import { trainedSchedule } from '../../src/checkpoint/trained-schedule.ts'
import {
  cosineSchedule,
  laplaceSchedule,
  linearSchedule,
  scaledLinearSchedule,
  type Schedule,
  scheduleFromBetas,
  sigmoidSchedule,
  zeroTerminalSnr,
} from '../../src/diffusion/schedule.ts'
import { E } from '../../src/fp.ts'

const trained = (said: Partial<SchedulerConfig>): ReturnType<typeof trainedSchedule> =>
  trainedSchedule('s.json', { ...schedulerDefaults, ...said })

describe('trainedSchedule', () => {
  it.each<readonly [Partial<SchedulerConfig>, Schedule]>([
    [{}, linearSchedule()],
    [{ num_train_timesteps: 50, beta_end: 0.5 }, linearSchedule({ trainedSteps: 50, betaEnd: 0.5 })],
    [
      { beta_schedule: 'scaled_linear', beta_start: 0.001 },
      scaledLinearSchedule({ betaStart: 0.001, betaEnd: 0.02 }),
    ],
    [{ beta_schedule: 'squaredcos_cap_v2', num_train_timesteps: 300 }, cosineSchedule({ trainedSteps: 300 })],
    [{ beta_schedule: 'sigmoid', beta_end: 0.01 }, sigmoidSchedule({ betaEnd: 0.01 })],
    [{ beta_schedule: 'laplace' }, laplaceSchedule()],
    [{ trained_betas: [0.1, 0.2], beta_schedule: 'laplace' }, scheduleFromBetas([0.1, 0.2])],
    [{ rescale_betas_zero_snr: true }, zeroTerminalSnr(linearSchedule())],
    [
      { trained_betas: [0.1, 0.2], rescale_betas_zero_snr: true },
      zeroTerminalSnr(scheduleFromBetas([0.1, 0.2])),
    ],
  ])('reads %j', (said, schedule) => {
    expect(trained(said)).toEqual(E.right(schedule))
  })

  it.each<readonly [Partial<SchedulerConfig>, string]>([
    [{ beta_start: 0 }, 'β is 0 at t = 0, outside (0, 1]'],
    [{ num_train_timesteps: 1e9 }, 'T is 1000000000, and it has to be a whole number from 1 to 1000000'],
    [
      { trained_betas: [0.1], rescale_betas_zero_snr: true },
      'a single timestep can’t be both its own first and all noise',
    ],
  ])('refuses %j', (said, reason) => {
    expect(trained(said)).toMatchObject(
      E.left({ _tag: 'ConfigInvalid', path: 's.json', reason: `The schedule is not usable: ${reason}` }),
    )
  })

  it('refuses the schedulers of other processes', () => {
    expect(trained({ _class_name: 'FlowMatchEulerDiscreteScheduler' })).toMatchObject(
      E.left({ reason: '_class_name FlowMatchEulerDiscreteScheduler is not supported' }),
    )
  })
})

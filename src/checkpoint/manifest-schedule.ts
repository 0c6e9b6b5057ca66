/**
 * The noise that a network was trained on, as `model.yaml` says it: `schedule: { kind: cosine, trainedSteps: 300 }`.
 */
import type * as t from 'io-ts'
import { attempt } from '../attempt.ts'
import { listOf, numberIn, oneOf, yesOrNo } from '../codecs.ts'
import {
  type FlowOptions,
  flowSchedule,
  type Schedule,
  scheduleFromAlphaBars,
  scheduleFromBetas,
  schedules,
  zeroTerminalSnr,
} from '../diffusion/schedule.ts'
import { tableSettings } from '../diffusion/schedules/table.ts'
import type { Failure } from '../failure.ts'
import { E, pipe } from '../fp.ts'
import { byKind, closed } from '../named-settings.ts'
import { kindCodecs, settingsOf } from '../tunable.ts'

/** The settings of a schedule. */
export type ScheduleSettings = Readonly<Record<string, unknown>> & {
  readonly kind: keyof typeof schedules | 'betas' | 'alpha-bars' | 'flow'
  readonly trainedSteps?: number
  readonly zeroTerminalSnr?: boolean
  /** All βs, for the kind `betas`. */
  readonly betas?: readonly number[]
  /** All ᾱs, for the kind `alpha-bars`. */
  readonly alphaBars?: readonly number[]
  /** How much more of the times is noise, for the kind `flow`. */
  readonly shift?: number
}

/**
 * The codecs of what can be said of every schedule that is a table.
 *
 * @example
 * ```ts
 * expect(Object.keys(commonSettings)).toEqual(['trainedSteps', 'precision', 'zeroTerminalSnr'])
 * ```
 */
export const commonSettings: t.Props = { ...tableSettings, zeroTerminalSnr: yesOrNo }

/**
 * The kinds of schedule that a few words can say, with the codecs of their settings.
 *
 * @example
 * ```ts
 * expect(Object.keys(scheduleKinds)).toEqual([...Object.keys(schedules), 'flow'])
 * expect(Object.keys(scheduleKinds['cosine']!.settings)).toContain('maxBeta')
 * ```
 */
export const scheduleKinds: Readonly<Record<string, { readonly settings: t.Props }>> = {
  ...Object.fromEntries(
    Object.entries(schedules).map(([kind, make]): readonly [string, { readonly settings: t.Props }] => [
      kind,
      { settings: { ...commonSettings, ...settingsOf(make) } },
    ]),
  ),
  flow: { settings: { trainedSteps: tableSettings['trainedSteps']!, shift: numberIn(0) } },
}

const { trainedSteps: _, ...ofTable } = commonSettings

/** The codec of a schedule's settings. */
export const scheduleCodec: t.Type<ScheduleSettings> = byKind({
  ...kindCodecs(scheduleKinds),
  betas: closed({ kind: oneOf('betas'), betas: listOf('βs', numberIn(0, 1)) }, ofTable),
  'alpha-bars': closed({ kind: oneOf('alpha-bars'), alphaBars: listOf('ᾱs', numberIn(0, 1)) }, ofTable),
}) as t.Type<ScheduleSettings>

/**
 * What a flow's schedule is asked for.
 *
 * @example
 * ```ts
 * expect(flowOptions({ kind: 'flow', shift: 3 })).toEqual({ shift: 3 })
 * ```
 */
export const flowOptions = ({ trainedSteps, shift }: ScheduleSettings): FlowOptions => ({
  ...(trainedSteps === undefined ? {} : { trainedSteps }),
  ...(shift === undefined ? {} : { shift }),
})

/**
 * The schedule of decoded settings.
 *
 * @returns ScheduleInvalid where the settings make none
 *
 * @example
 * ```ts
 * const schedule = orThrow(manifestSchedule({ kind: 'cosine', trainedSteps: 300 }))
 * expect(schedule.alphaBars).toEqual(cosineSchedule({ trainedSteps: 300 }).alphaBars)
 * ```
 */
export const manifestSchedule = ({
  kind,
  zeroTerminalSnr: zero = false,
  ...options
}: ScheduleSettings): E.Either<Failure, Schedule> =>
  pipe(
    attempt(() => {
      if (kind === 'flow') return flowSchedule(flowOptions({ kind, ...options }))
      const precision = options['precision'] === 'f32' ? 'f32' : 'f64'
      if (kind === 'betas') return scheduleFromBetas(options.betas ?? [], kind, precision)
      if (kind === 'alpha-bars') return scheduleFromAlphaBars(options.alphaBars ?? [], kind, precision)
      const make: (options: object) => Schedule = schedules[kind]
      return make(options)
    }),
    E.chain((schedule) => (zero ? attempt(() => zeroTerminalSnr(schedule)) : E.right(schedule))),
  )

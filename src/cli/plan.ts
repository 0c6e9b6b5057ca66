/**
 * From flags to a model that is ready: everything that can be refused before the first step, the cheap refusals first.
 */
import { attempt } from '../attempt.ts'
import { schedulerPreset } from '../checkpoint/scheduler-preset.ts'
import type { ClipChoice, ClipMode } from '../diffusion/clip.ts'
import type { Preset } from '../diffusion/preset.ts'
import type { Model } from '../engine/engine.ts'
import { chooseEngine } from '../engine/engines.ts'
import { whetherFaster } from '../engine/faster.ts'
import type { Failure } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import { checkOutput } from '../media/output/check-output.ts'
import type { Output } from '../media/output/output.ts'
import { guided } from '../model/guided.ts'
import type { DenoiseConfig } from '../stream/denoise.ts'
import type { OutputFlags } from './output-flags.ts'
import { readOutputs } from './outputs.ts'
import { type Flags, readSettings, type Settings } from './settings.ts'

/** What the engines compute with. */
export type Tensor = Parameters<Model['algebra']['dispose']>[0]

/** A model that is ready, and what is to be done with it. */
export interface Opened {
  readonly settings: Settings
  readonly outputs: readonly Output[]
  /** What runs the model, for people. */
  readonly engine: string
  /** What whoever waits for it may want to know, where nobody has chosen it. */
  readonly advice?: string | undefined
  /** Whoever opened it disposes of it. */
  readonly model: Model
  /** What people should know before it runs, a sentence each. */
  readonly notices: readonly string[]
}

/** Opens the model that settings name. */
export const openModel = (
  settings: Pick<Settings, 'engine' | 'model'>,
): TE.TaskEither<Failure, Pick<Opened, 'engine' | 'advice' | 'model'>> =>
  pipe(
    chooseEngine(settings.engine),
    TE.bindTo('opened'),
    // whatever loads models loads tensors, and what has been refused by now needs neither
    TE.bindW('loading', () => TE.fromTask(() => import('../engine/load-model.ts'))),
    TE.bindW('model', ({ opened, loading }) => loading.loadModel(opened, settings.model)),
    TE.map(({ opened, model }) => ({
      engine: opened.about,
      advice: settings.engine === 'auto' ? whetherFaster(opened) : undefined,
      model,
    })),
  )

/** Settings, which may be refused by what they are made of. */
export const settle = (flags: Flags, own?: Preset): E.Either<Failure, Settings> =>
  pipe(
    attempt(() => readSettings(flags, own)),
    E.flatten,
  )

/** The settings again, now that the model is there which the preset `diffusers` is about. */
const underItsPreset = (
  flags: Flags,
  settings: Settings,
  { scheduler, guesses = [] }: Model,
): E.Either<Failure, Pick<Opened, 'settings' | 'notices'>> => {
  if (settings.preset !== 'diffusers') return E.right({ settings, notices: guesses })
  if (scheduler === undefined)
    return E.right({
      settings,
      notices: [
        ...guesses,
        'The model has no scheduler_config.json: the preset diffusers is that of its DDIM and DDPM by default.',
      ],
    })
  return pipe(
    settle(flags, schedulerPreset(scheduler)),
    E.map((own) => ({ settings: own, notices: guesses })),
  )
}

/** Reads the flags, looks whether the files can be written, and opens the model. */
export const openPlan = (flags: Flags & OutputFlags): TE.TaskEither<Failure, Opened> =>
  pipe(
    TE.Do,
    TE.bindW('settings', () => TE.fromEither(settle(flags))),
    TE.bindW('outputs', () => TE.fromEither(readOutputs(flags))),
    TE.chainFirstW(({ outputs }) => TE.traverseSeqArray(checkOutput)(outputs)),
    TE.bindW('opened', ({ settings }) => openModel(settings)),
    TE.bindW('known', ({ settings, opened }) => TE.fromEither(underItsPreset(flags, settings, opened.model))),
    TE.map(({ outputs, opened, known }) => ({ outputs, ...opened, ...known })),
  )

const optionsOf = (clip: ClipChoice): Exclude<ClipChoice, ClipMode> =>
  typeof clip === 'object' ? clip : { mode: clip }

/** What somebody asks for is clipped to 1 if need be; a preset spares a model without a range, unless it names one. */
const clipOf = (
  { clip, presetClip }: Settings,
  { range }: Pick<Model, 'range'>,
): Pick<DenoiseConfig<never>, 'clip'> => {
  if (clip !== undefined) return { clip: { range: range ?? 1, ...optionsOf(clip) } }
  const habit = optionsOf(presetClip ?? 'none')
  return presetClip === undefined || (range ?? habit.range) === undefined
    ? {}
    : { clip: { ...(range !== undefined && { range }), ...habit } }
}

/** How to sample, as settings say: the model guided, the rule, the noise. */
export const configOf = ({
  settings,
  model,
}: Pick<Opened, 'settings' | 'model'>): E.Either<Failure, DenoiseConfig<Tensor>> =>
  attempt(() => ({
    model: guided({ weight: settings.guidance })(model),
    rule: settings.rule,
    noise: settings.noise,
    ...clipOf(settings, model),
  }))

/** What a run is called, for people. */
export const recipeOf = ({ rule, spacing, finalLevel, guidance }: Settings): string =>
  [
    rule.name,
    spacing.name,
    ...(finalLevel === 'clean' ? [] : [`final level ${finalLevel}`]),
    ...(guidance === 1 ? [] : [`guidance ${String(guidance)}`]),
  ].join(', ')

/** What was settled, for files and people. */
export const resolved = (
  { settings, model, engine }: Pick<Opened, 'settings' | 'model' | 'engine'>,
  { clip }: Pick<DenoiseConfig<Tensor>, 'clip'>,
): Readonly<Record<string, unknown>> => ({
  model: settings.model ?? 'the clothes that come with the package',
  shape: model.shape,
  predicts: model.predicts,
  schedule: model.schedule.name,
  steps: settings.spacing.name,
  sampler: settings.rule.name,
  finalLevel: settings.finalLevel,
  clip: clip ?? (model.range === undefined ? 'none' : 'x0+eps'),
  noise: settings.noise.name,
  seeding: settings.seeding,
  guidance: settings.guidance,
  engine,
})

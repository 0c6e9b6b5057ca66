/**
 * `sample`'s flags as settings: everything that can be known before a model is loaded.
 */
import { clipOf, clips } from '../diffusion/clip-settings.ts'
import type { ClipChoice } from '../diffusion/clip.ts'
import { type Preset, type PresetName, presets } from '../diffusion/preset.ts'
import type { Rule } from '../diffusion/rule.ts'
import { ruleOf } from '../diffusion/solver.ts'
import { type Spacing, spacingOf, trailing } from '../diffusion/spacing.ts'
import { type FinalLevel, finalLevels } from '../diffusion/transition.ts'
import { engineNames } from '../engine/engine.ts'
import { fail, type Failure } from '../failure.ts'
import { E, pipe } from '../fp.ts'
import { MOST_GUIDANCE, MOST_SAMPLES } from '../limits.ts'
import type { NoiseSource } from '../noise/noise-source.ts'
import { philox } from '../noise/philox.ts'
import { torch, torchList } from '../noise/torch.ts'
import { type Read, readNumber, readOneOf, readPath, readWholes } from './flags.ts'
import { readRule } from './rule-flags.ts'
import { readNamed } from './settings-text.ts'
import { readSpacing, readSteps } from './spacing-flags.ts'

/** The flags as the command line has them. */
export interface Flags {
  readonly model?: string
  readonly steps?: string
  readonly spacing?: string
  readonly sampler: string
  readonly eta?: string
  readonly variance?: string
  readonly clip?: string
  readonly finalLevel?: string
  readonly preset?: string
  readonly seed?: string
  readonly seeds?: string
  readonly samples?: string
  readonly rng: string
  readonly batch?: string
  readonly labels?: string
  readonly guidance: string
  readonly engine: string
}

/** What to do, as far as it does not depend on the model. */
export interface Settings {
  readonly model: string | undefined
  readonly engine: string
  readonly spacing: Spacing
  readonly rule: Rule
  /** Left to the preset or the model where nobody says. */
  readonly clip: ClipChoice | undefined
  readonly presetClip: ClipChoice | undefined
  readonly finalLevel: FinalLevel
  /** Whose habits fill in what nobody says. */
  readonly preset: PresetName | undefined
  readonly noise: NoiseSource
  /** Where the noise begins, for people: `seed 0`. */
  readonly seeding: string
  /** How many samples, or which of the seed; left to the labels where nobody says. */
  readonly batch: number | readonly number[] | undefined
  /** As people type them: names or numbers. */
  readonly labels: readonly string[] | undefined
  readonly guidance: number
  /** What tells a sample from the others, where people have said which they want. */
  readonly idOf: ((row: number) => string) | undefined
}

const optional = <A>(text: string | undefined, read: (text: string) => Read<A>): Read<A | undefined> =>
  text === undefined ? E.right(undefined) : read(text)

type Seeding = Pick<Settings, 'noise' | 'seeding' | 'idOf' | 'batch'>

/** What is wrong with a list of samples beside the flag that says how many there are. */
const contradiction = (
  asked: number,
  seeds: readonly number[] | undefined,
  samples: readonly number[] = [],
): string | undefined => {
  if (seeds !== undefined && seeds.length !== asked)
    return `--seeds names ${String(seeds.length)} samples, and --batch asks for ${String(asked)}`
  const beyond = samples.find((sample) => sample >= asked)
  return beyond === undefined
    ? undefined
    : `--samples names ${String(beyond)}, and the last one of --batch ${String(asked)} is ${String(asked - 1)}`
}

const seedingOf = (flags: Flags): Read<Seeding> => {
  if (flags.seed !== undefined && flags.seeds !== undefined)
    return E.left(
      fail('Usage', {
        reason: '--seed (one for the batch) and --seeds (one for each sample) exclude each other',
      }),
    )
  if (flags.samples !== undefined && (flags.seeds !== undefined || flags.rng === 'torch'))
    return E.left(
      fail('Usage', {
        reason:
          flags.seeds === undefined
            ? '--samples picks samples of philox; torch draws a batch as a whole'
            : '--samples (some of one seed) and --seeds (one for each sample) exclude each other',
      }),
    )
  return pipe(
    E.Do,
    E.apS('rng', readOneOf('--rng', ['philox', 'torch'])(flags.rng)),
    E.apS(
      'seed',
      readNumber('--seed', { whole: true, least: 0, most: Number.MAX_SAFE_INTEGER })(flags.seed ?? '0'),
    ),
    E.apS('seeds', optional(flags.seeds, readWholes('--seeds', MOST_SAMPLES))),
    E.apS('samples', optional(flags.samples, readWholes('--samples', MOST_SAMPLES))),
    E.apS(
      'asked',
      optional(flags.batch, readNumber('--batch', { whole: true, least: 1, most: MOST_SAMPLES })),
    ),
    E.chainFirst(({ seeds, samples, asked }) => {
      const reason = asked === undefined ? undefined : contradiction(asked, seeds, samples)
      return reason === undefined ? E.right(undefined) : E.left(fail('Usage', { reason }))
    }),
    E.map(({ rng, seed, seeds, samples, asked }): Seeding => {
      if (seeds !== undefined)
        return {
          noise: rng === 'torch' ? torchList({ seeds }) : philox({ seeds }),
          seeding: `seeds ${seeds.join(',')}`,
          batch: seeds.length,
          idOf: (row) => `seed ${String(seeds[row])}`,
        }
      if (samples !== undefined)
        return {
          noise: philox({ seed, samples }),
          seeding: `seed ${String(seed)}, samples ${samples.join(',')}`,
          batch: samples,
          idOf: (row) => `#${String(samples[row])}`,
        }
      return {
        noise: rng === 'torch' ? torch({ seed }) : philox({ seed }),
        seeding: `seed ${String(seed)}`,
        batch: asked,
        idOf: undefined,
      }
    }),
  )
}

const presetNames = Object.keys(presets) as readonly PresetName[]

/**
 * Reads the flags of `sample`.
 *
 * @param flags - as the command line has them
 * @param own - what the preset `diffusers` comes to for a model that has a scheduler of its own
 * @returns the settings, or what is wrong with the first flag that is
 * @throws what rules and spacings throw that can't be had
 */
export const readSettings = (flags: Flags, own: Preset = presets.diffusers): E.Either<Failure, Settings> =>
  pipe(
    E.Do,
    E.apS('steps', readSteps(flags.steps)),
    E.apS('presetName', optional(flags.preset, readOneOf('--preset', presetNames))),
    E.let('preset', ({ presetName }) =>
      presetName === undefined ? undefined : { ...presets, diffusers: own }[presetName],
    ),
    E.apS(
      'spacing',
      optional(flags.spacing, (spacing) => readSpacing(spacing, flags.steps)),
    ),
    E.apS('clip', optional(flags.clip, readNamed('--clip', clips))),
    E.apS('finalLevel', optional(flags.finalLevel, readOneOf('--final-level', finalLevels))),
    E.apS('engine', readOneOf('--engine', ['auto', ...engineNames])(flags.engine)),
    E.apS('model', optional(flags.model, readPath('--model'))),
    E.apS('seeding', seedingOf(flags)),
    E.apS('guidance', readNumber('--guidance', { least: 0, most: MOST_GUIDANCE })(flags.guidance)),
    E.bind('rule', ({ preset }) => readRule(flags, preset?.variance ?? 'fixed-small')),
    E.map(({ steps, presetName, preset, spacing, clip, finalLevel, seeding, rule, ...said }) => {
      const habit = rule.kind === 'ddpm' ? 'ddpm' : 'ddim'
      return {
        ...said,
        ...seeding,
        preset: presetName,
        spacing: spacing === undefined ? (preset?.spacing ?? trailing)(steps) : spacingOf(spacing),
        rule: ruleOf(rule),
        clip: clip && clipOf(clip),
        presetClip: preset?.clip[habit],
        finalLevel: finalLevel ?? preset?.finalLevel[habit] ?? 'clean',
        labels: flags.labels?.split(',').map((label) => label.trim()),
      }
    }),
  )

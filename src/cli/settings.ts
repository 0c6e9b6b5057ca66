/**
 * `sample`'s flags as settings: everything that can be known before a model is loaded.
 */
import type { ClipMode } from '../diffusion/clip.ts'
import { type PresetName, presets } from '../diffusion/preset.ts'
import { ddpm, type Rule, type Variance } from '../diffusion/rule.ts'
import { rules } from '../diffusion/solver.ts'
import { leading, linspace, type Spacing, trailing } from '../diffusion/spacing.ts'
import { engineNames } from '../engine/engine.ts'
import { fail, type Failure } from '../failure.ts'
import { E, pipe } from '../fp.ts'
import type { NoiseSource } from '../noise/noise-source.ts'
import { philox } from '../noise/philox.ts'
import { torch, torchList } from '../noise/torch.ts'
import { type Read, readNumber, readOneOf, readPath, readWholes } from './flags.ts'

/** The flags as the command line has them. */
export interface Flags {
  readonly model?: string
  readonly steps: string
  readonly spacing?: string
  readonly sampler: string
  readonly eta?: string
  readonly variance?: string
  readonly clip?: string
  readonly preset?: string
  readonly seed?: string
  readonly seeds?: string
  readonly rng: string
  readonly batch?: string
  readonly labels?: string
  readonly guidance: string
  readonly engine: string
}

/** The most samples of one run. */
const MOST_SAMPLES = 4096

/** What to do, as far as it does not depend on the model. */
export interface Settings {
  readonly model: string | undefined
  readonly engine: string
  readonly spacing: Spacing
  readonly rule: Rule
  /** Left to the preset or the model where nobody says. */
  readonly clip: ClipMode | undefined
  readonly presetClip: ClipMode | undefined
  readonly noise: NoiseSource
  /** Where the noise begins, for people: `seed 0`. */
  readonly seeding: string
  /** Left to the labels where nobody says. */
  readonly batch: number | undefined
  /** As people type them: names or numbers. */
  readonly labels: readonly string[] | undefined
  readonly guidance: number
  /** The seed of a sample that has its own. */
  readonly seedOf: ((row: number) => string) | undefined
}

const spacings: Readonly<Record<string, (count: number) => Spacing>> = { leading, trailing, linspace }

const optional = <A>(text: string | undefined, read: (text: string) => Read<A>): Read<A | undefined> =>
  text === undefined ? E.right(undefined) : read(text)

const ruleNames = Object.keys(rules) as ReadonlyArray<keyof typeof rules>

const ruleOf = (flags: Flags, variance: Variance): Read<Rule> => {
  const usage = (reason: string): Read<never> => E.left(fail('Usage', { reason }))
  return pipe(
    readOneOf('--sampler', ruleNames)(flags.sampler),
    E.chain((sampler) => {
      const tunable = sampler === 'ddim' || sampler === 'euler-ancestral'
      if (flags.variance !== undefined && sampler !== 'ddpm')
        return usage(`--variance belongs to --sampler ddpm${tunable ? `; ${sampler} has --eta` : ''}`)
      if (flags.eta !== undefined && !tunable)
        return usage(
          `--eta belongs to --sampler ddim and euler-ancestral${sampler === 'ddpm' ? '; ddpm has --variance' : ''}`,
        )
      if (sampler === 'ddpm')
        return pipe(
          readOneOf('--variance', ['fixed-small', 'fixed-large', 'learned', 'learned-range'])(
            flags.variance ?? variance,
          ),
          E.map((chosen) => ddpm({ variance: chosen })),
        )
      if (flags.eta === undefined || !tunable) return E.right(rules[sampler]())
      return pipe(
        readNumber('--eta', { least: 0, most: 1 })(flags.eta),
        E.map((eta) => rules[sampler]({ eta })),
      )
    }),
  )
}

type Seeding = Pick<Settings, 'noise' | 'seeding' | 'seedOf'> & { readonly rows: number | undefined }

const seedingOf = (flags: Flags): Read<Seeding> => {
  if (flags.seed !== undefined && flags.seeds !== undefined)
    return E.left(
      fail('Usage', {
        reason: '--seed (one for the batch) and --seeds (one for each sample) exclude each other',
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
    E.map(({ rng, seed, seeds }): Seeding => {
      if (seeds === undefined)
        return {
          noise: rng === 'torch' ? torch({ seed }) : philox({ seed }),
          seeding: `seed ${String(seed)}`,
          rows: undefined,
          seedOf: undefined,
        }
      return {
        noise: rng === 'torch' ? torchList({ seeds }) : philox({ seeds }),
        seeding: `seeds ${seeds.join(',')}`,
        rows: seeds.length,
        seedOf: (row) => `seed ${String(seeds[row])}`,
      }
    }),
  )
}

/**
 * Reads the flags of `sample`.
 *
 * @returns the settings, or what is wrong with the first flag that is
 */
export const readSettings = (flags: Flags): E.Either<Failure, Settings> =>
  pipe(
    E.Do,
    E.apS('steps', readNumber('--steps', { whole: true, least: 1 })(flags.steps)),
    E.apS(
      'presetName',
      optional(flags.preset, readOneOf<PresetName>('--preset', ['ermon', 'diffusers', 'openai'])),
    ),
    E.apS('spacingName', optional(flags.spacing, readOneOf('--spacing', Object.keys(spacings)))),
    E.apS('clipName', optional(flags.clip, readOneOf<ClipMode>('--clip', ['none', 'x0', 'x0+eps']))),
    E.apS('engine', readOneOf('--engine', ['auto', ...engineNames])(flags.engine)),
    E.apS('model', optional(flags.model, readPath('--model'))),
    E.apS('seeding', seedingOf(flags)),
    E.apS(
      'asked',
      optional(flags.batch, readNumber('--batch', { whole: true, least: 1, most: MOST_SAMPLES })),
    ),
    E.apS('guidance', readNumber('--guidance', { least: 0 })(flags.guidance)),
    E.bind('rule', ({ presetName }) =>
      ruleOf(flags, presetName === undefined ? 'fixed-small' : presets[presetName].variance),
    ),
    E.chainW(
      ({ steps, presetName, spacingName, clipName, engine, model, seeding, asked, guidance, rule }) => {
        const { rows, ...noise } = seeding
        if (rows !== undefined && asked !== undefined && rows !== asked)
          return E.left(
            fail('Usage', {
              reason: `--seeds names ${String(rows)} samples, and --batch asks for ${String(asked)}`,
            }),
          )
        const preset = presetName === undefined ? undefined : presets[presetName]
        const spacing =
          spacingName === undefined ? (preset?.spacing ?? trailing) : (spacings[spacingName] ?? trailing)
        return E.right({
          ...noise,
          model,
          engine,
          spacing: spacing(steps),
          rule,
          clip: clipName,
          presetClip: preset?.clip[flags.sampler === 'ddpm' ? 'ddpm' : 'ddim'],
          batch: rows ?? asked,
          labels: flags.labels?.split(',').map((label) => label.trim()),
          guidance,
        })
      },
    ),
  )

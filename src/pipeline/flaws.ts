/**
 * What is impossible in a pipeline whose every setting is possible by itself.
 */
import { attempt } from '../attempt.ts'
import { E } from '../fp.ts'
import { MOST_SAMPLES } from '../limits.ts'
import { outputOf } from '../media/output/output.ts'
import type { PipelineError } from './flaw.ts'
import { batchOfNoise, countOfSeeds, flawOfNoise, stageNoise } from './noise.ts'
import type { Pipeline } from './pipeline.ts'
import type { RouteSettings } from './route.ts'
import { flawOfSampler, type Sampler, stageSampler } from './sampler.ts'
import { type Staged } from './staged.ts'
import type { Setting } from './salvage.ts'
import { stageSteps } from './steps.ts'
import { many } from '../many.ts'

type Flaw = readonly [way: readonly string[], reason: string | undefined]

/** What a constructor refuses. */
const refusal = (staged: Staged<unknown>): string | undefined => {
  const made = attempt(() => staged.run(new Map()))
  return E.isLeft(made)
    ? 'reason' in made.left
      ? made.left.reason
      : made.left.message.replace(/[.]$/, '')
    : undefined
}

const ofSampler = (way: readonly string[], sampler: Sampler): Flaw => [
  way,
  flawOfSampler(sampler) ?? refusal(stageSampler(sampler)),
]

const ofBatch = ({ noise, batch, experiment }: Pipeline): readonly Flaw[] => {
  const named = batchOfNoise(noise)
  const rows = typeof named === 'object' ? named.length : named
  const what = countOfSeeds(noise) === undefined ? 'samples' : 'seed'
  return batch !== undefined && rows !== undefined && rows !== batch && experiment === undefined
    ? [[['batch'], `it is ${batch}, and noise.${what} names ${rows} samples`]]
    : []
}

/** How many steps there are, where that can be said without a model. */
const countOf = ({ steps }: Pipeline): number | undefined =>
  'count' in steps ? steps.count : 'timesteps' in steps ? steps.timesteps.length : undefined

const ofFork = (pipeline: Pipeline): readonly Flaw[] => {
  const { fork, experiment } = pipeline
  if (fork === undefined) return []
  const count = countOf(pipeline)
  const { at, branches } = fork
  return [
    [['fork'], experiment === undefined ? undefined : `${experiment.kind} is no run that forks`],
    [
      ['fork', 'at', 'step'],
      'step' in at && count !== undefined && at.step >= count
        ? `it is ${at.step}, and of ${many(count, 'step')} none are left to fork`
        : undefined,
    ],
    ...Object.entries(branches).map(([name, sampler]) => ofSampler(['fork', 'branches', name], sampler)),
  ]
}

/** The experiments that know nothing of some settings. */
const ignores: Readonly<Record<string, ReadonlyArray<keyof Pipeline>>> = {
  reconstruct: ['sampler', 'batch'],
  'interpolate-images': ['sampler', 'batch'],
  'image-to-image': ['batch'],
  vary: ['batch'],
  inpaint: ['batch'],
  interpolate: ['batch'],
}

/** The experiments that begin or end at the clean level, whatever steps say. */
const endsClean: ReadonlySet<string> = new Set(['matrix', 'reconstruct', 'interpolate-images'])

/** Labels that don't go round evenly over the points of a route. */
const ofPoints = (labels: Pipeline['condition']['labels'], points: number): Flaw => [
  ['condition', 'labels'],
  labels !== undefined && points % labels.length !== 0
    ? `there are ${many(labels.length, 'label')} for ${points} points`
    : undefined,
]

/** Images of a route that are more than a run may have. */
const ofRoute = (way: readonly string[], route: RouteSettings, points: number): Flaw => {
  const stops =
    route.kind === 'plane'
      ? route.columns * route.rows
      : (route.kind === 'loop' ? points : points - 1) * (route.frames - 1) + (route.kind === 'loop' ? 0 : 1)
  return [
    way,
    stops > MOST_SAMPLES
      ? `it leads through ${stops} images, and ${MOST_SAMPLES} are the most of one run`
      : undefined,
  ]
}

const ofExperiment = (pipeline: Pipeline): readonly Flaw[] => {
  const { experiment, noise, outputs, batch, steps, condition } = pipeline
  if (experiment === undefined) return []
  const { kind } = experiment
  const way = ['experiment']
  const points = countOfSeeds(noise) ?? 1
  return [
    [
      ['batch'],
      batch !== undefined && ignores[kind]?.includes('batch') === true
        ? `${kind} has as many samples as ${kind === 'interpolate' ? 'its route has stops' : 'there are images'}`
        : undefined,
    ],
    [
      ['steps', 'finalLevel'],
      steps.finalLevel === 'first' && endsClean.has(kind)
        ? `it is first, and ${kind} ends at the clean level`
        : undefined,
    ],
    ...(kind === 'interpolate'
      ? ([
          [
            ['noise', 'seed'],
            points === 1 ? 'an interpolation takes a list of seeds, one for each point' : undefined,
          ],
          [
            [...way, 'route', 'kind'],
            experiment.route.kind === 'plane' && points !== 4
              ? `a plane leads through 4 points, and there are ${points} seeds`
              : undefined,
          ],
          [
            [...way, 'guidance'],
            experiment.guidance !== undefined && ![1, points].includes(experiment.guidance.length)
              ? `there are ${experiment.guidance.length} weights for ${points} points`
              : undefined,
          ],
          ofPoints(condition.labels, points),
          ofRoute([...way, 'route'], experiment.route, points),
        ] satisfies readonly Flaw[])
      : []),
    ...(kind === 'interpolate-images'
      ? [ofRoute([...way, 'route'], experiment.route, experiment.images.count)]
      : []),
    ...(kind === 'matrix'
      ? [
          ...experiment.samplers.map((sampler, i) => ofSampler([...way, 'samplers', String(i)], sampler)),
          ...outputs.map(({ kind: written }, i): Flaw => [
            ['outputs', String(i), 'kind'],
            ['grid', 'samples'].includes(written)
              ? undefined
              : `a matrix is a grid or samples, and no ${written}`,
          ]),
          [
            ['steps'],
            'count' in pipeline.steps ? undefined : 'a matrix takes steps that are counted',
          ] satisfies Flaw,
        ]
      : []),
  ]
}

const ofOutputs = ({ outputs }: Pipeline): readonly Flaw[] =>
  outputs.map(({ path, ...look }, i) => {
    const output = outputOf(path, look)
    return [
      ['outputs', String(i), 'path'],
      outputs.findIndex((other) => other.path === path) < i
        ? `it is ${path}, as that of another output`
        : E.isLeft(output)
          ? `it is ${path}, and ${output.left.reason}`
          : undefined,
    ]
  })

/** Flaws, and the settings that they are about. */
type About = readonly [settings: readonly Setting[], flaws: readonly Flaw[]]

/**
 * What is impossible in a pipeline, all of it.
 *
 * @param pipeline - which its codec takes
 * @param doubtful - settings of which nothing is known; what is about them is left unsaid
 */
export const flawsOf = (
  pipeline: Pipeline,
  doubtful: ReadonlySet<Setting> = new Set(),
): readonly PipelineError[] => {
  const { noise, steps, sampler } = pipeline
  const all: readonly About[] = [
    [['noise'], [[['noise'], flawOfNoise(noise) ?? refusal(stageNoise(noise))]]],
    [['steps'], [[['steps'], refusal(stageSteps(steps))]]],
    [['sampler'], [ofSampler(['sampler'], sampler)]],
    [['noise', 'batch', 'experiment'], ofBatch(pipeline)],
    [['fork', 'steps', 'experiment'], ofFork(pipeline)],
    [['experiment', 'noise', 'outputs', 'batch', 'steps', 'condition'], ofExperiment(pipeline)],
    [['outputs'], ofOutputs(pipeline)],
  ]
  return all
    .filter(([settings]) => !settings.some((setting) => doubtful.has(setting)))
    .flatMap(([, flaws]) => flaws)
    .flatMap(([way, reason]) => (reason === undefined ? [] : [{ way, reason }]))
}

/**
 * Experiments as the compositions that a user would write.
 */
import { interpolate, type InterpolateConfig } from '../experiment/interpolate.ts'
import { type CellRun, matrix, type MatrixConfig } from '../experiment/matrix.ts'
import { cellCaptions, matrixSheet, sheetColumns } from '../experiment/matrix-sheet.ts'
import { captionsAlong } from '../experiment/route.ts'
import { captionsOf } from '../model/batch-labels.ts'
import type { Denoiser } from '../model/denoiser.ts'
import { type Bench, columnsOf, type Of, type Operator } from './bench.ts'
import type { Composed, Tensor } from './composition.ts'
import { stageGuided } from './condition.ts'
import type { Experiment } from './experiment.ts'
import { batchOfNoise, seedsOf, stageNoise } from './noise.ts'
import type { Pipeline } from './pipeline.ts'
import { type Program, program } from './program.ts'
import { stageMix, stageRoute } from './route.ts'
import { stageSampler } from './sampler.ts'
import { mixed, ofImages, painted, reconstructed } from './stage-images.ts'
import { clipOf, nameBatch, stageTransitions } from './stage-run.ts'
import { call, field, type Fields, list, literal, piped, record, type Staged } from './staged.ts'
import { stageSteps, type Steps } from './steps.ts'

const interpolated = (
  { pipeline, model, guided: _, rule, naming }: Bench,
  experiment: Of<'interpolate'>,
): Fields<Composed> => {
  const { noise, condition, clip: __ } = pipeline
  const seeds = seedsOf(noise) ?? []
  const batch = nameBatch(condition, seeds.length, model, naming)
  const guidance = experiment.guidance ?? [condition.guidance]
  const config: Fields<InterpolateConfig<Tensor>> = {
    model: model,
    rule,
    route: stageRoute(experiment.route),
    noise: list(seeds.map((seed) => stageNoise({ kind: noise.kind, seed }))),
    guidance: literal(guidance),
    mix: stageMix(experiment.mix),
    clip: clipOf(pipeline),
  }
  const operator = call(
    'interpolate',
    interpolate as (config: InterpolateConfig<Tensor>) => Operator,
    record<InterpolateConfig<Tensor>>(config, field(batch, 'condition')),
  )
  return {
    frames$: piped(stageTransitions(pipeline, model), operator),
    captions: call(
      'captionsAlong',
      captionsAlong,
      stageRoute(experiment.route),
      call('captionsOf', captionsOf, batch, literal(seeds)),
    ),
    columns: columnsOf(experiment.route),
  }
}

const sheet = ({ pipeline, model, guided, naming }: Bench, experiment: Of<'matrix'>): Fields<Composed> => {
  const { noise, condition, batch: asked, steps } = pipeline
  const batch = nameBatch(condition, batchOfNoise(noise) ?? asked, model, naming)
  const spacings = experiment.counts.map((count) => stageSteps({ ...steps, count } as Steps))
  const cells = naming.name(
    'cells',
    call(
      'matrix',
      matrix as (config: MatrixConfig<Tensor>) => ReadonlyArray<CellRun<Tensor>>,
      record<MatrixConfig<Tensor>>({
        model: guided,
        rules: list(experiment.samplers.map(stageSampler)),
        spacings: list(spacings),
        noise: stageNoise(noise),
        condition: field(batch, 'condition'),
        batch: field(batch, 'rows'),
        clip: clipOf(pipeline),
      }),
    ),
  )
  return {
    frames$: call('matrixSheet', matrixSheet<Tensor>, model as Staged<Denoiser<Tensor>>, cells),
    captions: call('cellCaptions', cellCaptions, cells, field(batch, 'rows')),
    columns: call('sheetColumns', sheetColumns, cells, field(batch, 'rows')),
  }
}

const staged = (bench: Bench, experiment: Experiment): Fields<Composed> => {
  switch (experiment.kind) {
    case 'interpolate':
      return interpolated(bench, experiment)
    case 'interpolate-images':
      return mixed(bench, experiment)
    case 'image-to-image':
    case 'vary':
      return ofImages(bench, experiment)
    case 'inpaint':
      return painted(bench, experiment)
    case 'reconstruct':
      return reconstructed(bench, experiment)
    case 'matrix':
      return sheet(bench, experiment)
  }
}

/** An experiment as a program. */
export const experimentProgram = (pipeline: Pipeline, experiment: Experiment): Program<Composed> =>
  program((model, naming) =>
    record<Composed>(
      staged(
        {
          pipeline,
          model,
          guided: stageGuided(pipeline.condition, model as Staged<Denoiser<Tensor>>),
          rule: stageSampler(pipeline.sampler),
          naming,
        },
        experiment,
      ),
    ),
  )

/**
 * Experiments as the compositions that a user would write.
 */
import type { Observable } from 'rxjs'
import type { Shape, Values } from '../algebra/algebra.ts'
import { halfKnown, boxUnknown } from '../experiment/mask.ts'
import type { Rule } from '../diffusion/rule.ts'
import { type Spacing, strength } from '../diffusion/spacing.ts'
import type { Model } from '../engine/engine.ts'
import { imageToImage, type ImageToImageConfig } from '../experiment/image-to-image.ts'
import { inpaint, type InpaintConfig } from '../experiment/inpaint.ts'
import { interpolate, type InterpolateConfig } from '../experiment/interpolate.ts'
import { interpolateImages, type InterpolateImagesConfig } from '../experiment/interpolate-images.ts'
import { type CellRun, matrix, type MatrixConfig } from '../experiment/matrix.ts'
import { cellCaptions, matrixSheet, sheetColumns } from '../experiment/matrix-sheet.ts'
import { reconstruct } from '../experiment/reconstruct.ts'
import type { CodingConfig } from '../experiment/coding.ts'
import { captionsAlong } from '../experiment/route.ts'
import { still } from '../experiment/still.ts'
import { captionsOf } from '../model/batch-labels.ts'
import type { Denoiser } from '../model/denoiser.ts'
import type { Frame } from '../stream/frame.ts'
import { rowsOfNoise, seedsOf, stageNoise } from './noise.ts'
import type { Composed, Tensor } from './composition.ts'
import { stageGuided } from './condition.ts'
import type { Experiment, KnownSettings } from './experiment.ts'
import { type Pictures, readMask, readPictures, type ReadPictures } from './images.ts'
import type { Pipeline } from './pipeline.ts'
import { type Naming, type Program, program } from './program.ts'
import { stageMix, stageRoute } from './route.ts'
import { stageSampler } from './sampler.ts'
import { clipOf, nameBatch, stageTransitions } from './stage-run.ts'
import { call, field, type Fields, list, literal, piped, record, type Staged } from './staged.ts'
import { stageSteps, type Steps } from './steps.ts'

type Of<K extends Experiment['kind']> = Extract<Experiment, { readonly kind: K }>
type Frames = Staged<Observable<Frame<Tensor>>>
type Operator = (source: never) => Observable<Frame<Tensor>>

/** Everything that is at hand. */
interface Bench {
  readonly pipeline: Pipeline
  readonly model: Staged<Model>
  readonly guided: Staged<Denoiser<Tensor>>
  readonly rule: Staged<Rule>
  readonly naming: Naming
}

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

/** As many in a row as from point to point, or as the plane has. */
const columnsOf = (route: Of<'interpolate'>['route']): Staged<number> =>
  literal(route.kind === 'plane' ? route.columns : route.kind === 'loop' ? route.frames - 1 : route.frames)

/** The images of an experiment, by the name `pictures`. */
const pictured = (
  { pipeline: { condition }, model, naming }: Bench,
  settings: ReadPictures,
): Staged<Pictures> =>
  naming.awaited(
    'pictures',
    call(
      'readPictures',
      readPictures,
      model,
      literal<ReadPictures>({
        ...settings,
        ...(condition.labels === undefined ? {} : { labels: condition.labels }),
      }),
    ),
  )

const shorter = ({ steps }: Pipeline, share: number): Staged<Spacing> =>
  share === 1 ? stageSteps(steps) : call('strength', strength, stageSteps(steps), literal(share))

const ofImages = (bench: Bench, experiment: Of<'image-to-image' | 'vary'>): Fields<Composed> => {
  const { pipeline, model, guided, rule } = bench
  const pictures = pictured(
    bench,
    experiment.kind === 'vary'
      ? { ...experiment.images, count: 1, repeat: experiment.variations }
      : experiment.images,
  )
  const images = field(pictures, 'images')
  const config = record<ImageToImageConfig<Tensor>>({
    model: guided,
    rule,
    noise: stageNoise(pipeline.noise),
    condition: field(pictures, 'condition'),
    images,
    clip: clipOf(pipeline),
  })
  const frames$: Frames =
    experiment.strength === 0
      ? call('still', still<Tensor>, model as Staged<Denoiser<Tensor>>, images)
      : piped(
          stageTransitions(pipeline, model, shorter(pipeline, experiment.strength)),
          call('imageToImage', imageToImage as (config: ImageToImageConfig<Tensor>) => Operator, config),
        )
  return { frames$, captions: field(pictures, 'captions') }
}

const stageKnown = (
  known: KnownSettings,
  model: Staged<Model>,
  shape: Staged<Shape>,
  { awaited }: Naming,
): Staged<Values> => {
  switch (known.kind) {
    case 'half':
      return call('halfKnown', halfKnown, shape, literal(known.side))
    case 'around': {
      const { kind: _, ...box } = known
      return call('boxUnknown', boxUnknown, shape, literal(box))
    }
    case 'mask':
      return awaited('mask', call('readMask', readMask, model, literal(known.path), shape))
  }
}

const painted = (bench: Bench, experiment: Of<'inpaint'>): Fields<Composed> => {
  const { pipeline, model, guided, rule, naming } = bench
  const pictures = pictured(bench, experiment.images)
  const images = field(pictures, 'images')
  const config = record<InpaintConfig<Tensor>>({
    model: guided,
    rule,
    noise: stageNoise(pipeline.noise),
    condition: field(pictures, 'condition'),
    images,
    mask: stageKnown(experiment.known, model, field(images, 'shape'), naming),
    jump: literal(experiment.jump),
    resample: literal(experiment.resample),
    clip: clipOf(pipeline),
  })
  return {
    frames$: piped(
      stageTransitions(pipeline, model),
      call('inpaint', inpaint as (config: InpaintConfig<Tensor>) => Operator, config),
    ),
    captions: field(pictures, 'captions'),
  }
}

const coding = (
  { refinements, evaluateAt }: Of<'reconstruct'>,
  model: Staged<Denoiser<Tensor>>,
  spacing: Staged<Spacing>,
): Fields<CodingConfig<Tensor>> => ({
  model,
  spacing,
  refinements: literal(refinements),
  evaluateAt: literal(evaluateAt),
})

const reconstructed = (bench: Bench, experiment: Of<'reconstruct'>): Fields<Composed> => {
  const pictures = pictured(bench, experiment.images)
  const config = record<CodingConfig<Tensor>>({
    ...coding(experiment, bench.guided, stageSteps(bench.pipeline.steps)),
    condition: field(pictures, 'condition'),
  })
  return {
    frames$: call('reconstruct', reconstruct<Tensor>, config, field(pictures, 'images')),
    captions: field(pictures, 'captions'),
  }
}

const mixed = (bench: Bench, experiment: Of<'interpolate-images'>): Fields<Composed> => {
  const { pipeline, guided } = bench
  const pictures = pictured(bench, experiment.images)
  const { refinements, evaluateAt, images, route, mix, depth } = experiment
  const config = record<InterpolateImagesConfig<Tensor>>(
    {
      ...coding({ kind: 'reconstruct', images, refinements, evaluateAt }, guided, shorter(pipeline, depth)),
      route: stageRoute(route),
      mix: stageMix(mix),
    },
    field(pictures, 'condition'),
  )
  return {
    frames$: call('interpolateImages', interpolateImages<Tensor>, config, field(pictures, 'images')),
    captions: call('captionsAlong', captionsAlong, stageRoute(route), field(pictures, 'captions')),
    columns: columnsOf(route),
  }
}

const sheet = ({ pipeline, model, guided, naming }: Bench, experiment: Of<'matrix'>): Fields<Composed> => {
  const { noise, condition, batch: asked, steps } = pipeline
  const batch = nameBatch(condition, rowsOfNoise(noise) ?? asked, model, naming)
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

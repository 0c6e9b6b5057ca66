/**
 * Experiments that begin with images, as the compositions that a user would write.
 */
import type { Shape, Values } from '../algebra/algebra.ts'
import { type Spacing, strength } from '../diffusion/spacing.ts'
import type { Model } from '../engine/engine.ts'
import type { CodingConfig } from '../experiment/coding.ts'
import { imageToImage, type ImageToImageConfig } from '../experiment/image-to-image.ts'
import { inpaint, type InpaintConfig } from '../experiment/inpaint.ts'
import { interpolateImages, type InterpolateImagesConfig } from '../experiment/interpolate-images.ts'
import { boxUnknown, halfKnown } from '../experiment/mask.ts'
import { reconstruct } from '../experiment/reconstruct.ts'
import { captionsAlong } from '../experiment/route.ts'
import { still } from '../experiment/still.ts'
import type { Denoiser } from '../model/denoiser.ts'
import { type Bench, columnsOf, type Frames, type Of, type Operator } from './bench.ts'
import type { Composed, Tensor } from './composition.ts'
import { type Pictures, readMask, readPictures, type ReadPictures } from './images.ts'
import { stageNoise } from './noise.ts'
import type { Pipeline } from './pipeline.ts'
import type { Naming } from './program.ts'
import { stageMix, stageRoute } from './route.ts'
import { clipOf, stageTransitions } from './stage-run.ts'
import { call, field, type Fields, literal, piped, record, type Staged } from './staged.ts'
import { stageSteps } from './steps.ts'

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

/** Image to image, and variations. */
export const ofImages = (bench: Bench, experiment: Of<'image-to-image' | 'vary'>): Fields<Composed> => {
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
  { known, images: { resize } }: Of<'inpaint'>,
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
      return awaited(
        'mask',
        call(
          'readMask',
          readMask,
          model,
          literal(known.path),
          shape,
          literal(resize ? { resize } : undefined),
        ),
      )
  }
}

/** Inpainting. */
export const painted = (bench: Bench, experiment: Of<'inpaint'>): Fields<Composed> => {
  const { pipeline, model, guided, rule, naming } = bench
  const pictures = pictured(bench, experiment.images)
  const images = field(pictures, 'images')
  const config = record<InpaintConfig<Tensor>>({
    model: guided,
    rule,
    noise: stageNoise(pipeline.noise),
    condition: field(pictures, 'condition'),
    images,
    mask: stageKnown(experiment, model, field(images, 'shape'), naming),
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

/** Reconstruction. */
export const reconstructed = (bench: Bench, experiment: Of<'reconstruct'>): Fields<Composed> => {
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

/** Interpolation between images. */
export const mixed = (bench: Bench, experiment: Of<'interpolate-images'>): Fields<Composed> => {
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

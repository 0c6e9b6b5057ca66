/**
 * Experiments: what a pipeline does instead of sampling: `experiment: { kind: inpaint, … }`.
 */
import { listOf, numberIn, oneOf, wholeFrom, words } from '../codecs.ts'
import type { Box, Side } from '../experiment/mask.ts'
import type { EvaluateAt } from '../diffusion/transition.ts'
import { MOST_GUIDANCE, MOST_SAMPLES } from '../limits.ts'
import type * as t from 'io-ts'
import { imagesCodec, type ImagesSettings } from './images.ts'
import { mixField, type MixName, routeCodec, type RouteSettings } from './route.ts'
import { samplerCodec, type Sampler } from './sampler.ts'
import { defaulted, free, kind, needed, struct } from './struct.ts'
import { type Variants, variants } from './variants.ts'

/** Which part of images is known. */
export type KnownSettings =
  | { readonly kind: 'half'; readonly side: Side }
  | ({ readonly kind: 'around' } & Box)
  | { readonly kind: 'mask'; readonly path: string }

/** How images are encoded. */
interface Coding {
  readonly refinements: number
  readonly evaluateAt: EvaluateAt
}

/** An experiment. */
export type Experiment =
  | {
      readonly kind: 'interpolate'
      readonly route: RouteSettings
      readonly mix: MixName
      readonly guidance?: readonly number[]
    }
  | ({
      readonly kind: 'interpolate-images'
      readonly images: ImagesSettings
      readonly depth: number
      readonly route: RouteSettings
      readonly mix: MixName
    } & Coding)
  | { readonly kind: 'image-to-image'; readonly images: ImagesSettings; readonly strength: number }
  | {
      readonly kind: 'vary'
      readonly images: ImagesSettings
      readonly strength: number
      readonly variations: number
    }
  | {
      readonly kind: 'inpaint'
      readonly images: ImagesSettings
      readonly known: KnownSettings
      readonly jump: number
      readonly resample: number
    }
  | ({ readonly kind: 'reconstruct'; readonly images: ImagesSettings } & Coding)
  | {
      readonly kind: 'matrix'
      readonly samplers: readonly Sampler[]
      readonly counts: readonly number[]
    }

const fromPackage: ImagesSettings = { first: 0, count: 8, resize: false }
const images = defaulted(imagesCodec, fromPackage, 'The images.')
const strength = defaulted(
  numberIn(0, 1),
  0.6,
  'How much of the chain is run: near 0 the images stay as they are, 1 forgets them.',
)
const coding = {
  refinements: defaulted(wholeFrom(0), 0, 'How often each step up asks the network again.'),
  evaluateAt: defaulted(
    oneOf<EvaluateAt>('source', 'destination'),
    'destination',
    'Where the way up asks the network.',
  ),
}
const route = defaulted(routeCodec as t.Type<RouteSettings>, { kind: 'path', frames: 9 }, 'Its route.')

/** The codec of what is known. */
export const knownCodec: Variants<KnownSettings> = variants<KnownSettings>('a known part', {
  half: struct('half', {
    kind: kind('half'),
    side: defaulted(oneOf<Side>('left', 'right', 'top', 'bottom'), 'left', 'Which half is known.'),
  }),
  around: struct('around', {
    kind: kind('around'),
    top: needed(wholeFrom(0), 'Of the box that is painted, in pixels.'),
    left: needed(wholeFrom(0), 'Of the box that is painted, in pixels.'),
    height: needed(wholeFrom(1), 'Of the box that is painted, in pixels.'),
    width: needed(wholeFrom(1), 'Of the box that is painted, in pixels.'),
  }),
  mask: struct('mask', {
    kind: kind('mask'),
    path: needed(words, 'A picture, white where the images are known; one for all, or one for each.'),
  }),
})

/** The codec of an experiment. */
export const experimentCodec: Variants<Experiment> = variants<Experiment>('an experiment', {
  interpolate: struct('interpolate', {
    kind: kind('interpolate'),
    route,
    mix: mixField,
    guidance: free(
      listOf('weights', numberIn(0, MOST_GUIDANCE)),
      'The weight of the labels at each point; that of the condition unless said.',
    ),
  }),
  'interpolate-images': struct('interpolate-images', {
    kind: kind('interpolate-images'),
    images,
    depth: defaulted(numberIn(0, 1), 1, 'How far up the images are encoded: 1 is x_T.'),
    route,
    mix: mixField,
    ...coding,
  }),
  'image-to-image': struct('image-to-image', { kind: kind('image-to-image'), images, strength }),
  vary: struct('vary', {
    kind: kind('vary'),
    images,
    strength,
    variations: defaulted(wholeFrom(1, MOST_SAMPLES), 8, 'How many of the first image.'),
  }),
  inpaint: struct('inpaint', {
    kind: kind('inpaint'),
    images,
    known: defaulted(knownCodec as t.Type<KnownSettings>, { kind: 'half', side: 'left' }, 'What is known.'),
    jump: defaulted(wholeFrom(1), 10, 'How many steps to go back each time.'),
    resample: defaulted(wholeFrom(1), 10, 'How often each stretch is gone down; 1 never goes back.'),
  }),
  reconstruct: struct('reconstruct', { kind: kind('reconstruct'), images, ...coding }),
  matrix: struct('matrix', {
    kind: kind('matrix'),
    samplers: defaulted(
      listOf('samplers', samplerCodec as t.Type<Sampler>),
      [
        { kind: 'ddim', eta: 0 },
        { kind: 'ddpm', variance: 'fixed-small' },
      ] as readonly Sampler[],
      'The rows.',
    ),
    counts: defaulted(
      listOf('numbers of steps', wholeFrom(1)),
      [5, 10, 20, 50] as readonly number[],
      'The columns: numbers of steps, of the spacing that steps says.',
    ),
  }),
})

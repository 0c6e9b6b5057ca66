/** What is measured: every number of the paper's tables that this model has, and what it takes to measure it. */
import { ddim, ddpm, quadratic, type Rule, type Spacing, trailing } from '../../src/node.ts'

/** The paper's columns: η of DDIM, or σ̂, DDPM with the larger variance. */
export const etas = ['0', '0.2', '0.5', '1', 'σ̂'] as const
export type Eta = (typeof etas)[number]

/** Timesteps evenly apart, or as squares, both from the noisiest (arXiv:2010.02502, app. D.2). */
export const spacings = {
  uniform: trailing,
  quadratic: (steps: number) => quadratic(steps, { from: 'T' }),
} as const satisfies Record<string, (steps: number) => Spacing>
export type SpacingName = keyof typeof spacings

/** Samples against data. */
export interface QualityCell {
  readonly kind: 'quality'
  readonly eta: Eta
  readonly spacing: SpacingName
  readonly steps: number
  readonly images: number
}

/** Images to noise and back. */
export interface ReconstructionCell {
  readonly kind: 'reconstruction'
  readonly steps: number
  readonly images: number
}

/** How long a few samples take. */
export interface TimeCell {
  readonly kind: 'time'
  readonly steps: number
  readonly images: number
}

export type Cell = QualityCell | ReconstructionCell | TimeCell

export const keyOf = (cell: Cell): string =>
  cell.kind === 'quality'
    ? `quality, ${cell.spacing}, η ${cell.eta}, ${String(cell.steps)} steps`
    : `${cell.kind}, ${String(cell.steps)} steps`

export const ruleFor = (eta: Eta): Rule =>
  eta === 'σ̂' ? ddpm({ variance: 'fixed-large' }) : ddim({ eta: Number(eta) })

/** How many images every cell is compared at, since the Fréchet distance depends on their number. */
export const COMMON = 256
const MANY = 1024

const few = [10, 20, 50, 100] as const
const table = (spacing: SpacingName, steps: readonly number[], of: readonly Eta[], images: number): Cell[] =>
  steps.flatMap((count) => of.map((eta): Cell => ({ kind: 'quality', eta, spacing, steps: count, images })))

/** In the order in which they are measured: what says most per minute comes first, and times when nothing else is to do. */
export const cells: readonly Cell[] = [
  ...table('uniform', few, etas, MANY),
  ...table('uniform', [1000], ['0', '1', 'σ̂'], COMMON),
  ...[10, 20, 50, 100, 200].map((steps): Cell => ({ kind: 'reconstruction', steps, images: 512 })),
  ...table('quadratic', few, etas, MANY),
  ...[500, 1000].map((steps): Cell => ({ kind: 'reconstruction', steps, images: 128 })),
  ...[10, 20, 50, 100, 200, 500, 1000].map((steps): Cell => ({ kind: 'time', steps, images: 16 })),
]

/**
 * What every experiment has at hand.
 */
import type { Observable } from 'rxjs'
import type { Rule } from '../diffusion/rule.ts'
import type { Model } from '../engine/engine.ts'
import type { Denoiser } from '../model/denoiser.ts'
import type { Frame } from '../stream/frame.ts'
import type { Tensor } from './composition.ts'
import type { Experiment } from './experiment.ts'
import type { Pipeline } from './pipeline.ts'
import type { Naming } from './program.ts'
import { literal, type Staged } from './staged.ts'

/** An experiment of one kind. */
export type Of<K extends Experiment['kind']> = Extract<Experiment, { readonly kind: K }>
/** Frames of a run. */
export type Frames = Staged<Observable<Frame<Tensor>>>

/** From transitions to frames, whatever the transitions are. */
export type Operator = (source: never) => Observable<Frame<Tensor>>

/** Everything that is at hand. */
export interface Bench {
  readonly pipeline: Pipeline
  readonly model: Staged<Model>
  readonly guided: Staged<Denoiser<Tensor>>
  readonly rule: Staged<Rule>
  readonly naming: Naming
}

/** As many in a row as from point to point, or as the plane has. */
export const columnsOf = (route: Of<'interpolate'>['route']): Staged<number> =>
  literal(route.kind === 'plane' ? route.columns : route.kind === 'loop' ? route.frames - 1 : route.frames)

/**
 * What the operators of this folder ask of what passes through them. Frames have it, frames with a tag of their own, and
 * snapshots; each operator gives back the type that it was given.
 */
import type { Transition } from '../../diffusion/transition.ts'
import type { Frame } from '../frame.ts'

/** Something that knows which step of a chain it belongs to. */
export interface OfStep {
  readonly transition: Transition
}

/** Something of a step that can hold its run. */
export interface Holding extends OfStep {
  readonly waitUntil: Frame<unknown>['waitUntil']
}

/**
 * Images and their classes: what models are measured on.
 */
import type { Values } from '../algebra/algebra.ts'
import type { Condition } from './denoiser.ts'

/** Images, and what they show. */
export interface LabelledImages extends Condition {
  /** `[rows, …shape]`, in `[−1, 1]`. */
  readonly images: Values
}

/**
 * The public door that opens everywhere: nothing here needs Node.
 */
export type * from './algebra/algebra.ts'
export * from './algebra/float64.ts'
export * from './algebra/numbers.ts'
export * from './algebra/tfjs.ts'
export * from './diffusion/clip.ts'
export * from './diffusion/estimate.ts'
export * from './diffusion/forward.ts'
export * from './diffusion/level.ts'
export * from './diffusion/linear-form.ts'
export * from './diffusion/preset.ts'
export * from './diffusion/rule.ts'
export * from './diffusion/schedule.ts'
export * from './diffusion/sigma.ts'
export * from './diffusion/spacing.ts'
export * from './diffusion/sum.ts'
export * from './diffusion/terms.ts'
export * from './diffusion/transition.ts'
export {
  fail,
  isFailure,
  render,
  type Failure,
  type FailureFacts,
  type FailureOf,
  type FailureTag,
} from './failure.ts'
export * from './model/ask.ts'
export type * from './model/denoiser.ts'
export * from './model/gaussian-mixture.ts'
export * from './model/guided.ts'
export type * from './noise/noise-source.ts'
export * from './noise/philox.ts'
export * from './noise/torch.ts'
export * from './or-throw.ts'
export * from './stream/denoise.ts'
export type { Frame, FrameField, OwnedFrame } from './stream/frame.ts'
export * from './stream/macrotask.ts'
export * from './stream/respace.ts'
export { settled } from './stream/run.ts'
export * from './stream/snapshot.ts'
export * from './stream/step.ts'

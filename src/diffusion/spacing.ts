/**
 * Which levels to visit on the way from noise to image: what a spacing is, and the ways there are.
 */
export * from './spacings/explicit.ts'
export * from './spacings/exponential.ts'
export { fromSigmas } from './spacings/from-sigmas.ts'
export * from './spacings/karras.ts'
export * from './spacings/leading.ts'
export * from './spacings/linspace.ts'
export * from './spacings/polyexponential.ts'
export * from './spacings/quadratic.ts'
export * from './spacings/respaced-schedule.ts'
export * from './spacings/respacing.ts'
export * from './spacings/round-half-even.ts'
export { spacingOf, type SpacingSettings } from './spacings/settings.ts'
export type { Rho, SigmaRange } from './spacings/sigma-sequence.ts'
export type * from './spacings/spacing.ts'
export * from './spacings/strength.ts'
export * from './spacings/trailing.ts'
/** The spacings of a number of steps, by name. */
export * as spacings from './spacings/by-name.ts'

/**
 * Rules that look back, or ask twice: what solvers there are, and all rules by name.
 */
export * from './solvers/dpm2.ts'
export * from './solvers/dpmpp-2m.ts'
export * from './solvers/dpmpp-3m.ts'
export * from './solvers/euler.ts'
export { halfLogSnr } from './solvers/half-log-snr.ts'
export * from './solvers/heun.ts'
export * from './solvers/lcm.ts'
export * from './solvers/plms.ts'
export { ruleOf, type RuleSettings } from './solvers/settings.ts'
export * from './solvers/unipc.ts'
export { withEps, withX0 } from './solvers/with-estimate.ts'
/** The rules by name. */
export * as rules from './solvers/by-name.ts'

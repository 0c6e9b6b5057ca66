/**
 * The noise schedule: what it is, and the kinds there are.
 */
export * from './schedules/const.ts'
export * from './schedules/continuous-linear.ts'
export * from './schedules/cosine.ts'
export * from './schedules/exp.ts'
export * from './schedules/exploding.ts'
export * from './schedules/flow.ts'
export * from './schedules/from-function.ts'
export * from './schedules/jsd.ts'
export * from './schedules/laplace.ts'
export { levelAt, levelAtSigma, sigmaOfLevel } from './schedules/levels.ts'
export * from './schedules/linear.ts'
export type { BetaRange } from './schedules/ramp.ts'
export * from './schedules/scaled-linear.ts'
export * from './schedules/sigmoid-alpha-bar.ts'
export * from './schedules/sigmoid.ts'
export {
  type Continuation,
  type Precision,
  type Schedule,
  scheduleFromAlphaBars,
  scheduleFromBetas,
  type TableOptions,
} from './schedules/table.ts'
export * from './schedules/zero-terminal-snr.ts'
/** The kinds of schedule by name. */
export * as schedules from './schedules/by-name.ts'

/**
 * What verbs that have fewer flags than `sample` leave as it is.
 */
import type { Flags } from './settings.ts'

/** The defaults of `sample`. */
export const samplingDefaults: Flags = {
  sampler: 'ddim',
  rng: 'philox',
  guidance: '1',
  engine: 'auto',
}

/**
 * How much one run may be asked for, wherever it is asked: flags, files, code.
 */

/** The most samples of one run. */
export const MOST_SAMPLES = 4096

/** The most guidance: images are lost long before, and float32 not much later. */
export const MOST_GUIDANCE = 1000

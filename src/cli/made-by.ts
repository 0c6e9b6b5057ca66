/**
 * How files are made, from the flags that they are made by.
 */
import type { Provenance } from '../media/output/provenance.ts'
import { outputFlagNames } from './output-flags.ts'

/** A flag as people type it: `--final-level`. */
export const dashed = (name: string): string =>
  `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

/**
 * The words that give a verb these flags again: all that are set, but for the outputs.
 *
 * @param verb - such as `sample`
 * @param flags - as commander has them
 */
export const commandOf = (verb: string, flags: object): readonly string[] => [
  verb,
  ...Object.entries(flags).flatMap(([name, value]: [string, unknown]): readonly string[] => {
    if (outputFlagNames.has(name) || value === undefined || value === false) return []
    if (value === true) return [dashed(name)]
    const values: readonly unknown[] = Array.isArray(value) ? value : [value]
    // what begins with a dash would be taken for a flag
    return values.map((one) => `${dashed(name)}=${String(one)}`)
  }),
]

/** How a run is made, but for the version of this package and how far it came. */
export type MadeBy = Omit<Provenance, 'version' | 'interrupted'>

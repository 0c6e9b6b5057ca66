/** How a file was made, as it is kept in the file: enough to make it again. */
import * as t from 'io-ts'

/** How a file was made. */
export interface Provenance {
  /** Of this package. */
  readonly version: string
  /** How it is made in a few words, for people. */
  readonly recipe: string
  /** What the command line is to be told to make it again, but for the outputs: a verb and all flags, defaults included. */
  readonly command: readonly string[]
  /** Everything that was settled, by name. */
  readonly settings: Readonly<Record<string, unknown>>
  /** The pipeline, where there was one. */
  readonly pipeline?: unknown
  /** Which branch of its fork the file shows, where it shows one. */
  readonly branch?: string
  /** The folder from which its relative paths lead on, where it has any. */
  readonly folder?: string
  /** How far it came, where it was cut short. A video says its provenance before it knows. */
  readonly interrupted?: { readonly steps: number; readonly of: number } | undefined
}

const codec: t.Type<Provenance> = t.intersection([
  t.type({
    version: t.string,
    recipe: t.string,
    command: t.readonlyArray(t.string),
    settings: t.record(t.string, t.unknown),
  }),
  t.partial({ branch: t.string, folder: t.string }),
])

/** Whether somebody else's JSON says how a file was made. */
export const isProvenance = (value: unknown): value is Provenance => codec.is(value)

/** The same of a file that shows one branch. */
export const inBranchOnly = (provenance: Provenance, branch: string): Provenance =>
  // not a copy: whether the run was cut short is known later
  Object.defineProperties({} as Provenance, {
    ...Object.getOwnPropertyDescriptors(provenance),
    branch: { value: branch, enumerable: true },
  })

/** The keyword of the JSON in a file's texts. */
export const provenanceKey = 'rxdiffusion'

/** As one line of ASCII, for files that know no other letters; it parses to the same. */
export const provenanceLine = (provenance: Provenance): string =>
  // a lone half of a pair is escaped as well as a whole letter
  JSON.stringify({ [provenanceKey]: provenance }).replace(
    /[\u007f-\uffff]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

/**
 * As texts by keyword, which PNG and safetensors keep.
 *
 * @param provenance - how the file was made
 */
export const provenanceText = (provenance: Provenance): Readonly<Record<string, string>> => ({
  Software: `rxdiffusion ${provenance.version}`,
  Description: provenance.recipe,
  // asked when the file is finished: whether the run was cut short is known no earlier
  get [provenanceKey]() {
    return JSON.stringify(provenance)
  },
})

/** The file beside one that can't say how it was made. */
export const sidecarOf = (path: string): string => `${path}.json`

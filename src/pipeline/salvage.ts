/**
 * What is sound by itself in a pipeline that can't be decoded: so that all that is wrong can be said at once.
 */
import type * as t from 'io-ts'
import { E } from '../fp.ts'
import { isRecord } from '../json.ts'
import { nearest } from '../nearest.ts'
import type { PipelineError } from './flaw.ts'
import { type Pipeline, pipelineCodec } from './pipeline.ts'

/** The settings of a pipeline. */
export type Setting = keyof Pipeline

/** A pipeline, and of which of its settings nobody knows what was meant. */
export interface Salvaged {
  readonly pipeline: Pipeline
  readonly doubtful: ReadonlySet<Setting>
}

const settings = Object.keys(pipelineCodec.fields) as readonly Setting[]

/** The setting that an error is about: of a name that is none, the one that was most likely meant. */
const settingOf = ({ way: [root = ''] }: PipelineError): Setting | undefined => {
  const meant = nearest(settings)(root)
  return settings.find((setting) => setting === root) ?? settings.find((setting) => setting === meant)
}

/** What stands for settings that have to be there. */
const stand = { version: 1, outputs: [{ kind: 'grid', path: 'grid.png' }] }

/**
 * Leaves out of a pipeline what is wrong with it.
 *
 * @param value - of a document
 * @param errors - what is wrong with it
 * @returns nothing where there is nothing left
 */
export const salvage = (value: unknown, errors: readonly PipelineError[]): Salvaged | undefined => {
  if (!isRecord(value)) return undefined
  const doubtful = new Set(errors.map(settingOf).filter((setting) => setting !== undefined))
  const wrong = new Set(errors.map(({ way: [root] }) => root))
  const rest = Object.fromEntries(Object.entries(value).filter(([key]) => !wrong.has(key)))
  const decoded: t.Validation<Pipeline> = pipelineCodec.decode({ ...stand, ...rest })
  return E.isRight(decoded) ? { pipeline: decoded.right, doubtful } : undefined
}

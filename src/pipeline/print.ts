/**
 * Pipelines as YAML.
 */
import { stringify } from 'yaml'
import { encodePipeline } from './decode.ts'
import type { Pipeline } from './pipeline.ts'

/**
 * Settings as YAML: what `--dry-run` shows.
 *
 * @param settings - as JSON could have them
 */
export const printSettings = (settings: unknown): string =>
  stringify(settings, {
    lineWidth: 100,
    flowCollectionPadding: true,
    aliasDuplicateObjects: false,
  })

/**
 * A pipeline as YAML, with every default.
 *
 * @param pipeline - decoded
 */
export const printPipeline = (pipeline: Pipeline): string => printSettings(encodePipeline(pipeline))

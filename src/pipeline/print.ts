/**
 * Pipelines as YAML.
 */
import { stringify } from 'yaml'
import { encodePipeline } from './decode.ts'
import type { Pipeline } from './pipeline.ts'

/**
 * A pipeline as YAML, with every default: what `--dry-run` shows.
 *
 * @param pipeline - decoded
 */
export const printPipeline = (pipeline: Pipeline): string =>
  stringify(encodePipeline(pipeline), {
    lineWidth: 100,
    flowCollectionPadding: true,
    aliasDuplicateObjects: false,
  })

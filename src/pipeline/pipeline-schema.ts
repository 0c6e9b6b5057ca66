/**
 * The JSON Schema of pipelines.
 */
import type { JsonSchema } from '../codecs.ts'
import { toJsonSchema } from './json-schema.ts'
import { pipelineCodec } from './pipeline.ts'

/**
 * The JSON Schema (draft 2020-12) of pipelines, made of their codec.
 *
 * @example
 * ```ts
 * expect(pipelineSchema()).toMatchObject({ required: ['version', 'outputs'], additionalProperties: false })
 * ```
 */
export const pipelineSchema = (): JsonSchema => ({
  title: 'A pipeline of rxdiffusion',
  ...toJsonSchema(pipelineCodec),
})

import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { rules } from '../../src/diffusion/solver.ts'
import { spacings } from '../../src/diffusion/spacing.ts'
import { E } from '../../src/fp.ts'
import { pipelineSchema } from '../../src/pipeline/pipeline-schema.ts'
import { pipelineCodec } from '../../src/pipeline/pipeline.ts'
import { samplerCodec } from '../../src/pipeline/sampler.ts'
import { stepsCodec } from '../../src/pipeline/steps.ts'
import { broken, sound } from './arbitrary.ts'

const validate = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true }).compile(
  pipelineSchema(),
)
const decode = (value: unknown): boolean => E.isRight(pipelineCodec.decode(value))

describe('the JSON Schema of pipelines', () => {
  it('is the one that is checked in', () => {
    const checkedIn: unknown = JSON.parse(readFileSync('pipelines/schema.json', 'utf8'))
    expect(JSON.parse(JSON.stringify(pipelineSchema()))).toEqual(checkedIn)
  })

  it('takes what the codecs take', () => {
    fc.assert(
      fc.property(sound(pipelineCodec), (document) => {
        expect([decode(document), validate(document), validate.errors]).toEqual([true, true, null])
      }),
      { numRuns: 300 },
    )
  })

  it('refuses what the codecs refuse, and nothing else', () => {
    const seen = { taken: 0, refused: 0 }
    fc.assert(
      fc.property(broken(pipelineCodec), (document) => {
        const taken = decode(document)
        seen[taken ? 'taken' : 'refused'] += 1
        expect(validate(document)).toBe(taken)
      }),
      { numRuns: 2000 },
    )
    expect(seen.refused).toBeGreaterThan(500)
    expect(seen.taken).toBeGreaterThan(20)
  })
})

describe('the vocabulary', () => {
  it('has every rule', () => {
    expect(Object.keys(samplerCodec.members).toSorted()).toEqual(
      [...Object.keys(rules), 'sum', 'chain'].toSorted(),
    )
  })

  it('has every spacing', () => {
    expect(Object.keys(stepsCodec.members).toSorted()).toEqual(
      [...Object.keys(spacings), 'explicit', 'respacing'].toSorted(),
    )
  })
})

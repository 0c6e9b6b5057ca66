import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { E, pipe } from '../../src/fp.ts'
import { orThrow } from '../../src/or-throw.ts'
import { assign } from '../../src/pipeline/assign.ts'
import { decodePipeline, encodePipeline } from '../../src/pipeline/decode.ts'
import { decodeDocument, type Document, parseDocument } from '../../src/pipeline/document.ts'
import { pipelineCodec } from '../../src/pipeline/pipeline.ts'
import { sweep } from '../../src/pipeline/sweep.ts'
import { sound } from './arbitrary.ts'

const outputs = [{ kind: 'grid', path: 'grid.png' }]
const documentOf = (text: string): Document => orThrow(parseDocument('p.yaml', text))

/** The lines that are said of a text. */
const complaints = (text: string): readonly string[] =>
  pipe(
    parseDocument('p.yaml', text),
    E.chain(decodeDocument),
    E.match(
      ({ problems }) => problems,
      () => [],
    ),
  )

describe('decodePipeline', () => {
  it('fills in every default', () => {
    expect(orThrow(decodePipeline({ version: 1, outputs }))).toEqual({
      version: 1,
      engine: 'auto',
      noise: { kind: 'philox', seed: 0 },
      condition: { guidance: 1, rescale: 0 },
      steps: { kind: 'trailing', count: 50, finalLevel: 'clean' },
      sampler: { kind: 'ddim', eta: 0 },
      outputs,
    })
  })

  it('takes a kind alone for its settings', () => {
    expect(
      orThrow(decodePipeline({ version: 1, outputs, steps: 'leading', sampler: 'ddpm', clip: 'x0' })),
    ).toMatchObject({
      steps: { kind: 'leading', count: 50, offset: 0, finalLevel: 'clean' },
      sampler: { kind: 'ddpm', variance: 'fixed-small' },
      clip: { kind: 'x0' },
    })
  })

  it('gives back what it has written, and needs nothing that it has not', () => {
    fc.assert(
      fc.property(sound(pipelineCodec), (document) => {
        const pipeline = orThrow(decodePipeline(document))
        expect(decodePipeline(encodePipeline(pipeline))).toEqual(E.right(pipeline))
        expect(pipelineCodec.is(pipeline)).toBe(true)
      }),
      { numRuns: 200 },
    )
  })
})

describe('what is said of a document', () => {
  it('is all of it, in the order of the lines', () => {
    expect(
      complaints(
        [
          'version: 1',
          'stesp: 20',
          'sampler: { kind: ddim, eta: 2 }',
          'noise: { kind: filox }',
          'outputs:',
          '  - { kind: grid }',
          '  - { kind: gif, path: a.gif, show: [xy] }',
        ].join('\n'),
      ),
    ).toEqual([
      'p.yaml:2:1 stesp: there is no such setting here; there are $schema, version, model, engine, noise, condition, batch, steps, sampler, clip, fork, experiment, outputs, grid; the nearest is steps',
      'p.yaml:3:29 sampler.eta: expected a number from 0 to 1, got 2',
      'p.yaml:4:16 noise.kind: expected one of philox, torch, got "filox"; the nearest is philox',
      'p.yaml:6:5 outputs[0].path: expected text, got nothing',
      'p.yaml:7:38 outputs[1].show[0]: expected one of xt, x0, eps, got "xy"; the nearest is xt',
    ])
  })

  it('speaks of a choice among values as one', () => {
    expect(
      complaints('version: 1\ncondition: { labels: [-1] }\noutputs: [{ kind: grid, path: a.png }]'),
    ).toEqual(['p.yaml:2:23 condition.labels[0]: expected the name or number of a class, got -1'])
  })
})

describe('settings that are said elsewhere', () => {
  const base = documentOf('version: 1\nsampler: ddim\noutputs: [{ kind: grid, path: a.png }]')
  const decoded = (document: Document) => orThrow(decodeDocument(document))

  it('take the place of the file’s', () => {
    const { noise, sampler, steps } = decoded(
      pipe(
        { ...base, value: decoded(base) },
        assign('noise.seed', 3, '--set noise.seed'),
        assign('eta', 0.5, '--set eta'),
        assign('steps', 7, '--set steps'),
      ),
    )
    expect([noise.seed, sampler, steps]).toMatchObject([3, { kind: 'ddim', eta: 0.5 }, { count: 7 }])
  })

  it('give another kind its own settings', () => {
    const { sampler } = decoded(assign('sampler.kind', 'ddpm', '--set')({ ...base, value: decoded(base) }))
    expect(sampler).toEqual({ kind: 'ddpm', variance: 'fixed-small' })
  })

  it('reach into lists', () => {
    expect(decoded(assign('outputs[0].path', 'b.png', '--set')(base)).outputs).toEqual([
      { kind: 'grid', path: 'b.png' },
    ])
  })

  it('are named where they are wrong', () => {
    expect(decodeDocument(assign('eta', 2, '--set eta')(base))).toMatchObject(
      E.left({ problems: ['--set eta sampler.eta: expected a number from 0 to 1, got 2'] }),
    )
  })
})

describe('a sweep', () => {
  const swept = (grid: string) => {
    const document = documentOf(
      `version: 1\nsampler: { kind: ddim }\ngrid: ${grid}\noutputs: [{ kind: grid, path: out/a.png }]`,
    )
    return pipe(
      sweep(document, orThrow(decodeDocument(document))),
      E.map((documents) => documents.map(decodeDocument)),
    )
  }

  it('is a run for each combination, whose files say which', () => {
    const runs = orThrow(swept('{ eta: [0, 0.5], steps: [10, 20] }')).map((run) => orThrow(run))
    expect(
      runs.map(({ sampler, steps, outputs }) => [
        'eta' in sampler && sampler['eta'],
        'count' in steps && steps.count,
        outputs[0]?.path,
      ]),
    ).toEqual([
      [0, 10, 'out/a-eta0-steps10.png'],
      [0, 20, 'out/a-eta0-steps20.png'],
      [0.5, 10, 'out/a-eta0.5-steps10.png'],
      [0.5, 20, 'out/a-eta0.5-steps20.png'],
    ])
    expect(runs.every((run) => run.grid === undefined)).toBe(true)
  })

  it('takes a range for the numbers in it', () => {
    const [range, list] = ['{ seed: { from: 2, to: 4 } }', '{ seed: [2, 3, 4] }'].map((grid) =>
      orThrow(swept(grid)).map((run) => orThrow(run)),
    )
    expect(range).toHaveLength(3)
    expect(range).toEqual(list)
  })

  it('says which values are impossible, where they stand', () => {
    expect(orThrow(swept('{ eta: [0, 2] }'))[1]).toMatchObject(
      E.left({ problems: ['p.yaml:3:14 sampler.eta: expected a number from 0 to 1, got 2'] }),
    )
  })

  it('is not endless', () => {
    const many = `[${Array.from({ length: 40 }, (_, i) => String(i)).join(', ')}]`
    expect(swept(`{ seed: ${many}, steps: ${many} }`)).toMatchObject(
      E.left({ problems: ['p.yaml:3:7 grid: it asks for 1600 runs, and 1024 are the most'] }),
    )
  })
})

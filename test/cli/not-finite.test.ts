import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lastValueFrom, of, toArray } from 'rxjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { float64, type Values64 } from '../../src/algebra/float64.ts'
import { exitCode } from '../../src/cli/exit-code.ts'
import { notFinite } from '../../src/cli/not-finite.ts'
import type { RunEvent } from '../../src/cli/run-event.ts'
import { type Plan, writeRun } from '../../src/cli/write-run.ts'
import { ddim, ddpm } from '../../src/diffusion/rule.ts'
import { linearSchedule } from '../../src/diffusion/schedule.ts'
import { trailing } from '../../src/diffusion/spacing.ts'
import { TE } from '../../src/fp.ts'
import type { Denoiser } from '../../src/model/denoiser.ts'
import { philox } from '../../src/noise/philox.ts'
import { denoise } from '../../src/stream/denoise.ts'
import { fork } from '../../src/stream/fork.ts'
import { respace } from '../../src/stream/respace.ts'

let room = ''
beforeAll(() => {
  room = mkdtempSync(join(tmpdir(), 'rxdiffusion-not-finite-'))
})
afterAll(() => {
  rmSync(room, { recursive: true })
})

/** Answers with zeros, but for a value of one sample. */
const modelOf = (value: number): Denoiser<Values64> => ({
  algebra: float64,
  predicts: 'sample',
  schedule: linearSchedule(),
  shape: [2, 2, 1],
  predict: () => {
    const data = new Float64Array(3 * 4)
    data[6] = value
    return of({ output: float64.fromValues({ shape: [3, 2, 2, 1], data }) })
  },
})
const sampling = (value: number, rule = ddim()) =>
  denoise({ model: modelOf(value), rule, noise: philox({ seed: 7 }), batch: 3, clip: 'none' })
const steps$ = respace(linearSchedule(), trailing(3))

describe('a run that comes to no numbers', () => {
  it('is told by sample, and of a fork by branch', async () => {
    expect(await lastValueFrom(steps$.pipe(sampling(Infinity), notFinite))).toEqual(['#1'])
    expect(await lastValueFrom(steps$.pipe(sampling(1e30), notFinite, toArray()))).toEqual([])
    const forked$ = steps$.pipe(fork({ good: sampling(1), bad: sampling(NaN, ddpm()) }))
    expect(await lastValueFrom(forked$.pipe(notFinite))).toEqual(['#1 of bad'])
  })

  it('has its files, one sentence, and the exit code of a failure', async () => {
    const said: string[] = []
    const events: RunEvent[] = []
    const plan = {
      model: { ...modelOf(NaN), [Symbol.dispose]: () => undefined },
      engine: 'none',
      outputs: [{ kind: 'grid', path: join(room, 'x.png') }],
      frames$: steps$.pipe(sampling(NaN)),
      steps: 3,
      rows: 3,
      captions: [],
      recipe: 'ddim',
      madeBy: { recipe: 'ddim', command: ['sample'], settings: {} },
    } as unknown as Plan
    const code = await writeRun(TE.right(plan), {
      terminal: { write: (text) => said.push(text) },
      version: '0',
      report: (event) => void events.push(event),
      signal: new AbortController().signal,
    })
    expect(code).toBe(exitCode.failed)
    expect(readdirSync(room)).toEqual(['x.png'])
    expect(said.at(-1)).toBe(
      "The network's answers came to NaN or infinity in sample #1, of which the files show nothing.\n",
    )
    expect(events).toContainEqual(expect.objectContaining({ event: 'failed', kind: 'SamplesNotFinite' }))
  })
})

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { lastValueFrom, map, take, tap, toArray } from 'rxjs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { E } from '../../../src/fp.ts'
import { decodeNpy } from '../../../src/media/format/npy.ts'
import { pngText } from '../../../src/media/format/png-text.ts'
import { type OutputKind, outputFormats, outputKindNames } from '../../../src/media/output/kinds.ts'
import { outputOf, standardOutput } from '../../../src/media/output/output.ts'
import type { Legend } from '../../../src/media/output/sink-to.ts'
import { toOutputs } from '../../../src/media/output/to-outputs.ts'
import { orThrow } from '../../../src/or-throw.ts'
import { fork } from '../../../src/stream/fork.ts'
import { resume } from '../../../src/stream/resume.ts'
import { ddpm } from '../../../src/diffusion/rule.ts'
import { takeSteps } from '../../../src/stream/operators/take-steps.ts'
import { probe } from '../support/ffmpeg.ts'
import { broken, discRun } from '../support/runs.ts'

let room = ''
beforeEach(() => {
  room = mkdtempSync(join(tmpdir(), 'rxdiffusion-outputs-'))
})
afterEach(() => {
  rmSync(room, { recursive: true, force: true })
})

const legend: Legend = {
  captions: ['disc', 'ring'],
  provenance: { version: '9', recipe: 'η = 0', command: ['sample', '--seed=7'], settings: { steps: 6 } },
}
const output = (name: string, look = {}, kind?: OutputKind) =>
  orThrow(outputOf(name === standardOutput ? name : join(room, name), { ...look, kind }))
const write = (names: readonly string[], look = {}) =>
  lastValueFrom(
    discRun({ rows: 2, size: 16 }).frames$.pipe(
      toOutputs(
        names.map((name) => output(name, look)),
        legend,
      ),
      toArray(),
    ),
  )
const file = (name: string): Buffer => readFileSync(join(room, name))
/** Width and height of a PNG. */
const extent = (png: Buffer) => [png.readUInt32BE(16), png.readUInt32BE(20)] as const

describe('toOutputs', () => {
  it('writes every kind of file in one pass', async () => {
    const { frames$, count } = discRun({ rows: 2, size: 16 })
    const names = ['a.png', 'strip.png', 'f/', 'a.mp4', 'a.webp', 'a.gif', 'a.apng', 'a.html']
    const numbers = ['a.npy', 'a.npz', 'a.safetensors', 'trajectory.npy', 'trajectory.npz']
    const all = [...names, ...numbers]
    const outcomes = await lastValueFrom(
      frames$.pipe(
        toOutputs(
          all.map((name) => output(name, { every: 2, scale: 2 })),
          legend,
        ),
        toArray(),
      ),
    )
    expect(count.calls).toBe(6)
    expect(outcomes).toHaveLength(all.length)
    for (const { output: to, result } of outcomes) {
      const [written] = orThrow(result)
      expect(written).toMatchObject({ path: to.path })
      if (to.kind !== 'frames') expect(readFileSync(to.path)).toHaveLength(written!.bytes!)
    }

    // two samples of 16 pixels at 2, and three of six steps
    const [width, height] = [8 + 2 * (32 + 8), 22 + 8 + 32 + 22 + 8]
    for (const name of ['a.mp4', 'a.gif', 'a.apng'])
      expect(await probe(join(room, name)), name).toMatchObject({ width, height })
    expect(readdirSync(join(room, 'f'))).toEqual(['0002.png', '0004.png', '0006.png'])
    expect(extent(file('f/0006.png'))).toEqual([width, height])
    expect(extent(file('strip.png'))[1]).toBeGreaterThan(2 * 2 * 32)
    expect(orThrow(decodeNpy('a.npy')(file('a.npy'))).shape).toEqual([2, 3, 16, 16])
    expect(orThrow(decodeNpy('t')(file('trajectory.npy'))).shape).toEqual([3, 2, 3, 16, 16])
    expect(existsSync(join(room, 'a.npy.json'))).toBe(true)
    expect(readdirSync(room).filter((name) => name.endsWith('.part'))).toEqual([])
  })

  it('keeps in each file how it was made', async () => {
    await write(['a.png', 'f/', 'a.apng'])
    for (const name of ['a.png', 'f/0001.png', 'a.apng'])
      expect(pngText(file(name))).toMatchObject({
        value: {
          Software: 'rxdiffusion 9',
          Description: 'η = 0',
          rxdiffusion: JSON.stringify(legend.provenance),
        },
      })
  })

  it('says of a file that is lost why, when the others are done', async () => {
    const outputs = [output('a.png'), { kind: 'gif', path: '/dev/full' } as const]
    const outcomes = await lastValueFrom(discRun().frames$.pipe(toOutputs(outputs, legend), toArray()))
    const results = outputs.map((one) => outcomes.find((outcome) => outcome.output === one)?.result)
    expect(results).toMatchObject([
      { _tag: 'Right', right: [{ path: join(room, 'a.png') }] },
      { _tag: 'Left', left: { message: "/dev/full can't be written: the disk is full." } },
    ])
  })

  it('refuses pictures that no encoder takes', async () => {
    const outcomes = await lastValueFrom(
      discRun({ size: 300 }).frames$.pipe(
        toOutputs([output('a.gif', { scale: 64 }), output('a.png', { scale: 64 })], legend),
        toArray(),
      ),
    )
    const sentences = outcomes.map(({ result }) => E.isLeft(result) && String(result.left))
    expect(sentences.join()).toMatch(
      /A picture would have 19200 × 19200 pixels, and 16384 a side are the most; choose a smaller scale, or fewer samples\./,
    )
    expect(sentences.join()).toMatch(
      /A picture would have 192\d+ × 192\d+ pixels, and 268435456 in all are the most/,
    )
    expect(readdirSync(room)).toEqual([])
  })

  it('leaves a run of which nothing is left to write', async () => {
    const { frames$, count } = discRun({ steps: 200 })
    const outputs = [{ kind: 'gif', path: '/dev/full' } as const]
    await lastValueFrom(frames$.pipe(toOutputs(outputs, legend), toArray()))
    expect(count.calls).toBeLessThan(20)
  })

  it('gives a run that fails as the failure of each output, and finishes films', async () => {
    const outcomes = await lastValueFrom(
      broken(discRun().frames$.pipe(take(3))).pipe(
        toOutputs([output('a.png'), output('a.gif')], legend),
        toArray(),
      ),
    )
    for (const { result } of outcomes) expect(result).toMatchObject(E.left({ message: 'the model broke' }))
    expect(readdirSync(room)).toEqual(['a.gif'])
    expect(await probe(join(room, 'a.gif'))).toMatchObject({ nb_read_frames: '3' })
  })

  it('shows the last step there was of a run that is cut short', async () => {
    const { frames$ } = discRun({ steps: 100, size: 16 })
    const strips = [13, 14].map((steps) =>
      lastValueFrom(
        frames$.pipe(take(steps), toOutputs([output(`strip-${String(steps)}.png`)], legend), toArray()),
      ),
    )
    await Promise.all(strips)
    // steps 1 and 13 of 100 are chosen; of the second, 14 comes too
    const [short, long] = ['strip-13.png', 'strip-14.png'].map((name) => extent(file(name))[0])
    expect(long! - short!).toBe(80 + 8)
  })
})

describe('standard output', () => {
  const streams = [...outputFormats.values()].filter((kind) => outputKindNames.includes(kind))

  it.each(streams)('takes %s', async (kind) => {
    const stdout = new PassThrough()
    const { frames$ } = discRun({ rows: 2, size: 16 })
    const run = lastValueFrom(
      frames$.pipe(
        toOutputs([output('-', { scale: 1, fps: 5 }, kind)], { ...legend, stdout }),
        map(({ result }) => orThrow(result)),
        // it is not ended, as process.stdout is not to be
        tap(() => stdout.end()),
      ),
    )
    const [bytes, [written]] = await Promise.all([buffer(stdout), run])
    expect(written).toMatchObject({ path: '-', bytes: bytes.length })
    const start = { y4m: 'YUV4MPEG2 W56 H76 F5:1', grid: '\x89PNG', strip: '\x89PNG', frames: '\x89PNG' }
    const begins = { ...start, samples: '\x93NUMPY', report: '<!doctype html>' }[kind as 'y4m']
    // six pictures, and five more while the last is held
    if (kind === 'raw') expect(bytes).toHaveLength(11 * 3 * 56 * 76)
    else expect(bytes.toString('latin1').startsWith(begins)).toBe(true)
  })

  it.each(streams)('ends the run without a word when nobody reads %s any more', async (kind) => {
    const stdout = new Writable({
      write: (_, __, done) => done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })),
    })
    const { frames$, count } = discRun({ steps: 200 })
    const outcomes = await lastValueFrom(
      frames$.pipe(toOutputs([output('-', {}, kind)], { ...legend, stdout }), toArray()),
    )
    expect(outcomes).toMatchObject([{ result: { _tag: 'Right' } }])
    if (['y4m', 'raw', 'frames'].includes(kind)) expect(count.calls).toBeLessThan(20)
  })

  it('says in our words why it could not be written', async () => {
    for (const kind of streams) {
      const stdout = new Writable({
        write: (_, __, done) => done(Object.assign(new Error('write ENOSPC'), { code: 'ENOSPC' })),
      })
      const [outcome] = await lastValueFrom(
        discRun().frames$.pipe(toOutputs([output('-', {}, kind)], { ...legend, stdout }), toArray()),
      )
      expect(outcome?.result).toMatchObject(
        E.left({ message: "Standard output can't be written: the disk is full." }),
      )
    }
  })
})

describe('the frames of a fork', () => {
  it('are tiles of a film, and files of their own otherwise', async () => {
    const { frames$ } = discRun({ rows: 2, size: 16 })
    const forked$ = frames$.pipe(
      takeSteps(3),
      fork({ ddpm: resume({ rule: ddpm() }), 'same, η 0': resume() }),
    )
    const branches = { ddpm: 'DDPM', 'same, η 0': 'DDIM' }
    const outcomes = await lastValueFrom(
      forked$.pipe(
        toOutputs([output('a.gif', { scale: 2 }), output('g.png'), output('f/')], { ...legend, branches }),
        toArray(),
      ),
    )
    for (const { result } of outcomes) orThrow(result)
    expect(readdirSync(room).toSorted()).toEqual([
      'a.gif',
      'f-ddpm',
      'f-same-0',
      'g-ddpm.png',
      'g-same-0.png',
    ])
    // in each tile two samples of 32
    expect(await probe(join(room, 'a.gif'))).toMatchObject({
      width: 8 + 2 * (8 + 2 * 40 + 8),
      nb_read_frames: '3',
    })
  })
})

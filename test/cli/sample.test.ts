import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { sample } from '../../src/cli/sample.ts'
import type { OutputFlags } from '../../src/cli/output-flags.ts'
import type { Flags } from '../../src/cli/settings.ts'
import { E } from '../../src/fp.ts'
import { provenanceOf } from '../../src/media/output/provenance-of.ts'
import { exitCode } from '../../src/cli/exit-code.ts'
import { goldenPath } from '../support/goldens.ts'

let room: string
beforeAll(() => {
  room = mkdtempSync(join(tmpdir(), 'rxdiffusion-sample-'))
})
afterAll(() => {
  rmSync(room, { recursive: true })
})

const plain: Flags = {
  steps: '3',
  sampler: 'ddim',
  rng: 'philox',
  batch: '1',
  guidance: '1',
  engine: 'onnx',
}

/** Samples one row, and keeps what is said; `listen` hears it. */
const run = async (
  more: Partial<Flags & OutputFlags>,
  interruption = new AbortController(),
  listen = (): void => undefined,
) => {
  const said: string[] = []
  const write = (text: string): void => {
    said.push(text)
    listen()
  }
  return {
    code: await sample(
      { ...plain, ...more },
      { terminal: { write }, version: '0', signal: interruption.signal },
    ),
    said,
  }
}

describe('sample', () => {
  it('counts as people do', async () => {
    const { code, said } = await run({ steps: '1', output: [join(room, 'one.npy')] })
    expect(code).toBe(exitCode.ok)
    expect(said[1]).toMatch(/^1 sample, 1 step of /)
    expect(readFileSync(join(room, 'one.npy.json'), 'utf8')).not.toContain('interrupted')
  })

  it('shows what was settled, and runs nothing, where it is only tried', async () => {
    const shown: string[] = []
    const stdout = { write: (text: string) => shown.push(text) }
    const { signal } = new AbortController()
    const context = { terminal: { write: () => true }, version: '0', signal, stdout: stdout as never }
    const flags = {
      ...plain,
      dryRun: true,
      output: [join(room, 'tried.npy')],
      checkpoint: join(room, 'tried'),
    }
    expect(await sample({ ...flags, labels: 'bag' }, context)).toBe(exitCode.ok)
    expect(shown.join('')).toMatch(
      /^recipe: ddim\(eta 0\), trailing\(3\)[^]*\nsamples: 1\nlabels:\n {2}- bag\n[^]*tried.npy\n$/,
    )
    expect(await sample({ ...flags, labels: 'bog' }, context)).toBe(exitCode.refused)
    expect(readdirSync(room).filter((name) => name.startsWith('tried'))).toEqual([])
  })

  it('makes one image of a batch again by its sample id', async () => {
    const paths = ['all', 'again'].map((name) => join(room, `${name}.npy`))
    const [all = '', again = ''] = paths
    await run({ seed: '7', labels: 'boot,dress', batch: '5', output: [all] })
    const { code } = await run({ seed: '7', labels: 'boot,dress', batch: '5', samples: '3', output: [again] })
    expect(code).toBe(exitCode.ok)
    const row = 28 * 28 * 4
    const [whole, alone] = [all, again].map((path) => readFileSync(path))
    const fourth = whole!.subarray(whole!.length - 2 * row, whole!.length - row)
    const [before, after] = [fourth, alone!.subarray(-row)].map(
      (bytes) => new Float32Array(Uint8Array.from(bytes).buffer),
    )
    const apart = before!.map((value, i) => Math.abs(value - after![i]!))
    expect(Math.max(...apart)).toBeLessThan(1e-5)
    expect(Math.max(...before!) - Math.min(...before!)).toBeGreaterThan(0.5)
  })

  it('says what it had to guess of a model, and of its preset', async () => {
    const model = goldenPath('unet/class-labels-28')
    const { code, said } = await run({ model, preset: 'diffusers', output: [join(room, 'guessed.npy')] })
    expect(code).toBe(exitCode.ok)
    expect(said.slice(0, 2)).toEqual([
      `The last of the 11 classes is taken for "none"; ${model}/model.yaml can say otherwise (unconditional: N).\n`,
      'The model has no scheduler_config.json: the preset diffusers is that of its DDIM and DDPM by default.\n',
    ])
    const { said: quiet } = await run({ preset: 'diffusers', output: [join(room, 'known.npy')] })
    expect(quiet[0]).toMatch(/^step 1 of 3, /)
  })

  it('follows the scheduler of the checkpoint with the preset diffusers', async () => {
    const model = join(room, 'model')
    cpSync(goldenPath('unet/no-attention'), model, { recursive: true })
    const scheduler = {
      num_train_timesteps: 100,
      steps_offset: 1,
      set_alpha_to_one: false,
      thresholding: true,
      sample_max_value: 2,
    }
    writeFileSync(join(model, 'scheduler_config.json'), JSON.stringify(scheduler))
    const { said } = await run({ model, preset: 'diffusers', output: [join(room, 'own.npy')] })
    expect(said.at(-2)).toContain(' of ddim(eta 0), leading(3, offset 1), final level first: ')
    const { said: unlike } = await run({ model, output: [join(room, 'ours.npy')] })
    expect(unlike.at(-2)).toContain(' of ddim(eta 0), trailing(3): ')
  })

  it('writes nothing when it is interrupted before the first step', async () => {
    const interruption = new AbortController()
    interruption.abort()
    const { code, said } = await run({ output: [join(room, 'never.npy')] }, interruption)
    expect(code).toBe(exitCode.interrupted)
    expect(said).toEqual(['Interrupted before the first step: nothing is written.\n'])
    expect(readdirSync(room)).not.toContain('never.npy')
  })

  it('stops at the step at which it is interrupted', async () => {
    const interruption = new AbortController()
    const path = join(room, 'first.npy')
    const others = ['first.png', 'first.safetensors', 'first.html', 'first.gif', 'first.apng'].map((name) =>
      join(room, name),
    )
    const { code, said } = await run({ steps: '5', output: [path, ...others] }, interruption, () => {
      queueMicrotask(() => interruption.abort())
    })
    expect(code).toBe(exitCode.interrupted)
    expect(said[0]).toMatch(/^step 1 of 5, /)
    expect(said[1]).toMatch(/^1 sample, 1 of 5 steps of /)
    expect(said[2]).toBe(`wrote ${path} (3264 bytes) and ${path}.json\n`)
    expect(said.at(-1)).toBe('Interrupted: the files show the run as far as it came.\n')
    for (const written of [path, ...others])
      expect(await provenanceOf(written)()).toMatchObject(E.right({ interrupted: { steps: 1, of: 5 } }))
  })

  it('fails with an encoder that is killed, and writes the rest', async () => {
    const encoder = join(room, 'encoder')
    writeFileSync(
      encoder,
      '#!/bin/sh\n[ "$2" = -encoders ] && echo libx264 && exit\nhead -c 20000 > /dev/null; kill -9 $$\n',
    )
    chmodSync(encoder, 0o755)
    vi.stubEnv('FFMPEG_PATH', encoder)
    const [video, grid] = [join(room, 'killed.mp4'), join(room, 'beside.png')]
    const { code, said } = await run({ steps: '2', output: [video, grid] })
    vi.unstubAllEnvs()
    expect(code).toBe(exitCode.failed)
    expect(said.slice(-2)).toEqual([
      expect.stringMatching(/^wrote .*beside\.png /) as string,
      `ffmpeg could not write ${video}: it was ended by SIGKILL.\n`,
    ])
    expect(readdirSync(room)).toContain('beside.png')
    expect(readdirSync(room)).not.toContain('killed.mp4')
  })

  it('refuses to show a terminal what it can not', async () => {
    const said: string[] = []
    const stdout = Object.assign(new PassThrough(), { isTTY: true })
    const terminal = { write: (text: string) => said.push(text) }
    const context = { terminal, stdout, version: '0', signal: new AbortController().signal }
    expect(await sample({ ...plain, steps: '1', output: ['-'], format: 'png' }, context)).toBe(
      exitCode.refused,
    )
    expect(said).toEqual([
      "Standard output is a terminal here, which can't show this: send it into a file or a pipe.\n",
    ])
  })
})

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { lastValueFrom, take, tap, toArray } from 'rxjs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { toChannelsFirst } from '../../../src/algebra/layout.ts'
import { parseSafetensors } from '../../../src/checkpoint/safetensors.ts'
import { E } from '../../../src/fp.ts'
import { decodeNpy } from '../../../src/media/format/npy.ts'
import { sweepLeftovers } from '../../../src/media/sink/leftovers.ts'
import { toArrays, toTrajectory } from '../../../src/media/sink/to-arrays.ts'
import { snapshot } from '../../../src/stream/snapshot.ts'
import { settled } from '../../../src/stream/settled.ts'
import { broken, discRun } from '../support/runs.ts'

if (spawnSync('python3', ['--version']).error !== undefined)
  throw new Error('These tests need Python: install it (on Debian: apt-get install python3).')

let room = ''
beforeEach(() => {
  room = mkdtempSync(join(tmpdir(), 'rxdiffusion-arrays-'))
})
afterEach(() => {
  rmSync(room, { recursive: true, force: true })
})

const { frames$ } = discRun({ steps: 5, size: 4, rows: 2 })

/** Every x_t and x̂₀, channels first, one after the other. */
const wanted = async (field: 'xt' | 'x0'): Promise<Float32Array> => {
  const copies = await lastValueFrom(frames$.pipe(snapshot({ xt: true, x0: true }), toArray()))
  return Float32Array.from(copies.flatMap((copy) => [...toChannelsFirst(copy[field]).data]))
}

/** What a ZIP holds, checksums tested, as Python sees it. */
const unzipped = (path: string, name: string): Buffer => {
  expect(spawnSync('python3', ['-m', 'zipfile', '-t', path]).stdout.toString()).toBe('Done testing\n')
  spawnSync('python3', ['-m', 'zipfile', '-e', path, join(room, 'unzipped')])
  return readFileSync(join(room, 'unzipped', name))
}

const shape = [5, 2, 3, 4, 4]

describe('toTrajectory', () => {
  it('writes one array as .npy', async () => {
    const path = join(room, 'x.npy')
    const told = await lastValueFrom(frames$.pipe(toTrajectory(path)))
    expect(told).toEqual({ path, bytes: readFileSync(path).length, frames: 5 })
    expect(decodeNpy(path)(readFileSync(path))).toEqual(E.right({ shape, data: await wanted('xt') }))
    expect(readdirSync(room)).toEqual(['x.npy'])
  })

  it('writes several as .npz, as Python unpacks it', async () => {
    const path = join(room, 'x.npz')
    await lastValueFrom(frames$.pipe(toTrajectory(path, { fields: ['xt', 'x0'] })))
    expect(readdirSync(room)).toEqual(['x.npz'])
    for (const field of ['xt', 'x0'] as const)
      expect(decodeNpy(field)(unzipped(path, `${field}.npy`))).toEqual(
        E.right({ shape, data: await wanted(field) }),
      )
    expect(decodeNpy('alpha_bar')(unzipped(path, 'alpha_bar.npy'))).toMatchObject({ right: { shape: [5] } })
  })

  it('writes several as .safetensors', async () => {
    const path = join(room, 'x.safetensors')
    await lastValueFrom(frames$.pipe(toTrajectory(path, { fields: ['xt', 'x0'], text: { made: 'here' } })))
    const parsed = parseSafetensors(path, readFileSync(path))
    if (E.isLeft(parsed)) throw parsed.left
    expect(parsed.right.metadata).toEqual({ made: 'here' })
    expect([...parsed.right.tensors.keys()].toSorted()).toEqual(['alpha_bar', 't', 'x0', 'xt'])
    expect(parsed.right.tensors.get('x0')).toMatchObject({ shape })
  })

  it.each(['.npy', '.npz', '.safetensors'])(
    'is whole as %s after errors and when it is left',
    async (extension) => {
      const path = join(room, `x${extension}`)
      const told: unknown[] = []
      await new Promise<void>((done) => {
        broken(frames$.pipe(take(3)))
          .pipe(toTrajectory(path))
          .subscribe({ next: (notice) => told.push(notice), error: () => done() })
      })
      expect(told).toMatchObject([{ frames: 3 }])
      expect(readdirSync(room)).toEqual([`x${extension}`])
      rmSync(path)
      const { frames$: long$ } = discRun({ steps: 40, size: 4 })
      const running = long$.pipe(toTrajectory(path)).subscribe()
      await new Promise((later) => setTimeout(later, 20))
      running.unsubscribe()
      await settled(long$)
      expect(readdirSync(room).filter((name) => name.endsWith('.part'))).toEqual([])
    },
  )

  it('keeps what is not yet written where a later run clears it away, should this one be killed', async () => {
    const path = join(room, 'a-trajectory-with-a-name-of-some-length.npz')
    const seen: string[] = []
    const looking$ = frames$.pipe(tap(() => seen.push(...readdirSync(room))))
    await lastValueFrom(looking$.pipe(toTrajectory(path, { fields: ['xt', 'x0'] })))
    const parts = [...new Set(seen)]
    expect(parts).toHaveLength(2)
    // as if their writer had died
    const dead = spawnSync('true').pid
    for (const name of parts)
      writeFileSync(join(room, name.replaceAll(String(process.pid), String(dead))), 'half')
    await sweepLeftovers(path)()
    expect(readdirSync(room)).toEqual([basename(path)])
  })

  it('writes nothing where nothing came, and says why it can not', async () => {
    expect(await lastValueFrom(frames$.pipe(take(0), toTrajectory(join(room, 'x.npz')), toArray()))).toEqual(
      [],
    )
    expect(readdirSync(room)).toEqual([])
    await expect(lastValueFrom(frames$.pipe(toTrajectory('/dev/full')))).rejects.toThrow('the disk is full')
    await expect(lastValueFrom(frames$.pipe(toTrajectory(room)))).rejects.toThrow('it is a directory')
  })
})

describe('toArrays', () => {
  it('keeps the last x_t', async () => {
    const path = join(room, 'x.npz')
    await lastValueFrom(frames$.pipe(toArrays(path)))
    expect(decodeNpy('xt')(unzipped(path, 'xt.npy'))).toEqual(
      E.right({ shape: [2, 3, 4, 4], data: (await wanted('xt')).slice(-96) }),
    )
  })
})

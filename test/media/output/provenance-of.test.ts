import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lastValueFrom, toArray } from 'rxjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { E } from '../../../src/fp.ts'
import { outputOf } from '../../../src/media/output/output.ts'
import { provenanceOf } from '../../../src/media/output/provenance-of.ts'
import { toOutputs } from '../../../src/media/output/to-outputs.ts'
import { orThrow } from '../../../src/or-throw.ts'
import { discRun } from '../support/runs.ts'

let room: string
/** With all that formats stumble over. */
const provenance = {
  version: '1.2.3',
  recipe: 'ddim(η 0), "50 % of {them}" 🥾 </script>',
  command: ['sample', '--labels=a\\b,\'c"', '--model=\n{'],
  settings: { long: 'x'.repeat(600), list: [1, 2], nothing: null, letters: 'ÿ\u007f\u0000é' },
}
const names = [
  ...['a.png', 'strip.png', 'a.apng', 'a.gif', 'a.mp4', 'a.av1.mp4', 'a.webm', 'a.mkv', 'a.webp', 'f/'],
  ...['a.npy', 'a.npz', 'a.safetensors', 'trajectory.npy', 'trajectory.safetensors', 'a.html'],
]
beforeAll(async () => {
  room = mkdtempSync(join(tmpdir(), 'rxdiffusion-provenance-'))
  const outcomes = await lastValueFrom(
    discRun({ steps: 3, size: 64 }).frames$.pipe(
      toOutputs(
        names.map((name) => orThrow(outputOf(join(room, name)))),
        { provenance },
      ),
      toArray(),
    ),
  )
  for (const { result } of outcomes) orThrow(result)
})
afterAll(() => {
  rmSync(room, { recursive: true })
})

const silent = (path: string) =>
  E.left({ message: `${path} can't be read: it does not say how it was made.` })

describe('provenanceOf', () => {
  it.each(names)('reads from %s what was written there', async (name) => {
    expect(await provenanceOf(join(room, name))()).toEqual(E.right(provenance))
  })

  it.each(names.filter((name) => !/(npy|npz|webp|\/)$/.test(name)))(
    'finds it in %s itself, wherever that is',
    async (name) => {
      const moved = join(room, `moved-${name}`)
      copyFileSync(join(room, name), moved)
      expect(await provenanceOf(moved)()).toEqual(E.right(provenance))
    },
  )

  it('reads a sidecar by its own name', async () => {
    expect(await provenanceOf(join(room, 'a.npy.json'))()).toEqual(E.right(provenance))
  })

  it.each([
    ['a picture of somebody else', 'x.png', Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')],
    ['no picture at all', 'y.png', Buffer.from('hello')],
    ['a GIF that ends too early', 'x.gif', Buffer.from('GIF89a\x01\0\x01\0\xf7\0\0!\xfe\xff', 'latin1')],
    ['JSON that says something else', 'x.json', Buffer.from('{"rxdiffusion": {"version": 1}}')],
    ['half a line', 'x.mp4', Buffer.from('....{"rxdiffusion":{"version":"1')],
    ['a line with broken strings', 'y.mp4', Buffer.from('....{"rxdiffusion":{"version":"\\')],
    ['nothing', 'z.mkv', Buffer.alloc(0)],
    ['an ending that nobody knows', 'x.xyz', Buffer.from('{"rxdiffusion":')],
  ])('says so of %s', async (_, name, bytes) => {
    const path = join(room, name)
    writeFileSync(path, bytes)
    expect(await provenanceOf(path)()).toMatchObject(silent(path))
  })

  it('says so of a folder without pictures', async () => {
    const path = join(room, '..', room.split('/').at(-1)!, 'f')
    expect(await provenanceOf(path)()).toEqual(E.right(provenance))
    const empty = mkdtempSync(join(room, 'empty-'))
    expect(await provenanceOf(empty)()).toMatchObject(E.left({ _tag: 'FileUnreadable' }))
  })

  it('says what is wrong with a file that is not there, or no safetensors', async () => {
    const missing = join(room, 'no.png')
    expect(await provenanceOf(missing)()).toMatchObject(
      E.left({ message: `${missing} can't be read: it does not exist.` }),
    )
    const broken = join(room, 'x.safetensors')
    writeFileSync(broken, readFileSync(join(room, 'a.safetensors')).subarray(0, 40))
    expect(await provenanceOf(broken)()).toMatchObject(E.left({ _tag: 'FileUnreadable' }))
  })
})

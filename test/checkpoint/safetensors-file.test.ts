import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeSafetensors } from '../../src/checkpoint/encode-safetensors.ts'
import { openSafetensors } from '../../src/checkpoint/safetensors-file.ts'
import type { SafetensorsFile } from '../../src/checkpoint/safetensors-file.ts'
import { E } from '../../src/fp.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'safetensors-'))
})
afterAll(() => rm(folder, { recursive: true }))

const tensors = new Map([
  ['ids', { shape: [2], data: BigInt64Array.of(3n, -1n) }],
  ['w', { shape: [1, 3], data: Float32Array.of(1, 2, 3) }],
])

const written = async (
  name: string,
  bytes = encodeSafetensors(tensors, { made: 'here' }),
): Promise<string> => {
  const path = join(folder, name)
  await writeFile(path, bytes)
  return path
}

const opened = async (path: string): Promise<SafetensorsFile> => {
  const file = await openSafetensors(path)()
  if (E.isLeft(file)) throw file.left
  return file.right
}

describe('openSafetensors', () => {
  it('reads the header at once and each tensor on demand, as often as wanted', async () => {
    const file = await opened(await written('sound.safetensors'))
    expect(file.metadata).toEqual({ made: 'here' })
    expect([...file.tensors].map(([name, { dtype, shape }]) => ({ name, dtype, shape }))).toEqual([
      { name: 'ids', dtype: 'I64', shape: [2] },
      { name: 'w', dtype: 'F32', shape: [1, 3] },
    ])
    const w = file.tensors.get('w')
    expect(await w?.read()).toEqual(E.right(Float32Array.of(1, 2, 3)))
    expect(await w?.read()).toEqual(E.right(Float32Array.of(1, 2, 3)))
    expect(await file.tensors.get('ids')?.read()).toEqual(E.right(BigInt64Array.of(3n, -1n)))
    expect(await file.tensors.get('ids')?.float32()).toEqual(E.right(Float32Array.of(3, -1)))
  })

  it('says which tensor is cut off in a file that became shorter', async () => {
    const path = await written('shrinking.safetensors')
    const file = await opened(path)
    await truncate(path, encodeSafetensors(tensors, { made: 'here' }).length - 1)
    const read = await file.tensors.get('w')?.read()
    expect(read).toMatchObject(
      E.left({
        message: `${path} is not a sound safetensors file: it has become shorter, and w is cut off.`,
      }),
    )
  })

  it('says so when a file went away', async () => {
    const path = await written('vanishing.safetensors')
    const file = await opened(path)
    await rm(path)
    expect(await file.tensors.get('w')?.float32()).toMatchObject(
      E.left({ message: `${path} can't be read: it does not exist.` }),
    )
  })

  it('refuses a file that is not sound', async () => {
    const path = await written('cut.safetensors', encodeSafetensors(tensors).subarray(0, -1))
    expect(await openSafetensors(path)()).toMatchObject(
      E.left({
        message: `${path} is not a sound safetensors file: w ends at byte 28 of the data, but there are only 27.`,
      }),
    )
  })

  it('refuses a folder and a path through a file', async () => {
    expect(await openSafetensors(folder)()).toMatchObject(
      E.left({ message: `${folder} can't be read: it is a folder, not a file.` }),
    )
    const through = join(await written('file'), 'w.safetensors')
    expect(await openSafetensors(through)()).toMatchObject(
      E.left({ message: `${through} can't be read: what should be a folder on the way there is a file.` }),
    )
  })
})

import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { E } from '../../../src/fp.ts'
import { checkWritable, openFile, writeWhole } from '../../../src/media/sink/files.ts'

const linux = process.platform === 'linux'
const bytes = Uint8Array.of(1, 2, 3)

let room = ''
beforeEach(() => {
  room = mkdtempSync(join(tmpdir(), 'rxdiffusion-files-'))
})
afterEach(() => {
  rmSync(room, { recursive: true, force: true })
})

const everything = (): readonly string[] => readdirSync(room, { recursive: true }).map(String).sort()

const reason = async (path: string): Promise<readonly [checked: string, written: string]> => {
  const say = (result: E.Either<{ readonly reason: string }, unknown>): string =>
    E.isLeft(result) ? result.left.reason : 'fine'
  return [say(await checkWritable(path)()), say(await writeWhole(path, bytes)())]
}

describe('writeWhole', () => {
  it('writes the bytes, makes missing directories and leaves nothing else', async () => {
    const path = join(room, 'a', 'b', 'x.png')
    expect(await writeWhole(path, bytes)()).toEqual(E.right({ path, bytes: 3 }))
    expect(new Uint8Array(readFileSync(path))).toEqual(bytes)
    expect(everything()).toEqual(['a', 'a/b', 'a/b/x.png'])
  })

  it('replaces what was there, through a link too', async () => {
    const [path, link] = [join(room, 'x'), join(room, 'link')]
    writeFileSync(path, 'something longer')
    symlinkSync(path, link)
    await writeWhole(link, bytes)()
    expect(new Uint8Array(readFileSync(path))).toEqual(bytes)
    expect(lstatSync(link).isSymbolicLink()).toBe(true)
    expect(everything()).toEqual(['link', 'x'])
  })

  it('copes with many writers of one file', async () => {
    const path = join(room, 'x')
    const writers = Array.from({ length: 20 }, (_, i) => writeWhole(path, new Uint8Array(1000).fill(i))())
    expect((await Promise.all(writers)).every(E.isRight)).toBe(true)
    expect(new Set(readFileSync(path)).size).toBe(1)
    expect(everything()).toEqual(['x'])
  })

  it('takes names as long as the file system does', async () => {
    const path = join(room, `${'ᾱ'.repeat(80)}.png`)
    expect(await writeWhole(path, bytes)()).toEqual(E.right({ path, bytes: 3 }))
  })

  it.runIf(linux)('reports a full disk', async () => {
    expect(await writeWhole('/dev/full', bytes)()).toMatchObject({
      left: { _tag: 'FileUnwritable', path: '/dev/full', reason: 'the disk is full' },
    })
  })

  it.runIf(linux)('writes to a device without replacing it', async () => {
    expect(await reason('/dev/null')).toEqual(['fine', 'fine'])
    expect(lstatSync('/dev/null').isCharacterDevice()).toBe(true)
  })
})

describe('checkWritable', () => {
  it('leaves nothing behind, neither files nor directories', async () => {
    for (const path of ['x', 'a/b/x'])
      expect(await checkWritable(join(room, path))()).toEqual(E.right(undefined))
    expect(everything()).toEqual([])
  })

  it('leaves a file that is there alone', async () => {
    writeFileSync(join(room, 'x'), 'here')
    expect(await checkWritable(join(room, 'x'))()).toEqual(E.right(undefined))
    expect(readFileSync(join(room, 'x'), 'utf8')).toBe('here')
    expect(everything()).toEqual(['x'])
  })
})

describe('checkWritable and writeWhole', () => {
  it('refuse for the same reasons, and leave nothing behind', async () => {
    mkdirSync(join(room, 'directory'))
    writeFileSync(join(room, 'file'), '')
    symlinkSync(join(room, 'circle'), join(room, 'circle'))
    const before = everything()
    const cases: ReadonlyArray<readonly [path: string, reason: string]> = [
      [room, 'it is a directory'],
      [join(room, 'directory'), 'it is a directory'],
      [`${join(room, 'new')}/`, 'it is a directory'],
      ['', 'it is a directory'],
      [join(room, 'file', 'x.png'), 'its directory is a file'],
      [join(room, 'file', 'deeper', 'x.png'), 'its directory is a file'],
      [join(room, 'x'.repeat(300)), 'its name is too long'],
      [join(room, 'circle'), 'its links go round in circles'],
      [join(room, 'x\0y'), 'it is no valid path'],
    ]
    for (const [path, why] of cases) expect(await reason(path), path).toEqual([why, why])
    expect(everything()).toEqual(before)
  })

  it.runIf(linux)('refuse where no file can be made', async () => {
    for (const path of ['/proc/x.png', '/proc/deeper/x.png'])
      for (const why of await reason(path))
        expect(why).toMatch(/^(files cannot be made there|there is no permission)$/)
  })
})

describe('openFile', () => {
  it.runIf(linux)('is called as it was told when its disk is full', async () => {
    const file = await openFile('/dev/full', new Uint8Array(), 'run.npz')
    await expect(file.append(bytes)).rejects.toMatchObject({
      message: "run.npz can't be written: the disk is full.",
    })
    await file.discard()
  })
})

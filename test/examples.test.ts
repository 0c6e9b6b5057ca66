import { mkdtemp, readdir, rm, stat, symlink } from 'node:fs/promises'
import { readFileSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '..')
const folder = join(root, 'examples')
const examples = readdirSync(folder).filter((name) => name.endsWith('.ts'))
const home = process.cwd()
let desk: string

// an example is run as from the root of the repository, but writes its out/ somewhere else
beforeAll(async () => {
  desk = await mkdtemp(join(tmpdir(), 'examples-'))
  await symlink(join(root, 'pipelines'), join(desk, 'pipelines'))
  process.chdir(desk)
})

afterAll(async () => {
  process.chdir(home)
  await rm(desk, { recursive: true })
})

/** The files under out/, with their sizes. */
const written = async (): Promise<ReadonlyMap<string, number>> => {
  const out = join(desk, 'out')
  const names = await readdir(out, { recursive: true }).catch(() => [])
  const stats = await Promise.all(names.map(async (name) => [name, await stat(join(out, name))] as const))
  return new Map(stats.filter(([, one]) => one.isFile()).map(([name, one]) => [name, one.size]))
}

describe('the examples', () => {
  it('are numbered without a gap', () => {
    expect(examples.map((name) => Number(/^(\d\d)-/.exec(name)?.[1]))).toEqual(examples.map((_, i) => i + 1))
  })

  it.each(examples)('%s writes something to look at', async (name) => {
    const before = await written()
    // its top-level await lasts as long as its work
    await import(join(folder, name))
    const fresh = [...(await written())].filter(([file]) => !before.has(file))
    expect(fresh.length).toBeGreaterThan(0)
    expect(fresh.filter(([, size]) => size === 0)).toEqual([])
  })

  it.each(examples)('%s is at most 60 lines long', (name) => {
    expect(readFileSync(join(folder, name), 'utf8').trimEnd().split('\n').length).toBeLessThanOrEqual(60)
  })
})

/** Pictures that were looked at once and must not change unnoticed. */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { PNG } from 'pngjs'
import { expect } from 'vitest'
import type { Picture } from '../../../src/media/picture/picture.ts'
import { encodePng } from '../../../src/media/format/png.ts'

/** A picture as an independent reader sees it: RGBA. */
export const decoded = (bytes: Uint8Array): { width: number; height: number; rgba: Uint8Array } => {
  const { width, height, data } = PNG.sync.read(Buffer.from(bytes))
  return { width, height, rgba: new Uint8Array(data) }
}

/**
 * Compares every pixel with `goldens/<name>.png`. On a mismatch `<name>-changed.png` lies beside it:
 * look at it, and rename it where the change is wanted.
 */
export const expectGolden = (picture: Picture, name: string): void => {
  const at = (file: string): string => fileURLToPath(new URL(`../goldens/${file}.png`, import.meta.url))
  const bytes = encodePng()(picture)
  const found = decoded(bytes)
  const golden = existsSync(at(name)) ? decoded(readFileSync(at(name))) : undefined
  const same =
    golden?.width === found.width &&
    golden.height === found.height &&
    Buffer.compare(golden.rgba, found.rgba) === 0
  if (same) rmSync(at(`${name}-changed`), { force: true })
  else writeFileSync(at(`${name}-changed`), bytes)
  expect(same, `${name}.png has changed: compare it with ${name}-changed.png`).toBe(true)
}

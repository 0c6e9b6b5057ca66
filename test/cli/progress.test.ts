import { concat, EMPTY, from, lastValueFrom, throwError, toArray } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { reportProgress } from '../../src/cli/progress.ts'
import type { Frame } from '../../src/stream/frame.ts'

/** The frames of a run, as far as progress looks at them. */
const framesOf = (count: number, upTo = count) =>
  Array.from({ length: upTo }, (_, index) => ({ transition: { index, count } }) as Frame<number>)

/** Runs so many steps, each of which takes so long on a clock for which nobody waits. */
const watch = async (isTTY: boolean, milliseconds: number, count: number, upTo = count) => {
  let time = 1e6
  const written: string[] = []
  const terminal = { isTTY, write: (text: string) => written.push(text) }
  function* run() {
    for (const frame of framesOf(count, upTo)) {
      time += milliseconds
      yield frame
    }
  }
  const progress$ = reportProgress(terminal, () => time)(from(run()))
  expect(await lastValueFrom(progress$.pipe(toArray()))).toEqual([])
  return written
}

describe('reportProgress where nobody looks', () => {
  it('says a line per tenth, with the time that is left', async () => {
    const lines = await watch(false, 100, 20)
    expect(lines).toHaveLength(10)
    expect(lines[0]).toBe('step 2 of 20, 1.8 s left\n')
    expect(lines[4]).toBe('step 10 of 20, 1.0 s left\n')
    expect(lines[9]).toBe('step 20 of 20, 0.0 s left\n')
  })

  it('says a line per step where there are fewer than ten', async () => {
    expect(await watch(false, 2000, 3)).toEqual([
      'step 1 of 3, 4.0 s left\n',
      'step 2 of 3, 2.0 s left\n',
      'step 3 of 3, 0.0 s left\n',
    ])
  })

  it.each([7, 10, 11, 13, 99, 1000])(
    'says at most ten lines, the last of them at the end: %i steps',
    async (count) => {
      const lines = await watch(false, 1, count)
      expect(lines).toHaveLength(Math.min(10, count))
      expect(lines.at(-1)).toBe(`step ${count} of ${count}, 0.0 s left\n`)
    },
  )

  it('leaves out tenths of a second from ten seconds up', async () => {
    const [first] = await watch(false, 10_000, 10)
    expect(first).toBe('step 1 of 10, 90 s left\n')
  })
})

describe('reportProgress on a terminal', () => {
  const wiped = '\r\u001b[K'

  it('draws one line over and over, at most ten times a second, and wipes it away', async () => {
    const drawn = await watch(true, 20, 50)
    expect(drawn).toHaveLength(12)
    expect(drawn.every((text) => text.startsWith(wiped))).toBe(true)
    expect(drawn.join('')).not.toContain('\n')
    expect(drawn[0]).toBe(`${wiped}${'░'.repeat(24)} step 1 of 50, 1.0 s left`)
    expect(drawn[5]).toBe(`${wiped}${'█'.repeat(12)}${'░'.repeat(12)} step 26 of 50, 0.5 s left`)
    expect(drawn[10]).toBe(`${wiped}${'█'.repeat(24)} step 50 of 50, 0.0 s left`)
    expect(drawn[11]).toBe(wiped)
  })

  it('draws every step that takes its time', async () => {
    expect(await watch(true, 150, 5)).toHaveLength(6)
  })

  it('wipes its line away when a run is cut short', async () => {
    expect((await watch(true, 150, 5, 2)).at(-1)).toBe(wiped)
  })

  it('wipes its line away when a run fails', async () => {
    const written: string[] = []
    const terminal = { isTTY: true, write: (text: string) => written.push(text) }
    const broken$ = concat(
      framesOf(5, 1),
      throwError(() => new Error('the model broke')),
    )
    await expect(lastValueFrom(reportProgress(terminal)(broken$))).rejects.toThrow('the model broke')
    expect(written.at(-1)).toBe(wiped)
  })
})

describe('reportProgress of a run without steps', () => {
  it('says nothing', async () => {
    const written: string[] = []
    const terminal = { write: (text: string) => written.push(text) }
    expect(await lastValueFrom(reportProgress(terminal)(EMPTY).pipe(toArray()))).toEqual([])
    expect(written).toEqual([])
  })
})

import { describe, expect, it } from 'vitest'
import { draw, jsonLine, printTo, terminalOf, visible } from '../../src/cli/terminal.ts'

/** ESC, CSI as one letter, BEL, DEL, a carriage return, and a turn of the writing's direction. */
const evil = 'a\u001b[31mb\u009b2Jc\u0007d\u007fe\rf\u202eg'

const stream = (isTTY: boolean) => {
  const written: string[] = []
  return { isTTY, written, write: (text: string) => written.push(text) }
}

describe('what others have written', () => {
  it('is seen, and does nothing', () => {
    expect(visible(evil)).toBe('a\\x1b[31mb\\x9b2Jc\\x07d\\x7fe\\x0df\\u202eg')
  })

  it('is as it is, where it does nothing', () => {
    const harmless = 'Größe: 7 × 7\tx̂₀ → √ᾱ\n形 █░ 🙂'
    expect(visible(harmless)).toBe(harmless)
  })

  it('steers no terminal by words, and what is drawn does', () => {
    const to = stream(true)
    const terminal = terminalOf(to, { TERM: 'xterm' })
    terminal.write(evil)
    draw(terminal)('\r\u001b[K')
    expect(to.written).toEqual([visible(evil), '\r\u001b[K'])
  })

  it('steers none by what is printed, and reaches files as it is', () => {
    const [people, file] = [stream(true), stream(false)]
    printTo(people)(evil)
    printTo(file)(evil)
    expect([people.written, file.written]).toEqual([[visible(evil)], [evil]])
  })

  it('is on one line of ASCII’s and Latin-1’s letters in JSON, and the same when it is read', () => {
    const line = jsonLine({ reason: evil })
    // eslint-disable-next-line no-control-regex -- these are what must not be there
    expect(line).toMatch(/^[^\u0000-\u001f\u007f-\u009f]*\n$/)
    expect(JSON.parse(line)).toEqual({ reason: evil })
  })
})

it.each([
  ['xterm', true],
  ['dumb', false],
  [undefined, true],
])('a terminal called %s can be drawn over: %s', (TERM, drawnOver) => {
  expect(terminalOf(stream(true), { TERM }).isTTY).toBe(drawnOver)
  expect(terminalOf(stream(false), { TERM }).isTTY).toBe(false)
})

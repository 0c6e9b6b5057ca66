/**
 * Images on a terminal while they come to be: half blocks, or pixels where the terminal shows those. It holds nobody, and leaves out
 * what comes while it draws.
 */
import { type Observable, tap } from 'rxjs'
import type { Values } from '../algebra/algebra.ts'
import { encodePng } from '../media/format/png.ts'
import { grid } from '../media/picture/grid.ts'
import { type Picture, toPictures } from '../media/picture/picture.ts'
import type { Frame, OwnedFrame } from '../stream/frame.ts'
import { draw, type Terminal, WIPE } from './terminal.ts'

/** What a terminal can show. */
export type Screen = 'blocks' | 'kitty' | 'iterm'

/** What a terminal shows, as its environment says. */
export const screenOf = (env: Readonly<Record<string, string | undefined>>): Screen => {
  if (env['KITTY_WINDOW_ID'] !== undefined || env['TERM'] === 'xterm-kitty') return 'kitty'
  return env['TERM_PROGRAM'] === 'iTerm.app' ? 'iterm' : 'blocks'
}

/** The most columns and rows that are drawn, in pixels. */
const MOST = { across: 160, down: 64 } as const
/** Milliseconds between two pictures. */
const PAUSE = 250

/** As many pictures beside and below each other as there is room for. */
const laidOut = (pictures: readonly Picture[]): ReadonlyArray<readonly Picture[]> => {
  const { width = 1, height = 1 } = pictures[0] ?? {}
  const across = Math.max(1, Math.floor((MOST.across + 1) / (width + 1)))
  const down = Math.max(1, Math.floor((MOST.down + 1) / (height + 1)))
  const shown = pictures.slice(0, across * down)
  return Array.from({ length: Math.ceil(shown.length / across) }, (_, row) =>
    shown.slice(row * across, (row + 1) * across),
  )
}

const colourAt = ({ width, height, channels, data }: Picture, x: number, y: number): string => {
  if (x >= width || y >= height) return '0;0;0'
  const at = (y * width + x) * channels
  const [r = 0, g = r, b = r] = channels === 1 ? [data[at]] : [data[at], data[at + 1], data[at + 2]]
  return `${r};${g};${b}`
}

/** A row of pictures, two rows of pixels a line: the upper one is the letter, the lower one what is behind it. */
const blockLines = (pictures: readonly Picture[]): readonly string[] => {
  const height = Math.max(...pictures.map((picture) => picture.height))
  return Array.from({ length: Math.ceil(height / 2) }, (_, line) => {
    const cells = pictures.map((picture) =>
      Array.from(
        { length: picture.width },
        (__, x) =>
          `\u001b[38;2;${colourAt(picture, x, 2 * line)}m\u001b[48;2;${colourAt(picture, x, 2 * line + 1)}m▀`,
      ).join(''),
    )
    return cells.map((cell) => `${cell}\u001b[0m`).join(' ')
  })
}

/** How many lines of text a picture of pixels takes. */
const LINES = 12

/** Kitty takes its pictures in pieces. */
const PIECE = 4096

const kitty = (png: string): string => {
  const pieces = png.match(new RegExp(`.{1,${PIECE}}`, 'g')) ?? []
  return pieces
    .map((piece, i) => {
      const more = i + 1 < pieces.length ? 1 : 0
      return `\u001b_G${i === 0 ? `a=T,f=100,q=2,C=1,r=${LINES},` : ''}m=${more};${piece}\u001b\\`
    })
    .join('')
}

const iterm = (png: string): string =>
  `\u001b]1337;File=inline=1;height=${LINES};preserveAspectRatio=1;doNotMoveCursor=1:${png}\u0007`

/** Images as text for a terminal, and how many lines it moves down. */
export const drawn = (screen: Screen, images: Values): { readonly text: string; readonly lines: number } => {
  if (screen === 'blocks') {
    const lines = laidOut(toPictures(images)).flatMap(blockLines)
    return { text: lines.map((line) => `${line}\u001b[K\n`).join(''), lines: lines.length }
  }
  const png = Buffer.from(encodePng()(grid({ scale: 2 })(images))).toString('base64')
  return { text: (screen === 'kitty' ? kitty : iterm)(png) + '\n'.repeat(LINES), lines: LINES }
}

/** Options of {@link previewed}. */
export interface PreviewOptions {
  readonly screen: Screen
  /** A clock, in milliseconds. */
  readonly now?: () => number
}

/**
 * Shows what the model sees in each frame, x̂₀; where the terminal is none, nothing.
 *
 * @param terminal - where to; a line of progress below is not disturbed
 */
export const previewed =
  (terminal: Terminal, { screen, now = () => performance.now() }: PreviewOptions) =>
  <T>(frames$: Observable<Frame<T>>): Observable<Frame<T>> => {
    if (terminal.isTTY !== true) return frames$
    let [busy, last, above] = [false, -Infinity, 0]
    const show = (images: Values): void => {
      if (images.shape.length !== 4) return
      const { text, lines } = drawn(screen, images)
      draw(terminal)(`${WIPE}${above === 0 ? '' : `\u001b[${above}A`}${text}`)
      above = lines
    }
    /** Draws what has been kept, and lets go of it; what can't be shown is not worth a word. */
    const drawKept = async <T>(kept: OwnedFrame<T>): Promise<void> => {
      try {
        show(await kept.algebra.toValues(kept.x0))
      } catch {
        // a picture less
      } finally {
        kept[Symbol.dispose]()
        busy = false
        last = now()
      }
    }
    return frames$.pipe(
      tap((frame) => {
        if (busy || now() - last < PAUSE) return
        busy = true
        void drawKept(frame.keep())
      }),
    )
  }

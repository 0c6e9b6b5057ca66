/**
 * Where people read: what others have written never steers it.
 */

/** Where words go: `process.stderr`, as far as it is needed here. */
export interface Terminal {
  /** Whether lines can be drawn over. */
  readonly isTTY?: boolean
  /** Words, shown as they are. */
  readonly write: (text: string) => unknown
  /** Text of our own that moves the cursor, or shows pictures; as words unless said. */
  readonly draw?: (text: string) => unknown
}

/** Draws, and writes where there is no drawing. */
export const draw =
  ({ draw, write }: Terminal) =>
  (text: string): unknown =>
    (draw ?? write)(text)

/** Wipes the line away, and begins it again. */
export const WIPE = '\r\u001b[K'

const hex = (letter: string): string => letter.charCodeAt(0).toString(16)

/**
 * Text whose control characters can be seen, and do nothing: those of ASCII and of Latin-1, but for the end of a line and the tab, and
 * those that turn the direction of writing.
 *
 * @param text - of names, files and messages, whoever has written them
 */
export const visible = (text: string): string =>
  text
    // eslint-disable-next-line no-control-regex -- these are what is looked for
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (letter) => `\\x${hex(letter).padStart(2, '0')}`)
    .replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (letter) => `\\u${hex(letter)}`)

/** JSON on one line, whose control characters are all escaped. */
export const jsonLine = (value: unknown): string =>
  `${JSON.stringify(value).replace(/[\u007f-\u009f]/g, (letter) => `\\u00${hex(letter)}`)}\n`

/** A stream of the process, as far as it is needed here. */
interface Stream {
  readonly isTTY?: boolean
  readonly write: (text: string) => unknown
}

/**
 * A stream as a terminal.
 *
 * @param stream - where to
 * @param env - what the terminal is called; one called dumb can't be drawn over
 */
export const terminalOf = (stream: Stream, env: Readonly<Record<string, string | undefined>>): Terminal => ({
  get isTTY() {
    return stream.isTTY === true && env['TERM'] !== 'dumb'
  },
  write: (text) => stream.write(visible(text)),
  draw: (text) => stream.write(text),
})

/**
 * Prints what a verb is asked for: as it is for files and programs, and visibly for people.
 *
 * @param stream - `process.stdout`
 */
export const printTo =
  (stream: Stream | undefined) =>
  (text: string): unknown =>
    stream?.write(stream.isTTY === true ? visible(text) : text)

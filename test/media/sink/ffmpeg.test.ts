import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lastValueFrom, tap } from 'rxjs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { checkCodec } from '../../../src/media/sink/ffmpeg.ts'
import { checkVideo, toVideo } from '../../../src/media/sink/to-video.ts'
import { settled } from '../../../src/stream/settled.ts'
import { discRun } from '../support/runs.ts'

let room = ''
beforeEach(() => {
  room = mkdtempSync(join(tmpdir(), 'rxdiffusion-ffmpeg-'))
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(room, { recursive: true, force: true })
})

/** The children of this process, dead ones that nobody has asked about among them. */
const children = (): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return (
          readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ')[1] === String(process.pid)
        )
      } catch {
        return false
      }
    })
    .map(Number)

/** Something that stands for ffmpeg. */
const stub = (script: string): void => {
  const path = join(room, 'stub')
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
  vi.stubEnv('FFMPEG_PATH', path)
}

const run = (path: string): Promise<unknown> => {
  const { frames$ } = discRun({ size: 64, steps: 30 })
  return lastValueFrom(frames$.pipe(toVideo(path)))
}

describe('where there is no ffmpeg', () => {
  const instead = '.gif, .apng and .png are written without it.'

  it.each([
    [undefined, 'there is none on the PATH (FFMPEG_PATH can name it)'],
    ['/no/such/ffmpeg', "FFMPEG_PATH names /no/such/ffmpeg, which can't be run"],
  ])('with FFMPEG_PATH %s, says what works without', async (named, reason) => {
    vi.stubEnv('PATH', room)
    vi.stubEnv('FFMPEG_PATH', named)
    const path = join(room, 'x.mp4')
    const message = `${path} needs ffmpeg, and ${reason}; ${instead}`
    expect(await checkVideo(path)()).toMatchObject({ left: { _tag: 'EncoderMissing', message } })
    await expect(run(path)).rejects.toMatchObject({ _tag: 'EncoderMissing', message })
    expect(readdirSync(room)).toEqual([])
  })

  it('says so where it lacks the encoder', async () => {
    stub(
      `[ "$2" = -encoders ] && echo ' V....D mpeg4' && exit; cat > /dev/null; echo "Unknown encoder 'libx264'" >&2; exit 1`,
    )
    const message = `x.mp4 needs ffmpeg, and the one here has no libx264; ${instead}`
    expect(await checkVideo('x.mp4')()).toMatchObject({ left: { message } })
    await expect(run(join(room, 'x.mp4'))).rejects.toMatchObject({ _tag: 'EncoderMissing' })
  })

  it.each([
    ['exit 7', 'it ended with code 7'],
    ['kill -9 $$', 'it was ended by SIGKILL'],
    ['exec sleep 60', 'it gives no answer within 0.2 s'],
  ])('says what became of it where it only does "%s"', async (script, reason) => {
    stub(script)
    const named = join(room, 'stub')
    const message = `x.mp4 needs ffmpeg, and the one here (${named}) can't say what it has: ${reason}; ${instead}`
    expect(await checkCodec('x.mp4', 'h264', 200)()).toMatchObject({
      left: { _tag: 'EncoderMissing', message },
    })
    expect(children()).toEqual([])
  })

  it('refuses what is no video', async () => {
    const message = "x.avi can't be written: a video ends in .mp4, .av1.mp4, .webm, .mkv, .webp."
    expect(await checkVideo('x.avi')()).toMatchObject({ left: { message } })
    await expect(run('x.avi')).rejects.toThrow(message)
  })
})

describe('an ffmpeg that dies', () => {
  it.each([
    ['at once', 'exit 3', 'it ended with code 3'],
    ['with a word', 'echo "[x @ 0x1] It hurts." >&2; exit 1', 'It hurts'],
    ['in the middle', 'head -c 20000 > /dev/null; kill -9 $$', 'it was ended by SIGKILL'],
  ])('%s is told in one sentence, and nothing is left', async (_, script, reason) => {
    stub(script)
    const path = join(room, 'x.mp4')
    await expect(run(path)).rejects.toMatchObject({
      _tag: 'EncoderFailed',
      message: `ffmpeg could not write ${path}: ${reason}.`,
    })
    expect(readdirSync(room)).toEqual(['stub'])
    expect(children()).toEqual([])
  })

  it('names the path that was asked for, and not where it writes meanwhile', async () => {
    stub('for a; do last=$a; done; echo "$last: Read-only file system" >&2; exit 1')
    const path = join(room, 'x.mp4')
    await expect(run(path)).rejects.toMatchObject({ reason: `${path}: Read-only file system` })
  })

  it('does not fail the run, on which others may hang', async () => {
    stub('exit 3')
    const { frames$ } = discRun({ size: 64, steps: 30 })
    let frames = 0
    const others = lastValueFrom(frames$.pipe(tap(() => (frames += 1))))
    await expect(run(join(room, 'x.mp4'))).rejects.toThrow()
    await others
    expect(frames).toBe(30)
  })
})

describe('an ffmpeg that is slow', () => {
  it('holds the run, so that memory does not grow', async () => {
    // reads nothing until it is let
    const gate = join(room, 'gate')
    stub(`for a; do last=$a; done; while [ ! -e ${gate} ]; do sleep 0.05; done; cat > "\${last#file:}"`)
    const { frames$, count } = discRun({ size: 256, steps: 90 })
    const written = lastValueFrom(frames$.pipe(toVideo(join(room, 'x.mp4'), { hold: 0, scale: 1 })))
    const stalled = async (): Promise<number> => {
      const before = count.calls
      await new Promise((later) => setTimeout(later, 300))
      return count.calls === before && before > 0 ? before : stalled()
    }
    // of 192 kB each, 42 pictures may wait in 8 MB and 2 in a pipe; inFlight is 2, one picture is kept back, and one step is under way
    expect(await stalled()).toBeLessThanOrEqual(48)
    writeFileSync(gate, '')
    expect(await written).toMatchObject({ bytes: 90 * 3 * 256 * 256, frames: 90 })
  })

  it('is let finish when the run is left', async () => {
    stub('for a; do last=$a; done; sleep 0.2; cat > "${last#file:}"')
    const { frames$ } = discRun({ size: 16, steps: 30 })
    const path = join(room, 'x.mp4')
    await new Promise<void>((enough) => {
      let frames = 0
      const running = frames$
        .pipe(
          tap(() => {
            frames += 1
            if (frames < 3) return
            running.unsubscribe()
            enough()
          }),
          toVideo(path, { hold: 0, scale: 1 }),
        )
        .subscribe()
    })
    await settled(frames$)
    // the third was on its way when the run was left
    expect([2, 3]).toContain(readFileSync(path).length / (3 * 16 * 16))
    expect(children()).toEqual([])
  })
})

it('is read back by its own tools', async () => {
  const path = join(room, 'x.mp4')
  await lastValueFrom(discRun({ size: 32 }).frames$.pipe(toVideo(path, { comment: 'seed 7' })))
  const said = execFileSync('ffprobe', [
    '-v',
    'error',
    '-show_entries',
    'format_tags=comment',
    path,
  ]).toString()
  expect(said).toContain('TAG:comment=seed 7')
})

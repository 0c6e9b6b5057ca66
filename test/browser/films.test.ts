import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { lastValueFrom } from 'rxjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pictures } from '../../src/media/sink/pictures.ts'
import { toApng } from '../../src/media/sink/to-apng.ts'
import { toGif } from '../../src/media/sink/to-gif.ts'
import { toVideo } from '../../src/media/sink/to-video.ts'
import { discRun } from '../media/support/runs.ts'
import { drive } from './devtools.ts'

const types: Readonly<Record<string, string>> = {
  '.apng': 'image/png',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.mp4': 'video/mp4',
  '.webm': 'video/webm',
  '.mkv': 'video/x-matroska',
}
let room: string
let server: Server
beforeAll(async () => {
  room = mkdtempSync(join(tmpdir(), 'rxdiffusion-films-'))
  server = createServer((request, response) => {
    const name = request.url?.slice(1) ?? ''
    if (name === '')
      response
        .setHeader('Content-Type', 'text/html')
        .end('<!doctype html><title>films</title><link rel="icon" href="data:,">')
    else response.setHeader('Content-Type', types[extname(name)] ?? '').end(readFileSync(join(room, name)))
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
})
afterAll(() => {
  server.close()
  rmSync(room, { recursive: true })
})

/** The middle pixel of what can be drawn. */
const middle = `(image, width, height) => {
  const canvas = new OffscreenCanvas(width, height)
  const context = canvas.getContext('2d')
  context.drawImage(image, 0, 0)
  return [...context.getImageData(width >> 1, height >> 1, 1, 1).data].slice(0, 3)
}`
const image = (name: string): string => `(async () => {
  const response = await fetch('/${name}')
  const decoder = new ImageDecoder({ data: await response.arrayBuffer(), type: '${types[extname(name)]!}' })
  await decoder.tracks.ready
  await decoder.completed
  const frames = decoder.tracks.selectedTrack.frameCount
  let [seconds, image] = [0]
  for (let frameIndex = 0; frameIndex < frames; frameIndex += 1) {
    image = (await decoder.decode({ frameIndex })).image
    seconds += image.duration / 1e6
  }
  return { frames, seconds, width: image.displayWidth, height: image.displayHeight, pixel: (${middle})(image, image.displayWidth, image.displayHeight) }
})()`
const video = (name: string): string => `(async () => {
  const video = document.createElement('video')
  video.muted = true
  const heard = (event) => new Promise((done, fail) => {
    video.addEventListener(event, done, { once: true })
    video.addEventListener('error', () => fail(video.error), { once: true })
  })
  const loaded = heard('loadeddata')
  // a server that knows no ranges would leave it where it is
  video.src = URL.createObjectURL(await (await fetch('/${name}')).blob())
  await loaded
  const sought = heard('seeked')
  video.currentTime = video.duration - 0.01
  await sought
  // the picture may come after the news that it was found; one that is there already is not announced again
  await Promise.race([
    new Promise((shown) => video.requestVideoFrameCallback(shown)),
    new Promise((waited) => setTimeout(waited, 1000)),
  ])
  return { seconds: video.duration, width: video.videoWidth, height: video.videoHeight, pixel: (${middle})(video, video.videoWidth, video.videoHeight) }
})()`

const { frames$ } = discRun({ steps: 10, size: 64 })
/** What the middle is at the end. */
const wanted = lastValueFrom(frames$.pipe(pictures({ scale: 1 }))).then(({ picture: { data } }) => [
  ...data.subarray(3 * (32 * 64 + 32), 3 * (32 * 64 + 32) + 3),
])

describe('films are decoded by Chromium', () => {
  it('as images and videos, with their frames, sizes and colours', async () => {
    const look = { scale: 1, fps: 10, hold: 0 } as const
    const files = {
      'a.apng': toApng,
      'a.gif': toGif,
      'a.mp4': toVideo,
      'a.webm': toVideo,
      'a.webp': toVideo,
    } as const
    for (const [name, sink] of Object.entries(files))
      await lastValueFrom(frames$.pipe(sink(join(room, name), look)))
    const { port } = server.address() as AddressInfo
    await drive(async (page) => {
      await page.open(`http://127.0.0.1:${String(port)}/`)
      for (const name of Object.keys(files)) {
        const isImage = types[extname(name)]!.startsWith('image')
        const seen = await page.evaluate<{
          readonly frames?: number
          readonly seconds: number
          readonly width: number
          readonly pixel: readonly number[]
        }>(isImage ? image(name) : video(name))
        expect(seen, name).toMatchObject({ width: 64, height: 64 })
        expect(seen.seconds, name).toBeCloseTo(1, 1)
        // WebP takes two pictures that it can't tell apart for one that stays
        if (isImage && name !== 'a.webp') expect(seen.frames, name).toBe(10)
        // exact where nothing is lost, and as near as 8 bits of YUV elsewhere
        const most = name === 'a.apng' ? 0 : 6
        const pixel = await wanted
        seen.pixel.forEach((tone, c) => expect(Math.abs(tone - pixel[c]!), name).toBeLessThanOrEqual(most))
      }
    })
  })
})

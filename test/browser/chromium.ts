import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The Chromium of this machine. */
export const findChromium = (): string => {
  const path = (process.env['PATH'] ?? '').split(delimiter)
  const candidates = [
    process.env['CHROMIUM'] ?? '',
    ...names.flatMap((name) => path.map((folder) => join(folder, name))),
  ]
  const found = candidates.find(isExecutable)
  if (found === undefined)
    throw new Error(
      'This test needs Chromium or Chrome: install it (on Debian: apt-get install chromium), or set CHROMIUM to its path.',
    )
  return found
}

/** Opens a page in headless Chromium until the answer arrives; without an answer, says what Chromium said. */
export const visit = async <A>(url: string, answer: Promise<A>, limit = 60_000): Promise<A> => {
  const profile = await mkdtemp(join(tmpdir(), 'chromium-'))
  const chromium = spawn(findChromium(), [
    '--headless=new',
    // containers run as root and have a small /dev/shm
    '--no-sandbox',
    '--disable-dev-shm-usage',
    '--disable-gpu',
    '--no-first-run',
    '--enable-logging=stderr',
    `--user-data-dir=${profile}`,
    url,
  ])
  let words = ''
  chromium.stderr.on('data', (chunk: Buffer) => (words += chunk.toString()))
  const closed = new Promise<void>((resolve) =>
    chromium.on('close', () => {
      resolve()
    }),
  )
  const timer = new AbortController()
  const gaveUp = new Promise<never>((_, reject) => {
    const giveUp = (why: string): void => {
      reject(new Error(`${why}. Chromium said:\n${words}`))
    }
    chromium.on('error', (error) => {
      giveUp(error.message)
    })
    chromium.on('close', () => {
      giveUp('Chromium ended before the page answered')
    })
    const id = setTimeout(() => {
      giveUp(`The page did not answer within ${limit / 1000} s`)
    }, limit)
    timer.signal.addEventListener('abort', () => {
      clearTimeout(id)
    })
  })
  try {
    return await Promise.race([answer, gaveUp])
  } finally {
    timer.abort()
    gaveUp.catch(() => undefined)
    chromium.kill()
    await closed
    await rm(profile, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** Chromium driven from outside, as its own tools do, through two pipes. */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { findChromium } from './chromium.ts'

/** A page that is open. */
export interface Page {
  /** Opens an address, and waits until it is loaded. */
  readonly open: (url: string) => Promise<void>
  /** What an expression in the page comes to, when it has; it has to be JSON. */
  readonly evaluate: <A>(expression: string) => Promise<A>
  /** Presses a key, as somebody at the keyboard does. */
  readonly press: (key: string, code?: number) => Promise<void>
  /** Says whether the page is to be light or dark, or as on paper. */
  readonly emulate: (media: 'light' | 'dark' | 'print') => Promise<void>
  /** Everything that went wrong in the page so far. */
  readonly complaints: readonly string[]
}

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: Readonly<Record<string, unknown>>
  readonly result?: Readonly<Record<string, unknown>>
  readonly error?: { readonly message: string }
}

/** Does something with a page of a Chromium of its own. */
export const drive = async <A>(work: (page: Page) => Promise<A>): Promise<A> => {
  const profile = await mkdtemp(join(tmpdir(), 'chromium-'))
  const switches = [
    '--headless=new',
    '--no-sandbox',
    '--disable-dev-shm-usage',
    '--disable-gpu',
    '--no-first-run',
  ]
  const chromium = spawn(
    findChromium(),
    [...switches, '--remote-debugging-pipe', `--user-data-dir=${profile}`, 'about:blank'],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
  )
  const [into, out] = [chromium.stdio[3] as Writable, chromium.stdio[4] as Readable]
  const waiting = new Map<number, { resolve: (message: Message) => void; reject: (error: Error) => void }>()
  const listeners = new Map<string, (params: Readonly<Record<string, unknown>>) => void>()
  const closed = new Promise<void>((done) => chromium.on('close', () => done()))
  void closed.then(() => {
    for (const { reject } of waiting.values()) reject(new Error('Chromium ended too early'))
  })
  into.on('error', () => undefined)

  let held = ''
  out.setEncoding('utf8').on('data', (text: string) => {
    const pieces = (held + text).split('\0')
    held = pieces.pop() ?? ''
    for (const piece of pieces) {
      const message = JSON.parse(piece) as Message
      if (message.method !== undefined) listeners.get(message.method)?.(message.params ?? {})
      if (message.id === undefined) continue
      const asked = waiting.get(message.id)
      waiting.delete(message.id)
      if (message.error === undefined) asked?.resolve(message)
      else asked?.reject(new Error(message.error.message))
    }
  })
  let last = 0
  const ask = async <R>(method: string, params: object = {}, sessionId?: string): Promise<R> => {
    const id = (last += 1)
    const answer = new Promise<Message>((resolve, reject) => waiting.set(id, { resolve, reject }))
    into.write(`${JSON.stringify({ id, method, params, sessionId })}\0`)
    return (await answer).result as R
  }

  try {
    const { targetId } = await ask<{ targetId: string }>('Target.createTarget', { url: 'about:blank' })
    const { sessionId } = await ask<{ sessionId: string }>('Target.attachToTarget', {
      targetId,
      flatten: true,
    })
    const tell = <R>(method: string, params?: object): Promise<R> => ask<R>(method, params, sessionId)
    const complaints: string[] = []
    listeners.set('Runtime.exceptionThrown', ({ exceptionDetails }) => {
      complaints.push(JSON.stringify(exceptionDetails))
    })
    listeners.set('Runtime.consoleAPICalled', ({ type, args }) => {
      if (type === 'error' || type === 'warning') complaints.push(JSON.stringify(args))
    })
    listeners.set('Log.entryAdded', ({ entry }) => {
      complaints.push(JSON.stringify(entry))
    })
    for (const domain of ['Runtime', 'Log', 'Page']) await tell(`${domain}.enable`)
    return await work({
      complaints,
      open: async (url) => {
        const loaded = new Promise<void>((done) => listeners.set('Page.loadEventFired', () => done()))
        await tell('Page.navigate', { url })
        await loaded
      },
      evaluate: async <R>(expression: string) => {
        const { result, exceptionDetails } = await tell<{ result: { value: R }; exceptionDetails?: unknown }>(
          'Runtime.evaluate',
          { expression, awaitPromise: true, returnByValue: true },
        )
        if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails))
        return result.value
      },
      press: async (key, code) => {
        const how = { key, code: key, windowsVirtualKeyCode: code }
        await tell('Input.dispatchKeyEvent', { type: 'keyDown', ...how })
        await tell('Input.dispatchKeyEvent', { type: 'keyUp', ...how })
      },
      emulate: async (media) => {
        await tell('Emulation.setEmulatedMedia', {
          media: media === 'print' ? 'print' : 'screen',
          features: [{ name: 'prefers-color-scheme', value: media === 'dark' ? 'dark' : 'light' }],
        })
      },
    })
  } finally {
    chromium.kill()
    await closed
    await rm(profile, { recursive: true, force: true, maxRetries: 3 })
  }
}

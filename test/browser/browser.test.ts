import { mkdtemp, rm } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { ReplaySubject, firstValueFrom } from 'rxjs'
import { build, preview } from 'vite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { visit } from './chromium.ts'
import type { Answer } from './page/main.ts'
import { sample } from './page/sample.ts'

const root = resolve(import.meta.dirname, 'page')
const src = resolve(import.meta.dirname, '../../src')
let outDir: string
const modules: string[] = []
const builtins: string[] = []

beforeAll(async () => {
  outDir = await mkdtemp(join(tmpdir(), 'page-'))
  await build({
    root,
    configFile: false,
    logLevel: 'error',
    build: { outDir, emptyOutDir: true, target: 'esnext' },
    plugins: [
      {
        name: 'witness',
        enforce: 'pre',
        resolveId: (source, importer) => {
          // tfjs has branches for Node, which Vite leaves out; our own modules may have none
          if (isBuiltin(source) && importer?.startsWith(src) === true) builtins.push(`${importer}: ${source}`)
        },
        load: (id) => {
          modules.push(id)
        },
      },
    ],
  })
})

afterAll(() => rm(outDir, { recursive: true }))

/** Serves the built page, opens it, and waits for what it posts to /answer. */
const ask = async (): Promise<Answer> => {
  const answers = new ReplaySubject<Answer>(1)
  const server = await preview({
    root,
    configFile: false,
    logLevel: 'error',
    build: { outDir },
    preview: { host: '127.0.0.1', port: 0 },
    plugins: [
      {
        name: 'answer',
        configurePreviewServer: ({ middlewares }) => {
          middlewares.use('/answer', (request, response) => {
            void text(request).then((body) => {
              answers.next(JSON.parse(body) as Answer)
              response.end()
            })
          })
        },
      },
    ],
  })
  try {
    return await visit(server.resolvedUrls?.local[0] ?? '', firstValueFrom(answers))
  } finally {
    await server.close()
  }
}

describe('index.ts in a browser', () => {
  it('is bundled without a module of Node', () => {
    expect(modules).toContain(join(src, 'index.ts'))
    expect(builtins).toEqual([])
  })

  it('samples what Node samples', async () => {
    const here = await sample()
    expect(here.image).toHaveLength(16)
    expect(here.number[0]).toSatisfy((x: number) => Math.abs(Math.abs(x) - 2) < 0.5)
    expect(await ask()).toEqual(here)
  })
})

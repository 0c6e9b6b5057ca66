import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { ReplaySubject, firstValueFrom } from 'rxjs'
import { build, preview } from 'vite'
import type { Rolldown } from 'vite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { visit } from './chromium.ts'
import type { Answer } from './page/main.ts'

const root = resolve(import.meta.dirname, 'page')
let outDir: string
let bundle: Rolldown.RolldownOutput

beforeAll(async () => {
  outDir = await mkdtemp(join(tmpdir(), 'page-'))
  bundle = (await build({
    root,
    configFile: false,
    logLevel: 'error',
    build: { outDir, emptyOutDir: true, target: 'esnext' },
  })) as Rolldown.RolldownOutput
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
    const modules = bundle.output.flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : []))
    expect(modules.some((id) => id.endsWith('src/failure.ts'))).toBe(true)
    expect(modules.filter((id) => /browser-external|^node:/.test(id))).toEqual([])
  })

  it('samples', async () => {
    const answer = await ask()
    expect(answer).toEqual({ ok: true, exports: true })
  })
})

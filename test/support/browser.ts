/**
 * A browser for tests of pages: Debian's Chromium, headless. It is looked for at CHROMIUM_PATH, else on the PATH; none is ever
 * downloaded. Without one such tests are skipped, but for CI=true, where they fail.
 */
import { accessSync, constants, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'

const names = ['chromium', 'chromium-browser', 'google-chrome']

/** The program, or null where there is none. */
export function findChromium(env: NodeJS.ProcessEnv = process.env): string | null {
  const folders = (env.PATH ?? '').split(delimiter)
  const candidates = [env.CHROMIUM_PATH ?? '', ...folders.flatMap((folder) => names.map((name) => join(folder, name)))]
  return candidates.find((file) => file !== '' && isProgram(file)) ?? null
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Why a test of pages can't run, for `skip`; false: it can, or must fail because this is a CI run. */
export function withoutBrowser(): string | false {
  if (findChromium() !== null || process.env.CI === 'true') return false
  return 'SKIPPED: no Chromium; install it (bash .ci/install-servers chromium) or set CHROMIUM_PATH'
}

export interface TestBrowser {
  /** A page whose errors, and whose requests to other hosts, are kept. */
  open(url: string): Promise<OpenPage>
  /** Where the pictures are, for people. */
  readonly pictures: string
  close(): Promise<void>
}

export interface OpenPage {
  readonly page: Page
  /** What the page complained of so far: scripts that failed, and what its policy refused. */
  readonly complaints: readonly string[]
  /** Hosts that it asked. */
  readonly hosts: ReadonlySet<string>
  /** Takes a picture of what is in sight. */
  picture(name: string): Promise<void>
}

/** Generous: machines are slow, and shared. */
const patienceMs = 60_000

export async function startBrowser(): Promise<TestBrowser> {
  const executablePath = findChromium()
  if (executablePath === null) throw new Error('There is no Chromium: bash .ci/install-servers chromium')
  // Its sandbox can't be used by root, which tests in containers are.
  const browser: Browser = await chromium.launch({ executablePath, chromiumSandbox: false, timeout: patienceMs })
  const pictures = mkdtempSync(join(tmpdir(), 'dataferry-pictures-'))
  return {
    pictures,
    close: () => browser.close(),
    async open(url) {
      const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
      page.setDefaultTimeout(patienceMs)
      const complaints: string[] = []
      const hosts = new Set<string>()
      page.on('pageerror', (error) => complaints.push(error.message))
      page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(message.text())
      })
      page.on('request', (request) => {
        if (request.url().startsWith('http')) hosts.add(new URL(request.url()).host)
      })
      await page.goto(url)
      return {
        page,
        complaints,
        hosts,
        picture: async (name) => void (await page.screenshot({ path: join(pictures, `${name}.png`) })),
      }
    },
  }
}

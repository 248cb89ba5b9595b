#!/usr/bin/env node
/**
 * The command `dataferry`: kernel/cli reads its words. Plain JavaScript without newer syntax, because its first work is to say so, or to find another
 * Node, where the one that started it is too old. An installed package runs its built files, a checkout its sources.
 */

import { spawn } from 'child_process'
import { existsSync, lstatSync, mkdirSync, readFileSync } from 'fs'
import module, { createRequire } from 'module'
import { tmpdir } from 'os'
import { dirname, join, sep } from 'path'
import { fileURLToPath, pathToFileURL } from 'url'

const WANTED = [24, 7]
const CONDITION = 'dataferry-source'

const launcher = fileURLToPath(import.meta.url)
const root = dirname(dirname(launcher))
const sources = join(root, 'kernel', 'main.ts')
const fromSources = existsSync(sources) && root.split(sep).indexOf('node_modules') < 0

function tooOld() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  return major < WANTED[0] || (major === WANTED[0] && minor < WANTED[1])
}

/** The Node of the optional dependency for this platform, or null. */
function bundledNode() {
  const platform = process.platform === 'win32' ? 'win' : process.platform
  try {
    const manifest = createRequire(import.meta.url).resolve(`node-${platform}-${process.arch}/package.json`)
    const file = join(dirname(manifest), 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
    return existsSync(file) ? file : null
  } catch (_notInstalled) {
    return null
  }
}

/** Whether this process resolves the package's own exports to what it is about to run: all sources, or all built files. */
function resolvesRight() {
  return import.meta.resolve('dataferry/sdk').endsWith('.ts') === fromSources
}

/**
 * Keeps what Node made of the modules for the next start, which takes half the time then. What is kept is run: so it is in a folder of this
 * user alone, or nothing is kept. NODE_DISABLE_COMPILE_CACHE=1 switches it off, NODE_COMPILE_CACHE names another folder.
 */
function keepCompiled() {
  const user = process.getuid ? process.getuid() : null
  const folder = join(tmpdir(), user === null ? 'dataferry-compiled' : `dataferry-compiled-${user}`)
  try {
    if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 })
  } catch (_takenOrNotAllowed) {
    // What stands there is looked at below.
  }
  try {
    if (!isPrivate(folder, user)) return
    module.enableCompileCache(folder)
    // Threads look for it here.
    if (process.env.NODE_COMPILE_CACHE === undefined) process.env.NODE_COMPILE_CACHE = folder
  } catch (_notThere) {
    // It only takes longer.
  }
}

/** A folder that nobody else can write, nor put another one in its place. */
function isPrivate(folder, user) {
  const about = lstatSync(folder)
  if (!about.isDirectory()) return false
  if (user === null) return true
  const above = lstatSync(dirname(folder))
  const sticky = (above.mode & 0o1000) !== 0 || (above.mode & 0o022) === 0
  return about.uid === user && (about.mode & 0o077) === 0 && sticky
}

/** Runs the same command in a process of its own, with the signals and the ending of this one. */
function runWith(node, args) {
  const flags = process.execArgv.concat(fromSources ? ['-C', CONDITION] : [])
  const child = spawn(node, flags.concat([launcher], args), { stdio: 'inherit' })
  const signals = ['SIGTERM', 'SIGINT', 'SIGHUP']
  const forward = (signal) => {
    // A terminal sends Ctrl-C to both processes by itself; a second one would tell the server to hurry.
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
  }
  for (const signal of signals) process.on(signal, forward)
  child.on('error', (error) => fail(`dataferry: ${node} can't be run: ${error.message}`, 1))
  child.on('exit', (code, signal) => {
    for (const name of signals) process.removeListener(name, forward)
    if (signal) process.kill(process.pid, signal)
    else process.exitCode = code
  })
}

function run(args) {
  if (tooOld()) {
    const node = bundledNode()
    if (node) return runWith(node, args)
    return fail(`dataferry needs Node ${WANTED.join('.')} or newer; this is Node ${process.versions.node}`, 1)
  }
  if (!resolvesRight()) return runWith(process.execPath, args)
  const entry = fromSources ? sources : join(root, 'dist', 'kernel', 'main.js')
  if (!existsSync(entry)) return fail(`dataferry: ${entry} is missing: run npm run build`, 1)
  keepCompiled()
  return import(pathToFileURL(entry).href)
}

function fail(message, code) {
  console.error(message)
  process.exitCode = code
}

function main(args) {
  // The version is told on any Node, for reports of what does not run.
  if (['version', '--version', '-v'].indexOf(args[0]) >= 0 && args.length === 1)
    return console.log(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version)
  return run(args.length > 0 ? args : ['start'])
}

main(process.argv.slice(2))

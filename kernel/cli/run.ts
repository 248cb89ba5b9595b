/** From the words of a command line to an answer: the commands there are, and what runs them. */
import { ConfigError, load, type Source } from '../../config/index.ts'
import { createKernel, type KernelOptions } from '../kernel.ts'
import { createLogger } from '../observe.ts'
import type { Asked, Command, Outcome } from '../plugins/commands.ts'
import { builtins, loadPlugins } from '../plugins/loader.ts'
import { run as serve } from '../process.ts'
import { packageVersion } from '../version.ts'
import { chosen, type Parsed, parsed } from './arguments.ts'
import { configuration } from './config-command.ts'
import { type Described, helpOf, overview } from './help.ts'
import { type Terminal, terminal } from './terminal.ts'

export interface CommandOptions extends Pick<KernelOptions, 'builtins'> {
  /** Where the configuration is read from. */
  readonly source?: Source
  /** What secrets and inputs are read from. */
  readonly terminal?: Terminal
}

/** A command with what runs it; a null outcome: it goes on by itself. */
interface Entry extends Described {
  run(asked: Asked): Promise<Outcome | null>
}

/** null: the command goes on by itself. Throws UsageError for words that make no sense, ApiError for what was refused. */
export async function answer(words: readonly string[], options: CommandOptions = {}): Promise<Outcome | null> {
  const [first = 'start'] = words
  if (['version', '--version', '-v'].includes(first)) return told({ version: packageVersion() }, packageVersion())
  const wantsHelp = ['help', '--help', '-h'].includes(first)
  const given = wantsHelp ? words.slice(1).filter((word) => word !== '--json') : [first, ...words.slice(1)]
  // What needs no plugin does without: a server's start loads them itself.
  const own = ownCommands(options)
  const commands = given[0] === 'start' ? own : [...own, ...(await pluginCommands(options))]
  if (given.length === 0) return help(commands)
  const { command, rest } = chosen(given, commands)
  if (wantsHelp) return help([command], command)
  const read = parsed(command, rest)
  if (read.help) return help([command], command)
  return command.run(askedOf(read, options.terminal ?? terminal()))
}

const told = (value: Outcome['value'], text: string): Outcome => ({ value, text })

function help(commands: readonly Entry[], one?: Entry): Outcome {
  const value = commands.map(({ name, summary, arguments: taken, options }) => ({
    name,
    summary,
    arguments: taken.map((each) => ({ ...each })),
    options: options.map((each) => ({ ...each })),
  }))
  return told(value, one === undefined ? overview(commands) : helpOf(one))
}

function ownCommands({ source }: CommandOptions): readonly Entry[] {
  return [
    {
      name: 'start',
      summary: 'Starts the server (the default).',
      arguments: [],
      options: [],
      async run() {
        await serve()
        return null
      },
    },
    {
      name: 'config',
      summary: 'Prints the effective configuration and where each value comes from; secrets are masked.',
      arguments: [],
      options: [{ name: 'set', help: 'Only what somebody set.' }],
      run: async (asked) => configuration(asked.has('set'), source),
    },
    { ...plain('version', 'Prints the version.'), run: async () => null },
    { ...plain('help', 'Prints this, or the help of one command.'), run: async () => null },
  ]
}

const plain = (name: string, summary: string): Described => ({ name, summary, arguments: [], options: [] })

/** Of the built-in plugins and those of the configuration. One that can't be loaded is told by the commands that need plugins. */
async function pluginCommands({ builtins: own = builtins, source }: CommandOptions): Promise<readonly Entry[]> {
  let wanted: readonly string[] = []
  try {
    wanted = load(source).config.plugins
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
  }
  const { plugins } = await loadPlugins(own, wanted, process.cwd()).catch(() => loadPlugins(own, [], process.cwd()))
  return plugins.flatMap(({ name, commands = [] }) =>
    commands.map((command) => ({
      ...command,
      run: (asked: Asked) => attached(name, command, asked, own, source),
    })),
  )
}

/** Runs a plugin's command with plugins that started for it. */
async function attached(
  plugin: string,
  command: Command,
  asked: Asked,
  own: readonly string[],
  source: Source | undefined,
): Promise<Outcome> {
  const { config } = load(source)
  const kernel = createKernel({ config, version: packageVersion(), builtins: own })
  const level = config.log.level === 'off' || config.log.level === 'error' ? config.log.level : 'warning'
  kernel.observatory.subscribe(createLogger(level, (line) => void process.stderr.write(line)))
  try {
    const host = (await kernel.attach(command.existing !== true)).get(plugin)
    if (host === undefined) throw new Error(`the plugin ${plugin} did not start`)
    return await command.run(asked, host)
  } finally {
    await kernel.stop()
  }
}

function askedOf({ arguments: taken, options, switches }: Parsed, { secret, input }: Terminal): Asked {
  return {
    argument: (name) => taken.get(name) ?? null,
    option: (name) => options.get(name)?.at(-1) ?? null,
    options: (name) => options.get(name) ?? [],
    has: (name) => switches.has(name),
    secret,
    input,
  }
}

// Runs the steps of a composite action as a runner of GitHub would, as far as they are scripts of bash:
//
//   node run-action.mjs ACTION.yml name=value...
//
// It fails as the first step that fails does. RUNNER_TEMP must be set; the files that steps write to are in there.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

const [file, ...given] = process.argv.slice(2)
const action = parse(readFileSync(file, 'utf8'))
const inputs = {}
for (const [name, input] of Object.entries(action.inputs)) inputs[name] = input.default
for (const pair of given) {
  const at = pair.indexOf('=')
  const name = pair.slice(0, at)
  if (!(name in inputs)) throw new Error(`the action has no input ${name}`)
  inputs[name] = pair.slice(at + 1)
}
for (const [name, input] of Object.entries(action.inputs)) {
  if (input.required && inputs[name] === undefined) throw new Error(`the action needs the input ${name}`)
}
const filled = (text) => text.replace(/\$\{\{ inputs\.(\w+) \}\}/g, (_, name) => {
  if (!(name in inputs)) throw new Error(`the action has no input ${name}`)
  return inputs[name]
})

const files = {}
for (const name of ['GITHUB_OUTPUT', 'GITHUB_STEP_SUMMARY']) {
  files[name] = join(process.env.RUNNER_TEMP, name.toLowerCase())
  writeFileSync(files[name], '')
}
for (const step of action.runs.steps) {
  if (step.shell !== 'bash') throw new Error(`${step.name} is not a script of bash`)
  if (step.run.includes('${{')) throw new Error(`${step.name}: an expression in a script is a way to inject one; use env`)
  const env = { ...process.env, ...files }
  for (const [name, value] of Object.entries(step.env ?? {})) env[name] = filled(value)
  const ended = spawnSync('bash', ['--noprofile', '--norc', '-e', '-o', 'pipefail', '-c', step.run], { env, stdio: 'inherit' })
  if (ended.status !== 0) {
    console.error(`run-action: ${step.name}: exit status ${ended.status}`)
    process.exit(ended.status ?? 1)
  }
}

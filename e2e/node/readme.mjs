// Makes clients by the lines of the plugins' pages, each given as it stands there
// but for the broker's URL and the token, and has each do its first call.
// plugin_readmes_test.go starts it.
import { suites } from './suites.mjs'

const expect = (what, got, want) => {
  if (got !== want) throw new Error(`${what} is ${JSON.stringify(got)}, want ${JSON.stringify(want)}`)
}

// client is what a line makes: an expression, or a variable that it declares.
function client(code, scope) {
  const name = /^const (\w+) = /.exec(code)?.[1]
  return new Function(...Object.keys(scope), name ? `${code}; return ${name}` : `return ${code}`)(...Object.values(scope))
}

for (const { Suite, Code, Env } of JSON.parse(process.env.LINES)) {
  const { scope, steps } = suites[Suite]
  Object.assign(process.env, Env)
  try {
    await steps.call(client(Code, scope), { expect })
    console.log(`good: ${Suite}`)
  } catch (e) {
    console.log(`bad: ${Suite}: ${Code.replace(/seks_\w+/, 'TOKEN')}: ${e.stack}`)
  }
  for (const name of Object.keys(Env ?? {})) delete process.env[name]
}
process.exit(0)

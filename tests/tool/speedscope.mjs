// SPDX-License-Identifier: GPL-2.0-only
//
// speedscope.mjs - what speedscope's own importer reads from a file, as JSON; node speedscope.mjs RELEASE_DIR FILE
//
// The release is one script for a browser. It is run with stand-ins for the browser, after a line was put into it that
// shows its importer; that it cannot draw anything is caught.
import fs from 'node:fs'
import vm from 'node:vm'

const [dir, file] = process.argv.slice(2)
const script = fs.readdirSync(dir).find(name => /^speedscope-.*\.js$/.test(name))
let shown = 0
const code = fs.readFileSync(`${dir}/${script}`, 'utf8').replace(
	/([\w$]+),\{(?:[\w$]+:\(\)=>[\w$]+,)*importProfilesFromArrayBuffer:[^}]*\}\)/,
	(text, object) => { shown++; return `${text};globalThis.importer=${object}` })
if (shown !== 1)
	throw new Error('this release of speedscope has its importer elsewhere')

const anything = new Proxy(function () {}, {
	get: (target, key) => key === Symbol.toPrimitive ? () => '' : anything,
	set: () => true,
	has: () => true,
	apply: () => anything,
	construct: () => anything,
})
const context = vm.createContext({
	console: { log() {}, warn() {}, error() {} }, TextDecoder, TextEncoder, URL, setTimeout, clearTimeout, performance,
	document: anything, location: anything, navigator: anything, localStorage: anything, matchMedia: anything,
	HTMLElement: class {}, requestAnimationFrame() {}, addEventListener() {},
})
context.window = context.self = vm.runInContext('globalThis', context)
try {
	vm.runInContext(code, context)
} catch {
	// It tried to draw.
}
// The importer is made ready by a promise.
await new Promise(resolve => setTimeout(resolve))

const bytes = fs.readFileSync(file)
const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)
const group = await context.importer.importProfilesFromArrayBuffer('profile', buffer)
const profiles = group.profiles.map(profile => {
	const frames = []
	profile.forEachFrame(f => frames.push({ name: f.name, self: f.getSelfWeight(), total: f.getTotalWeight() }))
	return { name: profile.getName(), total: profile.getTotalWeight(), unit: profile.getWeightUnit(), frames }
})
process.stdout.write(JSON.stringify(profiles), () => process.exit(0))

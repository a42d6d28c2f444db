// SPDX-License-Identifier: GPL-2.0-only

// Package atomic has what profbuf.go takes from the runtime's own package of that name, in the forms of older and newer
// runtimes. A trace is run by one thread.
package atomic

func Load(p *uint32) uint32 { return *p }

func Load64(p *uint64) uint64 { return *p }

func Store(p *uint32, v uint32) { *p = v }

func Store64(p *uint64, v uint64) { *p = v }

func Cas64(p *uint64, old, new uint64) bool {
	if *p != old {
		return false
	}
	*p = new
	return true
}

type Uint32 struct{ v uint32 }

func (p *Uint32) Load() uint32 { return p.v }

func (p *Uint32) Store(v uint32) { p.v = v }

type Uint64 struct{ v uint64 }

func (p *Uint64) Load() uint64 { return p.v }

func (p *Uint64) Store(v uint64) { p.v = v }

func (p *Uint64) CompareAndSwap(old, new uint64) bool { return Cas64(&p.v, old, new) }

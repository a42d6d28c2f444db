// SPDX-License-Identifier: GPL-2.0-only
//
// spin.go - profiles as Go's runtime writes them: of the CPU, with inlined functions and labels, and of memory
//
// usage: spin CPU HEAP
package main

import (
	"context"
	"os"
	"runtime"
	"runtime/pprof"
	"time"
)

var kept [][]byte

func step(x uint64) uint64 {
	return x*6364136223846793005 + 1442695040888963407
}

//go:noinline
func spin(d time.Duration) (x uint64) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		for i := 0; i < 100000; i++ {
			x = step(x)
		}
	}
	return x
}

//go:noinline
func allocate() {
	for i := 0; i < 2000; i++ {
		kept = append(kept, make([]byte, 10000))
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	runtime.MemProfileRate = 1
	cpu, err := os.Create(os.Args[1])
	check(err)
	check(pprof.StartCPUProfile(cpu))
	pprof.Do(context.Background(), pprof.Labels("tenant", "acme"), func(context.Context) { spin(300 * time.Millisecond) })
	pprof.Do(context.Background(), pprof.Labels("tenant", "beta"), func(context.Context) { spin(100 * time.Millisecond) })
	pprof.StopCPUProfile()
	check(cpu.Close())
	allocate()
	heap, err := os.Create(os.Args[2])
	check(err)
	check(pprof.Lookup("heap").WriteTo(heap, 0))
	check(heap.Close())
}

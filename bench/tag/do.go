// SPDX-License-Identifier: GPL-2.0-only
//
// do.go - what Go's pprof.Do costs: set labels, call, restore

package main

import (
	"context"
	"fmt"
	"runtime/pprof"
	"time"
)

var calls int

func work(context.Context) {
	calls++
}

func main() {
	const n = 2000000
	ctx := context.Background()
	labels := pprof.Labels("tenant", "gold", "route", "/search")

	begin := time.Now()
	for i := 0; i < n; i++ {
		pprof.Do(ctx, labels, work)
	}
	fmt.Printf("go-do %.3f\n", float64(time.Since(begin).Nanoseconds())/n)

	// The least Go can do: labels made before, set and taken away.
	labelled := pprof.WithLabels(ctx, labels)
	begin = time.Now()
	for i := 0; i < n; i++ {
		pprof.SetGoroutineLabels(labelled)
		work(labelled)
		pprof.SetGoroutineLabels(ctx)
	}
	fmt.Printf("go-set %.3f\n", float64(time.Since(begin).Nanoseconds())/n)

	begin = time.Now()
	for i := 0; i < n; i++ {
		pprof.Do(ctx, pprof.Labels("tenant", "gold", "route", "/search"), work)
	}
	fmt.Printf("go-labels-do %.3f\n", float64(time.Since(begin).Nanoseconds())/n)
}

package main

import (
	"context"
	"math/rand"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// operation is one unit of work of a caller.
type operation func(ctx context.Context, caller int, random *rand.Rand) error

// closedLoop lets every caller work without a pause, and counts what is finished while it is measured.
func closedLoop(s settings, operate operation) {
	var isMeasured, isOver atomic.Bool
	var finished atomic.Int64
	times := make([]histogram, s.callers)
	var callers sync.WaitGroup
	for caller := 0; caller < s.callers; caller++ {
		callers.Add(1)
		go func(caller int) {
			defer callers.Done()
			random := rand.New(rand.NewSource(int64(caller)))
			for !isOver.Load() {
				from := time.Now()
				check(operate(context.Background(), caller, random))
				took := time.Since(from)
				if isMeasured.Load() {
					times[caller].record(took)
					finished.Add(1)
				}
			}
		}(caller)
	}
	time.Sleep(seconds(s.warm))
	sayEvent("measuring")
	cpu, from := cpuMicros(), time.Now()
	isMeasured.Store(true)
	time.Sleep(seconds(s.seconds))
	for finished.Load() == 0 { // too short for this workload on this machine: until there is something to tell
		time.Sleep(time.Millisecond)
	}
	isMeasured.Store(false)
	operations, took := finished.Load(), time.Since(from)
	isOver.Store(true)
	finishedReport(operations, took, cpuMicros()-cpu, func() *histogram {
		callers.Wait()
		return sum(times)
	})
}

// finishedReport says at once that the window is over, so that the server's costs are read at its end.
func finishedReport(operations int64, took time.Duration, cpu int64, times func() *histogram) {
	sayEvent("over")
	say(report{"measured", operations, took.Seconds(), times().quantiles(), cpu})
}

func sum(times []histogram) *histogram {
	var all histogram
	for at := range times {
		all.add(&times[at])
	}
	return &all
}

func seconds(count float64) time.Duration {
	return time.Duration(count * float64(time.Second))
}

// cpuMicros is what this process has spent so far, all threads.
func cpuMicros() int64 {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	micros := func(t syscall.Timeval) int64 { return t.Sec*1e6 + int64(t.Usec) }
	return micros(usage.Utime) + micros(usage.Stime)
}

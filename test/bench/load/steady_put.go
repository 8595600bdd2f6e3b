package main

import (
	"context"
	"math/rand"
	"sync"
	"sync/atomic"
	"time"
)

// steadyPut puts at a rate that does not yield to the server. A call is late from the time it was due, not from the time
// that a caller was free for it: a stall counts for everything that had to wait behind it.
func steadyPut(s settings) {
	clients, text := openClients(s), value(s)
	times := make([]histogram, s.callers)
	due := int64(s.rate * s.seconds)
	every := time.Duration(float64(time.Second) / s.rate)
	next := int64(-1)
	sayEvent("measuring")
	cpu, from := cpuMicros(), time.Now()
	var callers sync.WaitGroup
	for caller := 0; caller < s.callers; caller++ {
		callers.Add(1)
		go func(caller int) {
			defer callers.Done()
			random := rand.New(rand.NewSource(int64(caller)))
			for at := atomic.AddInt64(&next, 1); at < due; at = atomic.AddInt64(&next, 1) {
				dueAt := from.Add(time.Duration(at) * every)
				time.Sleep(time.Until(dueAt))
				key := keyName(random.Intn(s.keys))
				_, err := clients[caller%len(clients)].Put(context.Background(), key, text)
				check(err)
				times[caller].record(time.Since(dueAt))
			}
		}(caller)
	}
	callers.Wait()
	finishedReport(due, time.Since(from), cpuMicros()-cpu, func() *histogram { return sum(times) })
}

package main

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/etcd/clientv3"
)

// fill writes each key once, as fast as it goes: from the key `count` up to the key `keys`.
func fill(s settings) {
	clients := openClients(s)
	times := make([]histogram, s.callers)
	sayEvent("measuring")
	cpu, from := cpuMicros(), time.Now()
	writeKeys(s, clients, s.count, s.keys, times)
	finishedReport(int64(s.keys-s.count), time.Since(from), cpuMicros()-cpu, func() *histogram { return sum(times) })
}

// writeKeys writes the keys of [from, to), shared out among the callers.
func writeKeys(s settings, clients []*clientv3.Client, from int, to int, times []histogram) {
	text := value(s)
	shareOut(s, from, to, func(caller int, at int) {
		began := time.Now()
		_, err := clients[caller%len(clients)].Put(context.Background(), keyName(at), text)
		check(err)
		if times != nil {
			times[caller].record(time.Since(began))
		}
	})
}

// shareOut does the tasks of [from, to), each by the caller that is free next.
func shareOut(s settings, from int, to int, do func(caller int, at int)) {
	next := int64(from) - 1
	var callers sync.WaitGroup
	for caller := 0; caller < s.callers; caller++ {
		callers.Add(1)
		go func(caller int) {
			defer callers.Done()
			for at := atomic.AddInt64(&next, 1); at < int64(to); at = atomic.AddInt64(&next, 1) {
				do(caller, int(at))
			}
		}(caller)
	}
	callers.Wait()
}

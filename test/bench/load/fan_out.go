package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/etcd/clientv3"
)

// fanOut tells many watchers of one prefix of many puts, again and again: for a while to warm up, then to measure. A value
// begins with the time at which its put was asked for; an operation is one event at one watcher.
func fanOut(s settings) {
	clients := openClients(s)
	watchers := make([]watcher, s.watchers)
	for at := range watchers {
		events := clients[at%len(clients)].Watch(context.Background(), "fan/", clientv3.WithPrefix(), clientv3.WithCreatedNotify())
		created := <-events
		check(created.Err())
		watchers[at] = watcher{events: events, revision: created.Header.Revision}
	}
	tellRounds(s, clients, watchers, seconds(s.warm))
	for at := range watchers {
		watchers[at].times = histogram{}
	}
	sayEvent("measuring")
	cpu, from := cpuMicros(), time.Now()
	rounds := tellRounds(s, clients, watchers, seconds(s.seconds))
	operations := int64(rounds) * int64(s.watchers) * int64(s.count)
	finishedReport(operations, time.Since(from), cpuMicros()-cpu, func() *histogram {
		var all histogram
		for at := range watchers {
			all.add(&watchers[at].times)
		}
		return &all
	})
}

// watcher is one of many that are told the same.
type watcher struct {
	events   clientv3.WatchChan
	revision int64 // of the last event
	times    histogram
}

// tellRounds tells everybody of everything until it has taken `least`, once at least. It returns how often.
func tellRounds(s settings, clients []*clientv3.Client, watchers []watcher, least time.Duration) int {
	for rounds, from := 1, time.Now(); ; rounds++ {
		tellAll(s, clients, watchers, s.count)
		if time.Since(from) >= least {
			return rounds
		}
	}
}

// tellAll puts, and returns when every watcher has seen every put.
func tellAll(s settings, clients []*clientv3.Client, watchers []watcher, puts int) {
	var told sync.WaitGroup
	for at := range watchers {
		told.Add(1)
		go func(each *watcher) {
			defer told.Done()
			each.take(puts)
		}(&watchers[at])
	}
	putTimes(s, clients, puts)
	told.Wait()
}

// take receives `count` events, each once and in the order of its revision.
func (w *watcher) take(count int) {
	for seen := 0; seen < count; {
		response, open := <-w.events
		if !open {
			fail("a watch ended")
		}
		check(response.Err())
		now := time.Now().UnixNano()
		for _, event := range response.Events {
			if event.Kv.ModRevision != w.revision+1 {
				fail(fmt.Sprintf("revision %d came after %d", event.Kv.ModRevision, w.revision))
			}
			w.revision++
			w.times.record(time.Duration(now - int64(binary.BigEndian.Uint64(event.Kv.Value))))
		}
		seen += len(response.Events)
	}
}

func putTimes(s settings, clients []*clientv3.Client, puts int) {
	next := int64(-1)
	var callers sync.WaitGroup
	for caller := 0; caller < s.callers; caller++ {
		callers.Add(1)
		go func(caller int) {
			defer callers.Done()
			for at := atomic.AddInt64(&next, 1); at < int64(puts); at = atomic.AddInt64(&next, 1) {
				text := make([]byte, s.valueBytes)
				binary.BigEndian.PutUint64(text, uint64(time.Now().UnixNano()))
				key := fmt.Sprintf("fan/%012d", at)
				_, err := clients[caller%len(clients)].Put(context.Background(), key, string(text))
				check(err)
			}
		}(caller)
	}
	callers.Wait()
}

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"sync/atomic"

	"go.etcd.io/etcd/clientv3/concurrency"
)

func contendedLock(s settings) {
	locks(s, func(int) string { return "lock" })
}

func uncontendedLocks(s settings) {
	locks(s, func(caller int) string { return fmt.Sprintf("lock-of-%d", caller) })
}

// locks acquires and releases, each caller with a session of its own.
func locks(s settings, nameOf func(caller int) string) {
	clients := openClients(s)
	mutexes := make([]*concurrency.Mutex, s.callers)
	holders := make(map[string]*int32)
	for caller := range mutexes {
		session, err := concurrency.NewSession(clients[caller%len(clients)], concurrency.WithTTL(leaseSeconds))
		check(err)
		mutexes[caller] = concurrency.NewMutex(session, nameOf(caller))
		holders[nameOf(caller)] = new(int32)
	}
	closedLoop(s, func(ctx context.Context, caller int, _ *rand.Rand) error {
		if err := mutexes[caller].Lock(ctx); err != nil {
			return err
		}
		inside := holders[nameOf(caller)]
		if atomic.AddInt32(inside, 1) != 1 {
			return errors.New("a lock had two holders")
		}
		atomic.AddInt32(inside, -1)
		return mutexes[caller].Unlock(ctx)
	})
}

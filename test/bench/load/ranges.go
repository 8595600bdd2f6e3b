package main

import (
	"context"
	"fmt"
	"math/rand"

	"go.etcd.io/etcd/clientv3"
)

// pageKeys is how many keys a page has.
const pageKeys = 10

// queueName is where those who left wrote their keys.
const queueName = "queue/"

// page reads pages of all keys, which are there already, from any key on. The answer also says how many are behind them.
func page(s settings) {
	clients := openClients(s)
	closedLoop(s, func(ctx context.Context, caller int, random *rand.Rand) error {
		first := random.Intn(s.keys)
		read, err := clients[caller%len(clients)].Get(ctx, keyName(first), clientv3.WithRange("l"), clientv3.WithLimit(pageKeys))
		if err != nil {
			return err
		}
		if read.Count != int64(s.keys-first) {
			return fmt.Errorf("a page from key %d on answered wrong: %d keys", first, read.Count)
		}
		return nil
	})
}

// leaveQueue creates and deletes keys of a queue, from the number `count` up to `keys`, as those do who had its lock.
func leaveQueue(s settings) {
	clients := openClients(s)
	sayEvent("measuring")
	shareOut(s, s.count, s.keys, func(caller int, at int) {
		client, key := clients[caller%len(clients)], fmt.Sprintf("%s%016x", queueName, at)
		_, err := client.Put(context.Background(), key, "")
		check(err)
		_, err = client.Delete(context.Background(), key)
		check(err)
	})
	finishedReport(0, 0, 0, func() *histogram { return new(histogram) })
}

// oldest asks who is the first of a queue, as everybody does who waits for its lock.
func oldest(s settings) {
	clients := openClients(s)
	holder := queueName + "holder"
	_, err := clients[0].Put(context.Background(), holder, "")
	check(err)
	closedLoop(s, func(ctx context.Context, caller int, _ *rand.Rand) error {
		read, err := clients[caller%len(clients)].Get(ctx, queueName, clientv3.WithFirstCreate()...)
		if err != nil {
			return err
		}
		if len(read.Kvs) != 1 || string(read.Kvs[0].Key) != holder {
			return fmt.Errorf("the oldest of a queue answered wrong: %v", read)
		}
		return nil
	})
}

package main

import (
	"context"
	"fmt"
	"math/rand"
	"strings"

	"go.etcd.io/etcd/clientv3"
)

// keyName is 16 bytes long.
func keyName(at int) string {
	return fmt.Sprintf("k%015d", at)
}

func value(s settings) string {
	return strings.Repeat("v", s.valueBytes)
}

func put(s settings) {
	clients, text := openClients(s), value(s)
	closedLoop(s, func(ctx context.Context, caller int, random *rand.Rand) error {
		_, err := clients[caller%len(clients)].Put(ctx, keyName(random.Intn(s.keys)), text)
		return err
	})
}

func txn(s settings) {
	clients, text := openClients(s), value(s)
	closedLoop(s, func(ctx context.Context, caller int, random *rand.Rand) error {
		key := keyName(random.Intn(s.keys))
		done, err := clients[caller%len(clients)].Txn(ctx).
			If(clientv3.Compare(clientv3.Version(key), ">", -1)).
			Then(clientv3.OpPut(key, text), clientv3.OpGet(key)).
			Commit()
		if err != nil {
			return err
		}
		if read := done.Responses[1].GetResponseRange(); !done.Succeeded || len(read.Kvs) != 1 {
			return fmt.Errorf("a transaction answered wrong: %v", done)
		}
		return nil
	})
}

func get(s settings) {
	getWith(s)
}

func getSerializable(s settings) {
	getWith(s, clientv3.WithSerializable())
}

func getWith(s settings, options ...clientv3.OpOption) {
	clients := openClients(s)
	if !s.isFilled {
		writeKeys(s, clients, 0, s.keys, nil)
	}
	closedLoop(s, func(ctx context.Context, caller int, random *rand.Rand) error {
		read, err := clients[caller%len(clients)].Get(ctx, keyName(random.Intn(s.keys)), options...)
		if err != nil {
			return err
		}
		// A member that is behind may not have a key yet, which only a serializable read may see.
		if len(read.Kvs) == 0 && len(options) > 0 {
			return nil
		}
		if len(read.Kvs) != 1 || len(read.Kvs[0].Value) != s.valueBytes {
			return fmt.Errorf("a get answered wrong: %v", read)
		}
		return nil
	})
}

package main

import (
	"context"
	"fmt"
	"net"
	"time"

	"go.etcd.io/etcd/clientv3"
)

// firstRead waits for a server that is starting: dials until something listens, then asks until a linearizable read of the
// key before `keys` is answered.
func firstRead(s settings) {
	sayEvent("waiting")
	endpoint := s.endpoints[0]
	for !listens(endpoint) {
		time.Sleep(5 * time.Millisecond)
	}
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{endpoint}, DialTimeout: time.Minute})
	check(err)
	for {
		read, err := client.Get(context.Background(), keyName(s.keys-1))
		if err != nil { // no leader yet
			time.Sleep(5 * time.Millisecond)
			continue
		}
		if len(read.Kvs) != 1 || len(read.Kvs[0].Value) != s.valueBytes {
			fail(fmt.Sprintf("the first read answered wrong: %v", read))
		}
		sayEvent("read")
		return
	}
}

func listens(endpoint string) bool {
	connection, err := net.Dial("tcp", endpoint)
	if err == nil {
		connection.Close()
	}
	return err == nil
}

package main

import (
	"context"
	"time"

	"go.etcd.io/etcd/clientv3"
)

// openClients opens the connections, each to one member only, so that all members get their share.
func openClients(s settings) []*clientv3.Client {
	clients := make([]*clientv3.Client, s.connections)
	for at := range clients {
		clients[at] = openClient([]string{s.endpoints[at%len(s.endpoints)]})
	}
	return clients
}

func openClient(endpoints []string) *clientv3.Client {
	client, err := clientv3.New(clientv3.Config{Endpoints: endpoints, DialTimeout: 30 * time.Second})
	check(err)
	_, err = client.Get(context.Background(), "nothing")
	check(err)
	return client
}

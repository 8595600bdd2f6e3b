package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"go.etcd.io/etcd/clientv3"
	pb "go.etcd.io/etcd/etcdserver/etcdserverpb"
)

// hold opens connections, watchers of keys that nobody writes, and leases, and keeps them until its input ends.
func hold(s settings) {
	clients := openClients(s)
	for at, client := range clients {
		watchOthers(client, at, share(s.watchers, at, len(clients)))
	}
	grantMany(s, clients)
	sayEvent("held")
	_, err := io.Copy(io.Discard, os.Stdin)
	check(err)
}

// share is how much of `total` the part `at` of `parts` has to do.
func share(total int, at int, parts int) int {
	return (total + parts - 1 - at) / parts
}

// watchOthers creates watchers on one stream, all at once, and waits until each is there.
func watchOthers(client *clientv3.Client, connection int, count int) {
	if count == 0 {
		return
	}
	stream, err := pb.NewWatchClient(client.ActiveConnection()).Watch(context.Background())
	check(err)
	go func() {
		for at := 0; at < count; at++ {
			create := &pb.WatchCreateRequest{Key: []byte(fmt.Sprintf("quiet/%d/%d", connection, at))}
			check(stream.Send(&pb.WatchRequest{RequestUnion: &pb.WatchRequest_CreateRequest{CreateRequest: create}}))
		}
	}()
	for created := 0; created < count; {
		response, err := stream.Recv()
		check(err)
		if response.Canceled {
			fail("a watch was refused: " + response.CancelReason)
		}
		if response.Created {
			created++
		}
	}
}

func grantMany(s settings, clients []*clientv3.Client) {
	shareOut(s, 0, s.leases, func(caller int, _ int) {
		_, err := clients[caller%len(clients)].Grant(context.Background(), 100000)
		check(err)
	})
}

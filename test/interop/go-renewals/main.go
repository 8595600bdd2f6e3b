// Renews one lease many times, each by the client's call for a single renewal, and prints how many connections that took.
//
//	renewals ENDPOINT COUNT
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"go.etcd.io/etcd/clientv3"
	"google.golang.org/grpc"
)

func main() {
	count, err := strconv.Atoi(os.Args[2])
	check(err)
	var dialled int32
	dial := func(ctx context.Context, address string) (net.Conn, error) {
		atomic.AddInt32(&dialled, 1)
		return (&net.Dialer{}).DialContext(ctx, "tcp", address)
	}
	client, err := clientv3.New(clientv3.Config{
		Endpoints:   []string{os.Args[1]},
		DialTimeout: 10 * time.Second,
		DialOptions: []grpc.DialOption{grpc.WithContextDialer(dial)},
	})
	check(err)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	lease, err := client.Grant(ctx, 60)
	check(err)
	for renewal := 0; renewal < count; renewal++ {
		renewed, err := client.KeepAliveOnce(ctx, lease.ID)
		check(err)
		if renewed.TTL != 60 {
			panic(renewed.TTL)
		}
	}
	fmt.Println(atomic.LoadInt32(&dialled))
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

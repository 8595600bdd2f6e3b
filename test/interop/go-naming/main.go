// Registers or lists the endpoints of a service by etcd's own naming package.
//
//	naming add ENDPOINT SERVICE ADDRESS
//	naming list ENDPOINT SERVICE
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"go.etcd.io/etcd/clientv3"
	"go.etcd.io/etcd/clientv3/naming/endpoints"
)

func main() {
	client, err := clientv3.New(clientv3.Config{
		Endpoints:   []string{os.Args[2]},
		DialTimeout: 10 * time.Second,
	})
	check(err)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	service := os.Args[3]
	manager, err := endpoints.NewManager(client, service)
	check(err)
	switch os.Args[1] {
	case "add":
		address := os.Args[4]
		metadata := map[string]interface{}{"weight": 3, "zone": "b", "by": "go"}
		endpoint := endpoints.Endpoint{Addr: address, Metadata: metadata}
		check(manager.AddEndpoint(ctx, service+"/"+address, endpoint))
	case "list":
		found, err := manager.List(ctx)
		check(err)
		line, err := json.Marshal(found)
		check(err)
		fmt.Println(string(line))
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

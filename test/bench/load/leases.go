package main

import (
	"context"
	"fmt"
	"math/rand"

	"go.etcd.io/etcd/clientv3"
	pb "go.etcd.io/etcd/etcdserver/etcdserverpb"
)

const leaseSeconds = 600

// keepAlive renews one lease a caller, each on a stream of its own.
func keepAlive(s settings) {
	clients := openClients(s)
	leases := grantLeases(s, clients)
	streams := make([]pb.Lease_LeaseKeepAliveClient, s.callers)
	for caller := range streams {
		stream, err := pb.NewLeaseClient(clients[caller%len(clients)].ActiveConnection()).LeaseKeepAlive(context.Background())
		check(err)
		streams[caller] = stream
	}
	closedLoop(s, func(_ context.Context, caller int, _ *rand.Rand) error {
		if err := streams[caller].Send(&pb.LeaseKeepAliveRequest{ID: int64(leases[caller])}); err != nil {
			return err
		}
		renewed, err := streams[caller].Recv()
		if err != nil {
			return err
		}
		return renewedLease(renewed.ID, renewed.TTL, leases[caller])
	})
}

// keepAliveOnce renews by the client's call for a single renewal, which opens a stream each time.
func keepAliveOnce(s settings) {
	clients := openClients(s)
	leases := grantLeases(s, clients)
	closedLoop(s, func(ctx context.Context, caller int, _ *rand.Rand) error {
		renewed, err := clients[caller%len(clients)].KeepAliveOnce(ctx, leases[caller])
		if err != nil {
			return err
		}
		return renewedLease(int64(renewed.ID), renewed.TTL, leases[caller])
	})
}

func renewedLease(id int64, ttl int64, lease clientv3.LeaseID) error {
	if id != int64(lease) || ttl != leaseSeconds {
		return fmt.Errorf("lease %x was renewed as %x for %d s", lease, id, ttl)
	}
	return nil
}

func grantLeases(s settings, clients []*clientv3.Client) []clientv3.LeaseID {
	leases := make([]clientv3.LeaseID, s.callers)
	for caller := range leases {
		granted, err := clients[caller%len(clients)].Grant(context.Background(), leaseSeconds)
		check(err)
		leases[caller] = granted.ID
	}
	return leases
}

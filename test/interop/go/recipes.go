package main

import (
	"context"

	"go.etcd.io/etcd/clientv3/concurrency"
	"go.etcd.io/etcd/etcdserver/api/v3election/v3electionpb"
	"go.etcd.io/etcd/etcdserver/api/v3lock/v3lockpb"
)

// recipe waits for this contender's turn. The session's lease carries its place in the queue.
type recipe func(context.Context, *contender, *concurrency.Session) (*turn, error)

var recipes = map[string]recipe{
	"mutex":            mutex,
	"election":         election,
	"lock-service":     lockService,
	"election-service": electionService,
}

func mutex(ctx context.Context, c *contender, session *concurrency.Session) (*turn, error) {
	mutex := concurrency.NewMutex(session, c.name)
	if err := mutex.Lock(ctx); err != nil {
		return nil, err
	}
	return &turn{key: mutex.Key(), release: mutex.Unlock}, nil
}

func election(ctx context.Context, c *contender, session *concurrency.Session) (*turn, error) {
	election := concurrency.NewElection(session, c.name)
	if err := election.Campaign(ctx, c.who); err != nil {
		return nil, err
	}
	return &turn{key: election.Key(), release: election.Resign}, nil
}

func lockService(ctx context.Context, c *contender, session *concurrency.Session) (*turn, error) {
	service := v3lockpb.NewLockClient(c.client.ActiveConnection())
	lease := int64(session.Lease())
	locked, err := service.Lock(ctx, &v3lockpb.LockRequest{Name: []byte(c.name), Lease: lease})
	if err != nil {
		return nil, err
	}
	release := func(ctx context.Context) error {
		_, err := service.Unlock(ctx, &v3lockpb.UnlockRequest{Key: locked.Key})
		return err
	}
	return &turn{key: string(locked.Key), release: release}, nil
}

func electionService(ctx context.Context, c *contender, session *concurrency.Session) (*turn, error) {
	service := v3electionpb.NewElectionClient(c.client.ActiveConnection())
	elected, err := service.Campaign(ctx, &v3electionpb.CampaignRequest{
		Name:  []byte(c.name),
		Lease: int64(session.Lease()),
		Value: []byte(c.who),
	})
	if err != nil {
		return nil, err
	}
	release := func(ctx context.Context) error {
		_, err := service.Resign(ctx, &v3electionpb.ResignRequest{Leader: elected.Leader})
		return err
	}
	return &turn{key: string(elected.Leader.Key), release: release}, nil
}

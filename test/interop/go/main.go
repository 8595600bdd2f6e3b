// A contender for one queue, by a recipe of etcd's own Go packages: takes its turn again and again, and appends its fence
// to a shared register each time. Prints a line of JSON for what happens. It is ended by killing it.
//
//	contender RECIPE ENDPOINT NAME REGISTER WHO TTL_SECONDS HOLD_MILLISECONDS
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"

	"go.etcd.io/etcd/clientv3"
	"go.etcd.io/etcd/clientv3/concurrency"
)

// turn is what a recipe hands over once it is this contender's turn.
type turn struct {
	key     string
	release func(context.Context) error
}

type contender struct {
	client   *clientv3.Client
	name     string
	register string
	who      string
	hold     time.Duration
}

func main() {
	arguments := os.Args[1:]
	take, known := recipes[arguments[0]]
	if !known {
		panic("no recipe " + arguments[0])
	}
	client, err := clientv3.New(clientv3.Config{
		Endpoints:   []string{arguments[1]},
		DialTimeout: 10 * time.Second,
	})
	check(err)
	ttlSeconds, err := strconv.Atoi(arguments[5])
	check(err)
	holdMilliseconds, err := strconv.Atoi(arguments[6])
	check(err)
	self := &contender{
		client:   client,
		name:     arguments[2],
		register: arguments[3],
		who:      arguments[4],
		hold:     time.Duration(holdMilliseconds) * time.Millisecond,
	}
	for {
		session, err := concurrency.NewSession(client, concurrency.WithTTL(ttlSeconds))
		check(err)
		report("lost", map[string]interface{}{"reason": self.contend(session, take).Error()})
		session.Close()
	}
}

// contend takes turns until something goes wrong with the session.
func (c *contender) contend(session *concurrency.Session, take recipe) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		<-session.Done()
		cancel()
	}()
	for {
		mine, err := take(ctx, c, session)
		if err != nil {
			return err
		}
		if err := c.section(ctx, mine); err != nil {
			return err
		}
		if err := mine.release(ctx); err != nil {
			return err
		}
	}
}

// section is what the lock protects: read, think, write. The write is guarded by the fence, not by what was read.
func (c *contender) section(ctx context.Context, mine *turn) error {
	own, err := c.client.Get(ctx, mine.key)
	if err != nil {
		return err
	}
	if len(own.Kvs) == 0 {
		return fmt.Errorf("given a turn without a key: %s", mine.key)
	}
	fence := own.Kvs[0].CreateRevision
	report("acquired", map[string]interface{}{"key": mine.key, "fence": fence})
	before, err := c.client.Get(ctx, c.register)
	if err != nil {
		return err
	}
	text := ""
	if len(before.Kvs) > 0 {
		text = string(before.Kvs[0].Value)
	}
	time.Sleep(c.hold)
	isHeld := clientv3.Compare(clientv3.CreateRevision(mine.key), "=", fence)
	write := clientv3.OpPut(c.register, fmt.Sprintf("%s%d %s\n", text, fence, c.who))
	written, err := c.client.Txn(ctx).If(isHeld).Then(write).Commit()
	if err != nil {
		return err
	}
	if !written.Succeeded {
		return fmt.Errorf("refused by the fence: %s", mine.key)
	}
	report("released", map[string]interface{}{"key": mine.key, "fence": fence})
	return nil
}

func report(event string, more map[string]interface{}) {
	more["event"] = event
	more["atMs"] = float64(time.Now().UnixNano()) / 1e6
	line, err := json.Marshal(more)
	check(err)
	fmt.Println(string(line))
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

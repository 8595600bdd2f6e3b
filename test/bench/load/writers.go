package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/etcd/clientv3"
)

const (
	writeTimeout = 10 * time.Second
	pause        = 20 * time.Millisecond
)

// acknowledged is a write that was answered.
type acknowledged struct {
	asked    time.Time
	answered time.Time
}

// disturbance is what the writers saw since their input said "begin".
type disturbance struct {
	Event string `json:"event"`
	// From "begin" to the first answer to a write that was asked for after "end".
	NextWriteMs float64 `json:"nextWriteMs"`
	// The longest time without an answer.
	LongestGapMs float64  `json:"longestGapMs"`
	Failures     []string `json:"failures"`
}

// journal is what the writers saw, in the order of the answers.
type journal struct {
	mutex    sync.Mutex
	began    time.Time
	writes   []acknowledged
	failures []string
}

// writers begin a put every 20 ms, each knowing all members, whether the last one was answered or not. A line "begin" of
// the input says that a member is about to be ended, "end" that it is gone: what that was like is printed once a write that
// was asked for since then is answered, and every other one answered or refused.
func writers(s settings) {
	var seen journal
	var isOver atomic.Bool
	var callers sync.WaitGroup
	for caller := 0; caller < s.callers; caller++ {
		client := openClient(rotated(s.endpoints, caller))
		callers.Add(1)
		go func(caller int) {
			defer callers.Done()
			write(client, caller, value(s), &seen, &isOver)
		}(caller)
	}
	sayEvent("writing")
	for input := bufio.NewScanner(os.Stdin); input.Scan(); {
		switch input.Text() {
		case "begin":
			seen.begin()
			sayEvent("begun")
		case "end":
			gone := time.Now()
			for seen.nextWrite(gone) == nil {
				time.Sleep(time.Millisecond)
			}
			isOver.Store(true)
			callers.Wait()
			say(seen.disturbance(gone))
		}
	}
}

func rotated(endpoints []string, by int) []string {
	by %= len(endpoints)
	return append(append([]string{}, endpoints[by:]...), endpoints[:by]...)
}

func write(client *clientv3.Client, caller int, text string, seen *journal, isOver *atomic.Bool) {
	var puts sync.WaitGroup
	defer puts.Wait()
	for !isOver.Load() {
		puts.Add(1)
		go func(asked time.Time) {
			defer puts.Done()
			ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
			defer cancel()
			if _, err := client.Put(ctx, keyName(caller), text); err != nil {
				seen.failed(err)
			} else {
				seen.answer(asked)
			}
		}(time.Now())
		time.Sleep(pause)
	}
}

func (j *journal) begin() {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	last := j.writes
	if len(last) > 1 {
		last = last[len(last)-1:] // a gap may have begun before
	}
	j.began, j.writes, j.failures = time.Now(), append([]acknowledged{}, last...), nil
}

func (j *journal) answer(asked time.Time) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	j.writes = append(j.writes, acknowledged{asked, time.Now()})
}

func (j *journal) failed(err error) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	j.failures = append(j.failures, fmt.Sprint(err))
}

// nextWrite is the first answer to a write that was asked for after the member was gone.
func (j *journal) nextWrite(gone time.Time) *acknowledged {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	for at := range j.writes {
		if j.writes[at].asked.After(gone) {
			next := j.writes[at]
			return &next
		}
	}
	return nil
}

func (j *journal) disturbance(gone time.Time) disturbance {
	next := j.nextWrite(gone)
	j.mutex.Lock()
	defer j.mutex.Unlock()
	result := disturbance{
		Event:       "ended",
		NextWriteMs: next.answered.Sub(j.began).Seconds() * 1e3,
		Failures:    append([]string{}, j.failures...),
	}
	for at := 1; at < len(j.writes) && !j.writes[at].answered.After(next.answered); at++ {
		gap := j.writes[at].answered.Sub(j.writes[at-1].answered).Seconds() * 1e3
		if gap > result.LongestGapMs {
			result.LongestGapMs = gap
		}
	}
	return result
}

package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"go.etcd.io/etcd/clientv3"
)

const writeTimeout = 10 * time.Second

// acknowledged is a write that was answered.
type acknowledged struct {
	asked    time.Time
	answered time.Time
}

// disturbance is what the writers saw since their input said "begin".
type disturbance struct {
	Event string `json:"event"`
	// From "begin" to the first answer to a write that was asked for after it.
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

// writers put one value after the other, each knowing all members. A line "begin" of the input starts a disturbance; "end"
// ends it once a write that was asked for after it has been answered, and prints what it was like.
func writers(s settings) {
	var seen journal
	for caller := 0; caller < s.callers; caller++ {
		client := openClient(rotated(s.endpoints, caller))
		go write(client, caller, value(s), &seen)
	}
	sayEvent("writing")
	for input := bufio.NewScanner(os.Stdin); input.Scan(); {
		switch input.Text() {
		case "begin":
			seen.begin()
			sayEvent("begun")
		case "end":
			for !seen.isOver() {
				time.Sleep(time.Millisecond)
			}
			say(seen.disturbance())
		}
	}
}

func rotated(endpoints []string, by int) []string {
	by %= len(endpoints)
	return append(append([]string{}, endpoints[by:]...), endpoints[:by]...)
}

func write(client *clientv3.Client, caller int, text string, seen *journal) {
	for {
		asked := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
		_, err := client.Put(ctx, keyName(caller), text)
		cancel()
		if err == nil {
			seen.answer(acknowledged{asked, time.Now()})
			continue
		}
		seen.failed(err)
		time.Sleep(time.Millisecond)
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

func (j *journal) answer(write acknowledged) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	j.writes = append(j.writes, write)
}

func (j *journal) failed(err error) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	j.failures = append(j.failures, fmt.Sprint(err))
}

func (j *journal) isOver() bool {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	return len(j.writes) > 0 && j.writes[len(j.writes)-1].asked.After(j.began)
}

func (j *journal) disturbance() disturbance {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	result := disturbance{Event: "ended", Failures: append([]string{}, j.failures...)}
	for at, write := range j.writes {
		if result.NextWriteMs == 0 && write.asked.After(j.began) {
			result.NextWriteMs = write.answered.Sub(j.began).Seconds() * 1e3
		}
		if at > 0 {
			gap := write.answered.Sub(j.writes[at-1].answered).Seconds() * 1e3
			if gap > result.LongestGapMs {
				result.LongestGapMs = gap
			}
		}
	}
	return result
}

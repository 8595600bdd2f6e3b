// The load of the benchmarks, by etcd's own Go client. Prints lines of JSON: "measuring" when it is warm, "measured" with
// what it came to. Whatever fails ends it: a benchmark with refused calls measures nothing.
//
//	load WORKLOAD -endpoints HOST:PORT,… [-callers N] [-seconds S] …
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
)

// settings is what the command line says of a run.
type settings struct {
	endpoints   []string
	connections int
	callers     int
	seconds     float64
	warm        float64
	keys        int
	valueBytes  int
	watchers    int
	leases      int
	rate        float64
	count       int
	isFilled    bool
}

var workloads = map[string]func(settings){
	"put":              put,
	"txn":              txn,
	"get":              get,
	"get-serializable": getSerializable,
	"page":             page,
	"leave-queue":      leaveQueue,
	"oldest":           oldest,
	"keep-alive":       keepAlive,
	"keep-alive-once":  keepAliveOnce,
	"lock":             contendedLock,
	"locks":            uncontendedLocks,
	"fan-out":          fanOut,
	"fill":             fill,
	"steady-put":       steadyPut,
	"hold":             hold,
	"writers":          writers,
	"first-read":       firstRead,
}

func main() {
	if len(os.Args) < 2 {
		fail("which workload?")
	}
	run, known := workloads[os.Args[1]]
	if !known {
		fail("no workload " + os.Args[1])
	}
	var s settings
	flags := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	endpoints := flags.String("endpoints", "127.0.0.1:2379", "members, comma-separated")
	flags.IntVar(&s.connections, "connections", 16, "connections, dealt to the members in turn")
	flags.IntVar(&s.callers, "callers", 256, "callers, each with one call under way")
	flags.Float64Var(&s.seconds, "seconds", 2, "how long it is measured")
	flags.Float64Var(&s.warm, "warm", 1, "seconds that it works before it is measured")
	flags.IntVar(&s.keys, "keys", 10000, "keys that are written and read")
	flags.IntVar(&s.valueBytes, "value", 256, "bytes of a value")
	flags.IntVar(&s.watchers, "watchers", 0, "watchers")
	flags.IntVar(&s.leases, "leases", 0, "leases")
	flags.Float64Var(&s.rate, "rate", 10000, "calls a second that are due, of steady-put")
	flags.IntVar(&s.count, "count", 1000, "puts, of fan-out; key to begin with, of fill and leave-queue")
	flags.BoolVar(&s.isFilled, "filled", false, "whether the keys are there already")
	check(flags.Parse(os.Args[2:]))
	s.endpoints = strings.Split(*endpoints, ",")
	run(s)
}

// report is what a run came to.
type report struct {
	Event      string       `json:"event"`
	Operations int64        `json:"operations"`
	Seconds    float64      `json:"seconds"`
	Quantiles  [][2]float64 `json:"quantiles"`
	CPUMicros  int64        `json:"cpuMicros"`
}

func say(event interface{}) {
	line, err := json.Marshal(event)
	check(err)
	fmt.Println(string(line))
}

func sayEvent(name string) {
	say(map[string]string{"event": name})
}

func check(err error) {
	if err != nil {
		fail(err.Error())
	}
}

func fail(why string) {
	fmt.Fprintln(os.Stderr, "load: "+why)
	os.Exit(1)
}

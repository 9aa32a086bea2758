// Command fortio-beside-loadgen asks one echo server the same load by fortio's tcp runner and by loadgen, in turns, and prints the medians
// of both. It is a module of its own, so that the project does not depend on fortio.
//
//	go build -o /tmp/loadgen ./loadgen && go build -o /tmp/bare ./impls/bare
//	cd loadgen/testdata/fortio && go run . -loadgen /tmp/loadgen -server /tmp/bare
//
// Server and generators have a core each. A run of fortio is a process of its own too, which this program starts as itself.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"fortio.org/fortio/periodic"
	"fortio.org/fortio/tcprunner"
	"fortio.org/log"
)

const size = 64 // bytes of a request

// figures are what both generators say, and what the kernel says of the server meanwhile.
type figures struct {
	PerSecond     float64
	P50, P90, P99 float64 // µs from the real sending to the reply, which is all that fortio knows
	Response      float64 // µs at p99 from the planned sending, of loadgen at a rate
	ServerCPU     float64 // µs of the server for a request
	ClientCPU     float64 // µs of the generator's process for a request: of fortio over its whole run, of loadgen over the window, before which it runs alone
}

var (
	loadgen = flag.String("loadgen", "loadgen", "the `program`")
	server  = flag.String("server", "", "a `program` of the server contract")
	rounds  = flag.Int("rounds", 7, "`number` of alternated runs of each")
	conns   = flag.Int("conns", 8, "`connections`")
	rate    = flag.Float64("rate", 0, "requests a second; 0: a closed loop")
	window  = flag.Duration("duration", 2*time.Second, "of a run")
	cpus    = flag.String("cpus", "0/1", "`cores` of the server and of the generator")
	fortio  = flag.String("fortio", "", "be one run of fortio against this `address`")
)

func main() {
	flag.Parse()
	if *fortio != "" {
		check(json.NewEncoder(os.Stdout).Encode(runFortio(*fortio)))
		return
	}
	serverCPU, clientCPU, _ := strings.Cut(*cpus, "/")
	address, pid, stop := start(serverCPU)
	defer stop()
	runs := map[string][]figures{}
	for round := range *rounds {
		order := []string{"fortio", "loadgen"}
		if round%2 == 1 {
			slices.Reverse(order)
		}
		for _, name := range order {
			f := measured(name, address, pid, clientCPU)
			fmt.Fprintf(os.Stderr, "%d %-8s %.0f/s p50 %.1f µs p99 %.1f µs server %.2f µs\n", round+1, name, f.PerSecond, f.P50, f.P99, f.ServerCPU)
			runs[name] = append(runs[name], f)
		}
	}
	tell(runs)
}

// runFortio is fortio's load with a histogram that resolves microseconds (its default is a millisecond), and with connections that do not
// all send in the same moment, as they do by default.
func runFortio(address string) (f figures) {
	log.SetLogLevel(log.Error)
	qps := *rate
	if qps == 0 {
		qps = -1 // as fast as it goes
	}
	r, err := tcprunner.RunTCPTest(&tcprunner.RunnerOptions{
		RunnerOptions: periodic.RunnerOptions{
			QPS: qps, Duration: *window, NumThreads: *conns, Resolution: 1e-6, Uniform: true, Percentiles: []float64{50, 90, 99}, Out: io.Discard,
		},
		TCPOptions: tcprunner.TCPOptions{Destination: "tcp://" + address, Payload: bytes.Repeat([]byte("x"), size)},
	})
	check(err)
	if n := r.DurationHistogram.Count; r.RetCodes[tcprunner.TCPStatusOK] != n {
		check(fmt.Errorf("of %d requests %v", n, r.RetCodes))
	}
	p := r.DurationHistogram.Percentiles
	return figures{PerSecond: r.ActualQPS, P50: p[0].Value * 1e6, P90: p[1].Value * 1e6, P99: p[2].Value * 1e6}
}

// measured is one run of either in a process of its own.
func measured(name, address string, pid int, cpu string) figures {
	before := cpuTime(pid)
	var f figures
	var requests float64
	var client *exec.Cmd
	if name == "fortio" {
		client = exec.Command("taskset", "-c", cpu, os.Args[0], "-fortio", address, "-conns", strconv.Itoa(*conns),
			"-rate", fmt.Sprint(*rate), "-duration", window.String())
		check(json.Unmarshal(output(client), &f))
		requests = f.PerSecond * window.Seconds()
	} else {
		dir, err := os.MkdirTemp("", "loadgen")
		check(err)
		defer os.RemoveAll(dir)
		arguments := []string{"-blocks", "1", "-duration", window.String(), "-cpus", *cpus, "-addr", address, "-pid", strconv.Itoa(pid), "-out", dir,
			"-set", "conns=" + strconv.Itoa(*conns), "-set", "message_bytes=" + strconv.Itoa(size)}
		if *rate == 0 {
			arguments = append(arguments, "-workload", "closed-64")
		} else {
			arguments = append(arguments, "-workload", "open-5k", "-set", "arrivals=constant", "-set", "depth=1", "-rate", fmt.Sprint(*rate))
		}
		client = exec.Command(*loadgen, arguments...)
		output(client)
		f, requests = read(filepath.Join(dir, "records.jsonl"))
	}
	if f.ClientCPU == 0 {
		f.ClientCPU = float64((client.ProcessState.UserTime() + client.ProcessState.SystemTime()).Microseconds()) / requests
	}
	if f.ServerCPU == 0 {
		f.ServerCPU = float64((cpuTime(pid) - before).Microseconds()) / requests
	}
	return f
}

// read takes the record of loadgen's only cell, which has no purpose but to be compared; those before it are of the generator alone. Its server
// time is that of the window.
func read(path string) (f figures, requests float64) {
	file, err := os.Open(path)
	check(err)
	defer file.Close()
	type record struct {
		Purpose    string  `json:"purpose"`
		Error      string  `json:"error"`
		Requests   float64 `json:"requests"`
		PerSecond  float64 `json:"requests_per_s"`
		P50        float64 `json:"latency_p50_ns"`
		P90        float64 `json:"latency_p90_ns"`
		P99        float64 `json:"latency_p99_ns"`
		Service50  float64 `json:"service_p50_ns"`
		Service90  float64 `json:"service_p90_ns"`
		Service99  float64 `json:"service_p99_ns"`
		PerRequest float64 `json:"server_cpu_per_request_ns"`
		Own        float64 `json:"client_process_cpu_per_request_ns"`
	}
	r := record{Error: "it kept no record of its cell"}
	for records := json.NewDecoder(file); records.More(); {
		var next record
		if check(records.Decode(&next)); next.Purpose == "" {
			r = next
		}
	}
	if r.Error != "" {
		check(fmt.Errorf("loadgen: %s", r.Error))
	}
	f = figures{PerSecond: r.PerSecond, P50: r.P50 / 1000, P90: r.P90 / 1000, P99: r.P99 / 1000, ServerCPU: r.PerRequest / 1000, ClientCPU: r.Own / 1000}
	if *rate > 0 {
		f.P50, f.P90, f.P99, f.Response = r.Service50/1000, r.Service90/1000, r.Service99/1000, f.P99
	}
	return f, r.Requests
}

var columns = []struct {
	name string
	of   func(figures) float64
}{
	{"requests/s", func(f figures) float64 { return f.PerSecond }},
	{"p50 µs", func(f figures) float64 { return f.P50 }},
	{"p90 µs", func(f figures) float64 { return f.P90 }},
	{"p99 µs", func(f figures) float64 { return f.P99 }},
	{"response p99", func(f figures) float64 { return f.Response }},
	{"server CPU µs", func(f figures) float64 { return f.ServerCPU }},
	{"client CPU µs", func(f figures) float64 { return f.ClientCPU }},
}

// tell prints medians. The ratio is that of neighbours in time, which share what else the machine does.
func tell(runs map[string][]figures) {
	fmt.Printf("%-16s %10s %10s %10s\n", "", "fortio", "loadgen", "ratio")
	for _, c := range columns {
		var ratios []float64
		for i := range runs["fortio"] {
			ratios = append(ratios, c.of(runs["fortio"][i])/c.of(runs["loadgen"][i]))
		}
		theirs, ours := median(runs["fortio"], c.of), median(runs["loadgen"], c.of)
		switch {
		case theirs > 0:
			fmt.Printf("%-16s %10.1f %10.1f %10.2f\n", c.name, theirs, ours, middle(ratios))
		case ours > 0:
			fmt.Printf("%-16s %10s %10.1f\n", c.name, "–", ours)
		}
	}
}

func median(runs []figures, column func(figures) float64) float64 {
	var values []float64
	for _, f := range runs {
		values = append(values, column(f))
	}
	return middle(values)
}

func middle(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// start runs the server until stop.
func start(cpu string) (address string, pid int, stop func()) {
	cmd := exec.Command("taskset", "-c", cpu, *server, "-addr", "127.0.0.1:0", "-loops", "1")
	cmd.Env = append(os.Environ(), "GOMAXPROCS=2") // one more than loops, as loadgen starts it; Go itself would count the core
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	check(err)
	check(cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	check(err)
	_, address, _ = strings.Cut(strings.TrimSpace(line), " ")
	return address, cmd.Process.Pid, func() {
		cmd.Process.Signal(os.Interrupt)
		cmd.Wait()
	}
}

func output(cmd *exec.Cmd) []byte {
	cmd.Stderr = nil
	out, err := cmd.Output()
	if err != nil {
		check(fmt.Errorf("%v: %w: %s", cmd.Args, err, out))
	}
	return out
}

// cpuTime is the run time of the process's threads in the scheduler's nanoseconds.
func cpuTime(pid int) (sum time.Duration) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	check(err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		check(err)
		ns, err := strconv.ParseInt(strings.Fields(string(text))[0], 10, 64)
		check(err)
		sum += time.Duration(ns)
	}
	return sum
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

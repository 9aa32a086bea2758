package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"reactorbench/results"
)

// A tracer counts the system calls of a running process by strace(1), which stops it at each one: a traced server is many times slower,
// so counting is a run of its own and no time of it means anything. The counts are right all the same.
type tracer struct {
	cmd    *exec.Cmd
	output string
}

// attach returns when every thread of the process is traced.
func attach(pid int, output string) (*tracer, error) {
	if pid == 0 {
		return nil, errors.New("system calls can be counted only of a server whose process is known; give -pid")
	}
	cmd := exec.Command("strace", "-f", "-c", "-o", output, "-p", strconv.Itoa(pid))
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("strace cannot be run (the package is called strace): %w", err)
	}
	said := bufio.NewReader(stderr)
	line, err := said.ReadString('\n')
	if err != nil || !strings.Contains(line, "attached") {
		cmd.Process.Kill()
		cmd.Wait()
		return nil, fmt.Errorf("strace could not attach to the server: %s", strings.TrimSpace(line))
	}
	go io.Copy(io.Discard, said) // it tells of every new thread
	return &tracer{cmd, output}, nil
}

// detach lets the server go on and returns the calls by name.
func (t *tracer) detach() (map[string]int64, error) {
	t.cmd.Process.Signal(os.Interrupt)
	t.cmd.Wait() // ends by the signal, which is no error here
	text, err := os.ReadFile(t.output)
	if err != nil {
		return nil, err
	}
	return parseStrace(text)
}

// parseStrace reads the table of strace -c: the fourth column is the calls, the last the name; a column of errors may stand between.
func parseStrace(text []byte) (map[string]int64, error) {
	calls := make(map[string]int64)
	for line := range bytes.Lines(text) {
		fields := strings.Fields(string(line))
		if len(fields) < 5 || fields[len(fields)-1] == "total" || !strings.Contains("0123456789", fields[0][:1]) {
			continue
		}
		n, err := strconv.ParseInt(fields[3], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("strace's table has %q where calls should be", fields[3])
		}
		calls[fields[len(fields)-1]] += n
	}
	return calls, nil
}

// countAll counts the system calls of each server under each workload.
func (r *runner) countAll(ctx context.Context, b *bench, targets []target, writer *results.Writer) error {
	if err := quieten(b); err != nil {
		return err
	}
	for _, load := range r.workloads {
		table := [][]string{{"", "system calls/request", "by name", ""}}
		for _, t := range targets {
			record, err := r.counted(ctx, b, cell{target: t, workload: load, seed: r.seed}, writer)
			if err != nil {
				return err
			}
			if record.Failed() {
				r.failed++
				table = append(table, []string{t.impl.Name, "–", "", "✗ " + record.Error})
				continue
			}
			table = append(table, []string{t.impl.Name, fmt.Sprintf("%.3f", record.SyscallsPerRequest), byName(record.Syscalls, record.Requests), ""})
		}
		fmt.Fprintf(r.stdout, "\n%s: %s\n", load.Name, load.shape())
		printColumns(r.stdout, table)
	}
	fmt.Fprintf(r.stdout, "  counted by strace in a run of its own; the server is many times slower under it, and waits find more ready at once;\n"+
		"  nanosleep, futex and tgkill of a Go server are its runtime's, and follow the time more than the requests\n\n%s\n", r.footerOf(r.oneEach()))
	return nil
}

// oneEach is what a table of counts rests on: they hardly differ from cell to cell.
func (r *runner) oneEach() string { return fmt.Sprintf("one cell of %v each", r.suite.Measure()) }

// counted is one cell under a tracer. Connections are made before it looks, and every request is counted, warm-up and drain too.
func (r *runner) counted(ctx context.Context, b *bench, c cell, writer *results.Writer) (results.Record, error) {
	own, output := *b, r.out+"/strace.txt"
	defer os.Remove(output)
	var calls map[string]int64
	var answered int64
	own.around = func(server subject, engines []engine, conducted func() error) error {
		t, err := attach(server.PID(), output)
		if err != nil {
			return err
		}
		err = conducted()
		for _, e := range engines {
			answered += e.answered()
		}
		found, failed := t.detach()
		calls = found
		return errors.Join(err, failed)
	}
	record, err := own.run(ctx, c)
	if err != nil {
		return record, err
	}
	record = withoutTimes(record)
	if !record.Failed() {
		var sum int64
		for _, n := range calls {
			sum += n
		}
		record.Requests, record.Syscalls, record.SyscallsPerRequest = answered, calls, float64(sum)/float64(answered)
	}
	err = r.keepFor(&record, "syscalls", writer)
	return record, err
}

// withoutTimes keeps of a traced cell what names it, and its error.
func withoutTimes(r results.Record) results.Record {
	kept := withoutFigures(r)
	kept.Error, kept.Faults = r.Error, r.Faults
	return kept
}

// byName lists calls per request, the most frequent first; what is rarer than one in a hundred requests is left out.
func byName(calls map[string]int64, requests int64) string {
	var names []string
	for name, n := range calls {
		if n*100 >= requests {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		if d := calls[b] - calls[a]; d != 0 {
			return int(d)
		}
		return strings.Compare(a, b)
	})
	for i, name := range names {
		names[i] = fmt.Sprintf("%s %.2f", name, float64(calls[name])/float64(requests))
	}
	return strings.Join(names, ", ")
}

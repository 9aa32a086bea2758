package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// goBuild builds one command of a tree. Trimmed of paths and of the commit, equal sources give equal bytes.
func goBuild(ctx context.Context, tree, out, pkg string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-o", out, pkg)
	cmd.Dir = tree
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", pkg, err, lastLines(text, 20))
	}
	return nil
}

// runPairs measures count pairs.
func (g *gate) runPairs(ctx context.Context, s series, base, head string, count int, out string) error {
	arguments := []string{"-base", g.server(base, s), "-workload", s.Workload, "-blocks", strconv.Itoa(count), "-out", out}
	if g.slice > 0 {
		arguments = append(arguments, "-duration", g.slice.String())
	}
	return g.runLoadgen(ctx, g.progress, s.String(), append(arguments, g.server(head, s))...)
}

// runLoadgen runs the head's load generator. On an interrupt it is told to end by itself: it ends its servers, and keeps whole cells.
func (g *gate) runLoadgen(ctx context.Context, progress io.Writer, subject string, arguments ...string) error {
	if g.cpus != "" {
		arguments = append([]string{"-cpus", g.cpus}, arguments...)
	}
	cmd := exec.CommandContext(ctx, g.loadgen(), arguments...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	var said bytes.Buffer // of its errors; the table is for others
	cmd.Stderr = io.MultiWriter(&said, progress)
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("%s: loadgen: %w\n%s", subject, err, lastLines(said.Bytes(), 5))
	}
	return nil
}

func lastLines(text []byte, n int) string {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// flat is a name without slashes.
func flat(name string) string { return strings.ReplaceAll(name, "/", "-") }

// exp turns the logarithm of a ratio into the ratio; what is not known is 0, which JSON can say.
func exp(value float64) float64 {
	if math.IsInf(value, 0) || math.IsNaN(value) {
		return 0
	}
	return math.Exp(value)
}

package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"reactorbench/conformance/spec"
)

// text reports as go test does: failures in full, a line for each implementation, with -v a line for each check, and
// on a terminal a line that says what is running and is wiped out again.
type text struct {
	config   config
	total    int // checks of each target
	done     int
	name     string
	stdout   io.Writer
	progress io.Writer // the terminal; nil if there is none
}

func newText(c config, total int, stdout, stderr io.Writer) *text {
	t := &text{config: c, total: total, stdout: stdout}
	if file, ok := stderr.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		t.progress = stderr
	}
	return t
}

// wipe clears the progress line: to the first column, and erase to the end.
const wipe = "\r\x1b[K"

func (t *text) printf(format string, args ...any) {
	t.show("")
	fmt.Fprintf(t.stdout, format, args...)
}

func (t *text) show(line string) {
	if t.progress != nil {
		fmt.Fprint(t.progress, wipe+line)
	}
}

// nameWidth has room for the longest name of an implementation here, reactor/io_uring-poll.
const nameWidth = 21

func (t *text) begin(target target) {
	t.name, t.done = target.Target.Name, 0
	t.show("building " + t.name)
}

func (t *text) unavailable(target target) {
	t.printf("?     %-*s not available: %s\n", nameWidth, target.Target.Name, target.unavailable)
}

func (t *text) notBuilt(target target, output error) {
	t.printf("--- NOT BUILT: %s\n%s", target.Target.Name, indent(output.Error()))
}

func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    ") + "\n"
}

func (t *text) running(check spec.Check) {
	t.show(fmt.Sprintf("%s %d/%d %s", t.name, t.done, t.total, check.Slug))
	if t.config.verbose {
		t.printf("=== RUN   %s %s\n", t.name, check.Slug)
	}
}

func (t *text) finished(r spec.Result) {
	t.done++
	switch {
	case t.config.verbose, r.Broken() && r.Verdict != spec.XFail, r.Verdict == spec.XPass, r.Verdict == spec.Error:
		t.printf("%s", r.Report(t.name))
	case r.Verdict == spec.XFail:
		t.printf("known %s %s: %s\n", t.name, r.Check.Slug, r.Known)
	}
}

// end writes the implementation's line: ok or FAIL, its name, the counts, the time.
func (t *text) end(o outcome) {
	word := "ok  "
	switch {
	case o.buildError != nil:
		t.printf("FAIL  %-*s not built\n", nameWidth, t.name)
		return
	case o.unstartable != nil:
		t.printf("--- NOT STARTED: %s\n%s", t.name, indent(o.unstartable.Error()))
		word = "FAIL"
	case o.counts.failed(t.config.strict) > 0:
		word = "FAIL"
	case o.counts[spec.Error] > 0:
		word = "?   "
	}
	t.printf("%s  %-*s %-60s %6.1fs\n", word, nameWidth, t.name, o.counts.text(t.config.strict), o.elapsed.Round(time.Millisecond).Seconds())
}

func (t *text) summary(all []outcome) {
	total, unavailable, notBuilt := tally{}, 0, 0
	for _, o := range all {
		total.add(o.counts)
		if o.target.unavailable != "" {
			unavailable++
		}
		if o.buildError != nil {
			notBuilt++
		}
	}
	if t.config.count > 1 {
		t.rounds(all)
	}
	line := strings.Join(appendIf(appendIf([]string{total.text(t.config.strict)}, unavailable, "not available"), notBuilt, "not built"), ", ")
	t.printf("%s\n", line)
}

func (t *text) rounds(all []outcome) {
	for _, o := range all {
		if len(o.results) == 0 {
			continue
		}
		for _, line := range o.rounds() {
			t.printf("      %-*s %s\n", nameWidth, o.target.Target.Name, line)
		}
	}
}

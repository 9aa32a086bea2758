package spec

import (
	"fmt"
	"os"
	"strings"
)

// oomChecks: what the kernel would do to the server.
var oomChecks = []Check{oomScore}

var oomScore = Check{
	Slug:    "fault/oom-score",
	Level:   MAY,
	Says:    "How readily the kernel kills the server when the machine runs out of memory, and whether the server has had a say in that, is reported.",
	Source:  "proc(5): oom_score, oom_score_adj",
	Why:     "A server that has made itself immune has others killed for what it took; one that has not is gone with all its clients.",
	Sound:   "Nothing is demanded.",
	Profile: Full,
	Run: func(t *T) {
		score, adjusted, own := t.oom(t.Server().PID(), "oom_score"), t.oom(t.Server().PID(), "oom_score_adj"), t.oom(os.Getpid(), "oom_score_adj")
		if adjusted == own {
			t.Infof("oom_score %s, oom_score_adj %s as it was started", score, adjusted)
			return
		}
		t.Infof("oom_score %s, oom_score_adj %s; it was started with %s", score, adjusted, own)
	},
}

// oom reads one of the files of a process.
func (t *T) oom(pid int, name string) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, name))
	if err != nil {
		t.unobservable(err)
	}
	return strings.TrimSpace(string(text))
}

package reactor

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// behaviours are what an event loop in the manner of libevent has to get right, by the letter of a family and a number. A test says in its name
// which of them it is about: TestE6ReusedDescriptor, TestT8T9RealTimersAreNeverEarly. So
//
//	go test -run E6 ./impls/reactor          finds the tests of E6
//	go test -run 'E1[A-Z]' ./impls/reactor   finds those of E1, and not of E10
//
// Each has a test that runs over every backend. Those of B are in package evbuffer: go test -run B12 ./impls/reactor/...
var behaviours = map[byte][]string{
	'L': {"order of a turn", "the end of an empty loop", "Once and NonBlock", "Exit finishes and Break does not", "Break before the loop",
		"a loop in a loop", "wake-up from other goroutines", "wake-ups are one"},
	'T': {"one-shot", "no drift", "missed ticks are one", "input restarts the timeout", "removing the timer leaves the rest", "Add replaces",
		"input and timeout together", "never early", "one wake-up a timer", "heap and lists against a model", "lists of common timeouts"},
	'E': {"read and write", "several on one descriptor", "one-shot is deleted first", "deleting an active one", "activate, then add",
		"closed and reused", "duplicates", "edges", "level where there are no edges", "ends and resets", "thousands ready at once", "refusals"},
	'P': {"what is more urgent goes first", "nobody starves", "limits of a turn"},
	'B': {"mixed operations", "empty chunks", "reserve and commit", "room that is there, sizes that are absurd", "adding after a drain", "references",
		"many small appends", "lines", "ends of lines", "search", "callbacks", "shared content", "prepend", "peek", "frozen front", "frozen back",
		"several extents", "copying out", "files", "files that are refused or shared"},
	'C': {"costs of an echo", "no spurious OnWrite", "read marks", "low write mark", "timeouts while waiting", "end of the input", "close after flush",
		"close", "prompt closing", "connecting", "short writes", "errors once", "pairs", "filters", "rate limits"},
	'A': {"accepting", "changes in the callback", "out of descriptors", "a shared port", "unix sockets"},
}

// numbered is a test with what its name begins with, and everywhere what runs one on every method.
var (
	numbered   = regexp.MustCompile(`(?ms)^func Test((?:[LTEPBCA]\d+)+)[^\n]*\n(.*?)^}`)
	everywhere = regexp.MustCompile(`\b(onEvery\w+|inVirtualTime|forEachKind|stacked)\(`)
)

// untested are the behaviours that no test in the sources names, and those whose tests all run on one method only.
func untested(sources string) (missing, single []string) {
	var named, common []string
	for _, found := range numbered.FindAllStringSubmatch(sources, -1) {
		ids := regexp.MustCompile(`[A-Z]\d+`).FindAllString(found[1], -1)
		named = append(named, ids...)
		if everywhere.MatchString(found[2]) {
			common = append(common, ids...)
		}
	}
	for family, titles := range behaviours {
		for i, title := range titles {
			id := fmt.Sprintf("%c%d", family, i+1)
			if text := id + " (" + title + ")"; !slices.Contains(named, id) {
				missing = append(missing, text)
			} else if family != 'B' && !slices.Contains(common, id) { // a buffer has to do with no method
				single = append(single, text)
			}
		}
	}
	slices.Sort(missing)
	slices.Sort(single)
	return missing, single
}

// Every behaviour has a test, and but for those of buffers one that runs on every method.
func TestEveryBehaviourHasATest(t *testing.T) {
	var sources []byte
	for _, pattern := range []string{"*_test.go", "evbuffer/*_test.go"} {
		files, err := filepath.Glob(pattern)
		check(t, err)
		for _, file := range files {
			text, err := os.ReadFile(file)
			check(t, err)
			sources = append(sources, text...)
		}
	}
	missing, single := untested(string(sources))
	for _, missing := range missing {
		t.Errorf("no test is about %s", missing)
	}
	for _, single := range single {
		t.Errorf("no test of every method is about %s", single)
	}

	few, single := untested("func TestP1P3Two(t *testing.T) {\n\tonEveryMethod(t, nil)\n}\n" +
		"func TestP20Other(t *testing.T) {\n}\n// func TestP2Comment\nfunc TestA1One(t *testing.T) {\n\tnewBase(t)\n}\n")
	equal(t, "behaviours without a test in a small file", len(few), 8+11+12+1+20+15+4)
	equal(t, "P2 is one of them", slices.Contains(few, "P2 (nobody starves)"), true)
	same(t, "on one method only", single, []string{"A1 (accepting)"})
}

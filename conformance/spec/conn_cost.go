package spec

import (
	"fmt"
	"time"
)

// connCostChecks: what clients cost the server, those who are there and those who have left.
var connCostChecks = []Check{churnMemoryLeak, churnThreads, backlogSize, idleCost}

var churnMemoryLeak = Check{
	Slug:   "conn/churn-rss-leak",
	Level:  MUST,
	Says:   "Serving and closing connections MUST NOT cost memory.",
	Source: "RFC 862",
	Why:    "Some forgotten kilobytes a client, a buffer or a table entry, are gigabytes after a million of them.",
	Sound: "Rounds are compared with each other, never with an absolute size: a collected heap grows for a few rounds and then " +
		"stays, a leak grows by the same amount in each. 8 KiB a client of the second half is the threshold, the size of the " +
		"smallest buffers in use.",
	Fresh:   true,
	Profile: Full,
	Run: func(t *T) {
		const leak = 8 << 10
		clients := t.pick(400, 1000)
		settled, grown := int64(0), int64(0)
		for round := range 2 * rounds {
			t.churn(clients)
			if now := t.Server().Usage().RSSBytes; round < rounds {
				settled = max(settled, now)
			} else {
				grown = now - settled
			}
		}
		if grown > int64(rounds*clients*leak) {
			t.Failf("%s KiB more resident after %d further clients than at the most before, with no connection left",
				group(grown/1024), rounds*clients)
		}
	},
}

var churnThreads = Check{
	Slug:   "conn/churn-threads",
	Level:  SHOULD,
	Says:   "When clients that were served at the same time have left, no thread of theirs remains.",
	Source: "RFC 862",
	Why:    "A thread a client is a design; a thread a client that has left is a leak of 8 MiB of address space each.",
	Sound: "Two equal rounds are compared, so that a pool may stay; a leak costs one thread for each client of the second round, and " +
		"a quarter of that is the threshold. The end of a thread is waited for.",
	Fresh: true,
	Run: func(t *T) {
		clients := t.pick(60, 200)
		t.crowd(clients)
		after := t.Server().Usage().Threads
		t.crowd(clients)
		t.WaitUntil("the second round has cost no threads", func() (bool, string) {
			now := t.Server().Usage().Threads
			return now <= after+clients/4, fmt.Sprintf("%d threads after the first round, %d after the second", after, now)
		})
	},
}

// crowd serves so many clients at the same time, and waits until their connections are gone.
func (t *T) crowd(clients int) {
	conns := t.DialMany(clients)
	t.EchoAll(conns, 10_000, AtOnce)
	closeAll(conns)
	t.WaitFor(t.Gone(conns))
}

// leastBacklog is what servers of the nineties asked for (SOMAXCONN).
const leastBacklog = 128

var backlogSize = Check{
	Slug:   "conn/backlog-size",
	Level:  SHOULD,
	Says:   "The server lets at least 128 clients wait in its kernel until it accepts them.",
	Source: "listen(2)",
	Why:    "Samples say listen(fd, 5). The sixth client of a burst is dropped without a word and comes again after a second.",
	Sound:  "The kernel is asked for the size (sock_diag, as ss -ltn shows it).",
	Run: func(t *T) {
		queue, err := listenQueue(t.Server().tcpAddress())
		if err != nil {
			t.NotApplicable(err.Error())
		}
		most, err := somaxconn()
		if err == nil && most < leastBacklog {
			t.Precondition(fmt.Sprintf("net.core.somaxconn is %d: no server can have a longer queue here", most))
		}
		if queue < leastBacklog {
			t.Fatal(fmt.Sprintf("room for %d clients", leastBacklog), fmt.Sprintf("room for %d", queue))
		}
		t.Infof("room for %d clients", queue)
	},
}

// dearer is how many times as much an answer may cost beside idle clients. Walking a list of a thousand of them costs
// hundreds of times as much as one look at it, which shows above everything else that an answer costs.
const dearer = 10

var idleCost = Check{
	Slug:   "conn/idle-cost",
	Level:  SHOULD,
	Says:   "An answer does not cost the server more than ten times the CPU time because thousands of other clients are idle.",
	Source: "epoll(7), select(2)",
	Why:    "select and poll walk all descriptors for each event, and so does every server that looks through its own list of clients.",
	Sound: "CPU time of the server is compared with its own, not with a clock; of five batches on each side the cheapest counts, so " +
		"that a disturbance in one of them does not.",
	Fresh:   true,
	Profile: Full,
	Run: func(t *T) {
		c := t.Dial()
		c.ping()
		alone := t.costOfAnswer(c)
		t.DialMany(t.pick(2000, 5000))
		t.Barrier()
		crowded := t.costOfAnswer(c)
		if crowded > dearer*alone {
			t.Fatal(fmt.Sprintf("at most %d times the CPU time of an answer without them", dearer),
				fmt.Sprintf("%.1f µs instead of %.1f µs", micros(crowded), micros(alone)))
		}
		t.Eventf("%.1f µs of CPU an answer, alone %.1f µs", micros(crowded), micros(alone))
	},
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }

// costOfAnswer is the server's CPU time for one small echo.
func (t *T) costOfAnswer(c *Conn) time.Duration {
	const batches, answers = 5, 50
	cheapest := time.Duration(1 << 62)
	for range batches {
		before := t.Server().runnable().cpu
		for range answers {
			c.ping()
		}
		cheapest = min(cheapest, (t.Server().runnable().cpu-before)/answers)
	}
	return max(cheapest, 1)
}

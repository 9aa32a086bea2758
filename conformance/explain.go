package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"reactorbench/conformance/spec"
)

//go:generate sh -c "go run . -spec > SPEC.md"

// list names the checks, a line each: slug, level, profile, sentence.
func list(w io.Writer, checks []spec.Check, asJSON bool) int {
	encoder := json.NewEncoder(w)
	for _, c := range checks {
		if asJSON {
			encoder.Encode(struct{ Slug, Level, Profile, Says, Source string }{
				c.Slug, c.Level.String(), c.Profile.String(), c.Says, c.Source})
			continue
		}
		fmt.Fprintf(w, "%-28s %-6s %-7v %s\n", c.Slug, c.Level, c.Profile, c.Says)
	}
	return exitConformant
}

// explain tells everything about one check.
func explain(w, stderr io.Writer, slug string, checks []spec.Check) int {
	for _, c := range checks {
		if c.Slug == slug {
			fmt.Fprintf(w, "%s  %s  profile %v%s\n\n%s\n\nSource: %s\n\nWhy it is asked:\n%s\n\nWhy a right server passes on any machine:\n%s\n",
				c.Slug, c.Level, c.Profile, where(c), c.Says, c.Source, c.Why, c.Sound)
			return exitConformant
		}
	}
	return complain(stderr, exitUsage, fmt.Errorf("no check is called %q; conformance -list names them all", slug))
}

// where says that a check happens elsewhere than on this machine's loopback, or at another time.
func where(c spec.Check) string {
	switch {
	case c.Network:
		return ", in a network of its own"
	case c.Clock:
		return ", with a clock of its own"
	}
	return ""
}

// explainCheck tells everything about one check, and who is known to fail it.
func (c config) explainCheck(stdout, stderr io.Writer) int {
	if status := explain(stdout, stderr, c.explain, spec.All()); status != exitConformant {
		return status
	}
	if err := explainKnown(stdout, c.explain, c.patterns); err != nil {
		return complain(stderr, exitUsage, err)
	}
	return exitConformant
}

// document is SPEC.md: everything that the checks say, in Markdown. A test holds the file to it.
func document(checks []spec.Check) string {
	var b strings.Builder
	b.WriteString(preamble)
	family := ""
	for _, c := range checks {
		if c.Family() != family {
			family = c.Family()
			fmt.Fprintf(&b, "\n## %s\n", family)
		}
		fmt.Fprintf(&b, "\n### %s\n\n**%s** (%v%s). %s\n\n*Source:* %s\n\n*Why:* %s\n\n*Sound because:* %s\n",
			c.Slug, c.Level, c.Profile, where(c), c.Says, c.Source, c.Why, c.Sound)
	}
	return b.String()
}

const preamble = `<!-- Made from the checks by "go generate ./conformance"; edit them, not this file. -->

# The echo specification

This is **` + spec.Version + `**. An echo server accepts TCP connections and sends back on each of them exactly the bytes
that it receives, in order, until the client ends; then it ends too. What that means at the edges is said here, one sentence
to a requirement, and each sentence is held by one check of the same name.

MUST, SHOULD and MAY are those of RFC 2119: a server that breaks a MUST is not conformant, one that breaks a SHOULD is weak,
and a MAY reports which choice was made; it fails only of what it meets on the way and nobody may do, a wrong byte for one. *core*, *full*
and *torture* name the smallest profile that runs a check.
A slug is permanent: it is never renamed and never given to another requirement.

A requirement about the process of a server (its start, its signals, what it consumes) holds for servers that the suite may start
or observe. For one that it knows by address only, such a check is n/a: listed, and never counted as passed. What this machine
cannot produce is a precondition, listed with what is missing: a network of its own takes Linux and root or unprivileged user
namespaces, and a bad one /dev/net/tun; failing system calls take strace.

What is not asked, and why:

* *A delay of 40 ms by Nagle's algorithm.* Every further segment of the client carries the acknowledgement for which the algorithm
  waits, so an echo shows the delay by chance only. sock/nodelay asks the kernel for the option.
* *SIGPIPE, sent by hand.* A server that sends with MSG_NOSIGNAL needs no handler and may die of it. close/fin-rst-sigpipe makes the
  situation in which it matters.
* *Readiness without data.* For an edge-triggered server "would block" is a promise of another event, so it cannot be injected.
* *SO_REUSEPORT.* A server may use it for its own loops; launch/busy-port asks whether it shares the port with a stranger.
* *A simultaneous open.* A listener answers SYN with SYN and ACK; only two clients can meet so.
* *The end with the parent.* Whoever starts a server here sees to that (PR_SET_PDEATHSIG); the contract does not ask it of the server.
* *A limit of clients, statistics, a reload.* The server contract knows none of them.
`

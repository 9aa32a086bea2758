package spec

import (
	"fmt"
	"time"
)

// Version names the edition of the specification. Slugs are permanent: a later edition may add or retire a check, never
// give its slug to another.
const Version = "echo-conformance 1.0"

// A Check is one requirement and the program that holds a server to it.
type Check struct {
	Slug  string // family/name; permanent
	Level Level

	Says   string // the requirement, one normative sentence
	Source string // where it comes from
	Why    string // what goes wrong in practice, for -explain
	Sound  string // why a right server passes on any machine, however busy

	Profile Profile       // the smallest profile that runs it; the zero value is Core
	Fresh   bool          // the check gets a server process of its own
	Starts  bool          // the check starts its servers itself and gets none
	Network bool          // it has a network of its own, which takes root or an unprivileged user namespace; it Starts, then
	Clock   bool          // its server has a clock of its own, which takes the same
	Quiet   bool          // it mostly stands still, so that it may run beside others, with a server of its own
	Timed   bool          // it measures time: a failure is tried again in a fresh process, and a pass then is flaky
	Feature string        // the check is n/a for a server that does not claim it; "" = for every server
	Budget  time.Duration // of the watchdog, times -slow: how long without a byte is a hang; 0 is defaultBudget

	Run func(*T)

	again string // what stands for -run SLUG on the line that shows a failure again
}

// defaultBudget is what a check may take, from the last byte that came, before the watchdog calls it a hang: about twenty times what the slowest right
// server needed for the longest core check.
const defaultBudget = 20 * time.Second

func (c Check) budget() time.Duration {
	if c.Budget > 0 {
		return c.Budget
	}
	return defaultBudget
}

// Family is the part of the slug before the slash.
func (c Check) Family() string {
	for i, r := range c.Slug {
		if r == '/' {
			return c.Slug[:i]
		}
	}
	return c.Slug
}

// Level is what breaking the requirement means, in the words of RFC 2119.
type Level int

const (
	MUST   Level = iota // a violation makes the server not conformant
	SHOULD              // a violation is weak: reported, and a failure only under -strict
	MAY                 // the choice is free: the check reports which one was made, and fails only of what nobody may do
)

func (l Level) String() string { return [...]string{"MUST", "SHOULD", "MAY"}[l] }

// Profile is how much to ask. Each profile contains the ones before it.
type Profile int

const (
	Core    Profile = iota // what holds for any echo server, in a few seconds
	Full                   // more repetitions, larger sizes, many clients: half a minute
	Torture                // minutes
)

var profileNames = []string{"core", "full", "torture"}

func (p Profile) String() string { return profileNames[p] }

// ParseProfile reads the name of a profile.
func ParseProfile(name string) (Profile, error) {
	for p, known := range profileNames {
		if name == known {
			return Profile(p), nil
		}
	}
	return 0, fmt.Errorf("unknown profile %q: choose core, full or torture", name)
}

// All returns every check in the order of the specification.
func All() []Check {
	var all []Check
	for _, family := range [][]Check{
		launchChecks, launchEnvironmentChecks, launchPrivilegeChecks,
		dataChecks, dataPatternChecks, dataLongChecks,
		closeChecks, closeQuietChecks, closeTimeWaitChecks, vanishedChecks,
		flowChecks, flowPatienceChecks,
		connChecks, connFairChecks, connCostChecks, connHerdChecks, backlogChecks,
		limitChecks, limitShortageChecks, acceptErrorChecks, shortageChecks,
		procChecks, procSignalChecks, logChecks,
		sockChecks, sockOptionChecks, sockAckChecks, sockAcceptChecks, sockUnixChecks,
		faultChecks, injectedChecks, uringChecks, oomChecks,
		netChecks, netHandshakeChecks,
		idleChecks,
		timeChecks, timeClockChecks,
		fuzzChecks,
	} {
		all = append(all, family...)
	}
	return all
}

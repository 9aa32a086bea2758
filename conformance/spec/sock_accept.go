package spec

import "slices"

// sockAcceptChecks: how the server takes its clients from the kernel.
var sockAcceptChecks = []Check{acceptDrains}

var acceptDrains = Check{
	Slug:    "sock/accept-drains",
	Level:   MAY,
	Says:    "How many of the clients that wait the server accepts each time it wakes is reported.",
	Source:  "accept(2), epoll(7)",
	Why:     "One a turn costs a wait for each client of a crowd; all of them at once keep those waiting who are there already.",
	Sound:   "Nothing is demanded. The clients connect while the server is stopped, so they are there at once; strace counts the calls.",
	Profile: Full,
	Fresh:   true,
	Run: func(t *T) {
		const clients = 32
		t.Barrier()
		t.Server().Stop()
		conns := t.DialMany(clients)
		watched := t.Server().Watch(slices.Concat(acceptCalls, waitCalls))
		t.Server().Continue()
		for _, c := range conns {
			t.waitQuietly(c.Accepted())
		}
		watched.detach()
		accepts, turns := acceptsIn(watched.log.calls())
		if accepts == 0 {
			t.Infof("the server takes its clients without a call of accept")
			return
		}
		t.Infof("%d clients that waited took %d calls of accept, in %s of the loop", clients, accepts, plural(int64(turns), "turn", "turns"))
	},
}

// acceptsIn counts the calls of accept, and the turns among them: the first begins one, and so does one after a wait of its thread.
func acceptsIn(calls []call) (accepts, turns int) {
	waited := map[string]bool{} // by thread, since its last accept
	for _, c := range calls {
		switch {
		case slices.Contains(waitCalls, c.name):
			waited[c.thread] = true
		case slices.Contains(acceptCalls, c.name):
			if accepts == 0 || waited[c.thread] {
				turns++
			}
			accepts++
			waited[c.thread] = false
		}
	}
	return accepts, turns
}

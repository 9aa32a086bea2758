package spec

import "time"

// backlogChecks: when more connect at once than wait in line.
var backlogChecks = []Check{burstStopped}

// burstStopped is conn/burst-accept with a backlog so small that a dozen clients are too many.
var burstStopped = Check{
	Slug:  "conn/burst-stopped",
	Level: MUST,
	Says: "Clients that connect while the server stands still and its backlog overflows MUST all be served when it goes on, none of " +
		"them lost after its handshake.",
	Source: "listen(2), tcp(7): tcp_abort_on_overflow",
	Why: "The kernel finishes handshakes that it has no room for and lets the client believe in them; a server that takes one " +
		"connection for each event leaves the others waiting for an event that never comes.",
	Sound: "The backlog is four in a network of the check's own (somaxconn), and the server is stopped while they come. A client " +
		"of the overflow is admitted when its kernel asks again, after one second, two, three; the limit is twenty.",
	Profile: Full,
	Starts:  true,
	Network: true,
	Budget:  time.Minute,
	Run: func(t *T) {
		t.Inhabit(World{Settings: map[string]string{"core/somaxconn": "4", "ipv4/tcp_max_syn_backlog": "8"}})
		t.Server().Stop()
		conns := t.DialBurst(16)
		for _, c := range conns {
			c.TrySend(1) // those with a handshake behind them send at once
		}
		t.Server().Continue()
		t.AwaitConnected(conns, 4*patience)
		for _, c := range conns {
			c.TrySend(1 - c.Sent())
			c.ExpectEcho(1)
		}
		t.Dial().Ping()
	},
}

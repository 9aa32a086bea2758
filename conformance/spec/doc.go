// Package spec is the echo specification as programs: each [Check] is one normative sentence and one function
// that holds a running server to it.
//
// A check is written like a story about one or two connections:
//
//	c := t.Dial(WithReceiveBuffer(4 << 10)) // a client with a small window
//	n := c.SendUntilBlocked(8 << 20)        // it sends and does not read
//	c.CloseWrite()                          // it has said everything
//	t.WaitFor(c.ServerKnowsFIN())           // the server's kernel knows that
//	c.ExpectEcho(n)                         // and still every byte comes back
//	c.ExpectFIN()
//
// Four rules keep the verdicts free of luck:
//
//   - A check waits for a state, and what it waits for stands in the failure. A few also give a wrong server time to show itself:
//     that can only weaken a check.
//   - The bytes of a connection are a keyed function of seed, connection and offset ([Stream]), so a wrong byte says
//     where it belongs: a missing tail, a block sent twice, another client's data.
//   - Noise may only weaken a check, never fail a right server. Each check says in [Check.Sound] why that holds.
//   - A verdict names its kind: a server that broke a promise (fail, weak), died (crash) or stood still (hang), an
//     environment that could not show it (n/a, precondition), and a fault of the suite itself (error) are kept apart.
//
// One goroutine runs a check, on non-blocking sockets and its own poll(2), so nothing in it can block for ever: every
// verb ends by success, by failure, or at the end of the check's budget.
//
// The package starts no server itself. It asks a [Program] to, and without one it holds a running server to whatever
// can be seen from outside.
package spec

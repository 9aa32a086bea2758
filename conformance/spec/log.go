package spec

// logChecks belong to the family proc: what a server writes while nothing is wrong.
var logChecks = []Check{logBounded}

// Clients that log a line when they come and one when they go are welcome; a line for each message is not.
const (
	logClients  = 50
	logMessages = 40
	logBytes    = 64 << 10 // 32 bytes for each message, or 1 300 for each client
)

var logBounded = Check{
	Slug:   "proc/log-bounded",
	Level:  SHOULD,
	Says:   "Serving well-behaved clients costs no line of log for each message: fifty clients with forty messages each stay below 64 KiB.",
	Source: "the server contract, impls/README.md",
	Why: "A debug line left in the read path fills the disk of whoever deploys the server, and costs more than the echo " +
		"itself.",
	Sound: "Counted are the bytes on standard error between two moments at which no client is served; a quiet server writes none.",
	Run: func(t *T) {
		if t.Server().process.Done() == nil || t.Server().process.PID() == 0 {
			t.NotApplicable("the log of a server that the suite did not start is not seen")
		}
		before := t.Server().StderrBytes()
		for range logClients {
			c := t.Dial(quietly)
			for range logMessages {
				c.ping()
			}
			c.Close()
		}
		t.Barrier()
		if written := t.Server().StderrBytes() - before; written > logBytes {
			t.Fail("at most "+group(logBytes)+" bytes of log", group(written)+" bytes for "+group(logClients*logMessages)+" messages",
				tail(t.Server().process.Stderr())...)
		}
	},
}

package spec

import "reactorbench/impls"

// launchPrivilegeChecks: what a server is not allowed.
var launchPrivilegeChecks = []Check{privilegedPort}

// reservedPort is below the first port that everybody may bind (1024 unless somebody has set it otherwise).
const reservedPort = "127.0.0.1:7"

var privilegedPort = Check{
	Slug:  "launch/privileged-port",
	Level: SHOULD,
	Says: "On a port that it is not allowed to bind the server exits with a status other than zero and says why on standard error; it " +
		"does not listen elsewhere.",
	Source: "bind(2): EACCES; ip(7): ip_unprivileged_port_start",
	Why: "Servers of developers' tools take the next port that they may have. Who deploys one reads \"started\", and nobody listens where " +
		"the clients are sent.",
	Sound: "In a network of its own every port is free, and those below 1024 are reserved. The server may not bind one, whoever runs the suite: " +
		"it is started without that capability and without a way to regain it. The program is waited for until it ends.",
	Profile: Full,
	Starts:  true,
	Network: true,
	Run: func(t *T) {
		t.settle(World{Settings: map[string]string{"ipv4/ip_unprivileged_port_start": "1024"}})
		t.refuses("a port that it may not bind", impls.Options{Addr: reservedPort, Before: forbidReservedPorts})
	},
}

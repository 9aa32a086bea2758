package spec

import (
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"reactorbench/conformance/link"
	"reactorbench/impls"
)

// A World says how the network is arranged that a check has for itself and its server. What the kernel does in it is what
// it really does, so a small world makes short writes, full backlogs and broken routes without faking anything.
type World struct {
	Settings map[string]string // of the network, below /proc/sys/net: "ipv4/tcp_rmem": "4096 4096 4096"

	// Link joins the clients' end to the server's, which are then two networks: what it does to packets is drawn from the
	// check's seed. Nil: they meet on loopback.
	Link *link.Faults
}

// Inhabit makes the check's world and starts its server there: for a check that Starts.
func (t *T) Inhabit(w World) *network {
	n := t.settle(w)
	process, err := t.target.Program.Start(t.ctx, impls.Options{})
	if err != nil {
		t.Fatal("a server that starts in a network of its own", err.Error())
	}
	t.server = &Server{t: t, process: process}
	t.startClock() // what the start took is not the check's time
	return n
}

// settle makes the check's world, in which all its servers start from now on. Where this system does not let us make one, the
// check ends with precondition.
func (t *T) settle(w World) *network {
	t.needsProgram()
	n, err := newNetwork(w, t.Rand.Uint64())
	switch {
	case err != nil && forbidden(err):
		t.Precondition("a network of its own: " + err.Error() + "; it takes root, or unprivileged user namespaces")
	case err != nil:
		t.brokenf("a network of its own: %v", err)
	}
	if t.pcap != "" && n.link != nil {
		t.recordLink(n)
	}
	t.atEnd(n.close)
	t.network = n
	t.target = t.target.in(n)
	return n
}

// recordLink writes the packets of the link to a file named after server and check.
func (t *T) recordLink(n *network) {
	name := strings.ReplaceAll(t.target.Name+"-"+t.check.Slug, "/", "-") + ".pcapng"
	err := os.MkdirAll(t.pcap, 0o755)
	var file *os.File
	if err == nil {
		file, err = os.Create(filepath.Join(t.pcap, name))
	}
	if err != nil {
		n.close()
		t.brokenf("-pcap: %v", err)
	}
	n.link.Record(file)
	t.Eventf("packets in %s", file.Name())
	t.atEnd(func() { file.Close() })
}

// in is the same target with its servers inside a network.
func (target Target) in(n *network) *Target {
	target.Program = n.reside(target.Program)
	return &target
}

// A socketMaker is unix.Socket, or its like in a network of its own.
type socketMaker func(domain, kind, protocol int) (fd int, err error)

// clientSocket makes sockets where the server's clients are, ownSocket where the server is.
func (s *Server) clientSocket() socketMaker {
	if n := s.home(); n != nil {
		return n.socketOfClient
	}
	return unix.Socket
}

func (s *Server) ownSocket() socketMaker {
	if n := s.home(); n != nil {
		return n.socketOfServer
	}
	return unix.Socket
}

// home is the network of its own that the server lives in, or nil.
func (s *Server) home() *network {
	if inside, ok := s.process.(interface{ home() *network }); ok {
		return inside.home()
	}
	return nil
}

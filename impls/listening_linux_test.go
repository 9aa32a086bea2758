package impls

import (
	"encoding/binary"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestParseListening reads a table as the kernel prints it on a little-endian machine.
func TestParseListening(t *testing.T) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the sample is of a little-endian machine")
	}
	const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 11 1 0000000000000000 100 0 0 10 0
   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12 1 0000000000000000 100 0 0 10 0
   2: 0500000A:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 13 1 0000000000000000 100 0 0 10 0
   3: 0100007F:1F90 0100007F:C0DE 01 00000000:00000000 00:00000000 00000000     0        0 14 1 0000000000000000 100 0 0 10 0
`
	const six = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000001000000:1F91 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 21 1 0000000000000000 100 0 0 10 0
   1: 0000000000000000FFFF00000100007F:1F92 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 22 1 0000000000000000 100 0 0 10 0
   2: 00000000000000000000000000000000:1F93 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 23 1 0000000000000000 100 0 0 10 0
`
	own := map[uint64]bool{11: true, 13: true, 14: true, 21: true, 22: true, 23: true}
	for _, test := range []struct{ table, want string }{
		{table, "127.0.0.1:8080 10.0.0.5:80"}, // not 12, of another process, nor 14, a connection
		{six, "[::1]:8081 127.0.0.1:8082 [::]:8083"},
		{"heading\n", ""},
		{"", ""},
	} {
		got, err := parseListening(strings.NewReader(test.table), own)
		if err != nil || strings.Join(got, " ") != test.want {
			t.Errorf("%v, %v; want %s", got, err, test.want)
		}
	}
	for _, broken := range []string{"heading\nshort line\n", strings.ReplaceAll(table, "1F90", "XXXX"), strings.ReplaceAll(table, "0100007F:", "0100:")} {
		if got, err := parseListening(strings.NewReader(broken), own); err == nil {
			t.Errorf("a broken table is read as %v", got)
		}
	}
}

// TestProveListening compares this process's real sockets.
func TestProveListening(t *testing.T) {
	here := os.Getpid()
	socket := filepath.Join(t.TempDir(), "s")
	for _, at := range []struct{ network, address string }{{"tcp", "127.0.0.1:0"}, {"tcp", "[::1]:0"}, {"tcp", ":0"}, {"unix", socket}} {
		listener, err := net.Listen(at.network, at.address)
		if err != nil {
			t.Fatal(err)
		}
		bound := announcement{at.network, listener.Addr().String()}
		if err := proveListening(here, bound); err != nil {
			t.Errorf("%s: %v", bound.address, err)
		}
		if err := proveListening(os.Getppid(), bound); err == nil {
			t.Errorf("%s: proven for another process", bound.address)
		}
		listener.Close()
		if err := proveListening(here, bound); err == nil {
			t.Errorf("%s: proven after Close", bound.address)
		}
	}
	if err := proveListening(1<<22+1, announcement{"tcp", "127.0.0.1:1"}); err == nil { // above the kernel's largest number
		t.Error("proven for a process that does not exist")
	}
}

// TestAConnectionIsNoListener: a socket that is bound to the address, but connected, proves nothing.
func TestAConnectionIsNoListener(t *testing.T) {
	s := start(t, "good", Options{})
	conn, err := net.Dial(s.Network(), s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := proveListening(os.Getpid(), announcement{"tcp", conn.LocalAddr().String()}); err == nil {
		t.Error("a connection was taken for a listening socket")
	}
}

// TestAnotherProcessIsNoProof: somebody listens there and would take connections, but it is not the process that was
// started, so its figures would be somebody else's.
func TestAnotherProcessIsNoProof(t *testing.T) {
	foreign, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer foreign.Close()
	there := foreign.Addr().String()
	bad := executable(t, "bad/silent")
	for _, test := range []struct {
		what     string
		program  *Program
		options  Options
		kind     StartKind
		contains string
	}{
		{"a liar", program(t, "bad/lies"), Options{Args: []string{"-announce=" + there}}, Lied, "does not listen on " + there + " but on 127.0.0.1:"},
		{"a silent stranger", Command("x", bad, "-fault=silent", "-addr=127.0.0.1:0", "-announce={addr}"), Options{Addr: there}, Silent, "does not listen on " + there},
		{"a wrapper", Command("x", "sh", "-c", bad+" -fault=silent -addr={addr} & wait"), Options{}, Silent, "if a child of it does, start that directly"},
	} {
		test.options.Ready = 300 * time.Millisecond
		_, err := test.program.Start(t.Context(), test.options)
		var failed *StartError
		if !errors.As(err, &failed) || failed.Kind != test.kind || !strings.Contains(err.Error(), test.contains) {
			t.Errorf("%s:\n got %v\nwant %s: ...%s...", test.what, err, test.kind, test.contains)
		}
	}
}

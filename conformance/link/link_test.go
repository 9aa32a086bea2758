package link

import (
	"bytes"
	"encoding/binary"
	"io"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// An end is the interface of a kernel as the link sees it: packets out of one channel and into another.
type end struct {
	out, in chan []byte
	once    sync.Once
}

func newEnd() *end { return &end{out: make(chan []byte, 4096), in: make(chan []byte, 8192)} }

func (e *end) Read(p []byte) (int, error) {
	packet, ok := <-e.out
	if !ok {
		return 0, io.EOF
	}
	return copy(p, packet), nil
}

func (e *end) Write(p []byte) (int, error) {
	e.in <- bytes.Clone(p)
	return len(p), nil
}

func (e *end) Close() error {
	e.once.Do(func() { close(e.out) })
	return nil
}

// segment is a TCP segment of a stream, with right checksums, whose data says which one it is.
func segment(number int) []byte {
	p := make([]byte, 40, 44)
	p[0], p[8], p[9] = 0x45, 64, protocolTCP
	copy(p[12:20], []byte{10, 77, 0, 2, 10, 77, 0, 1})
	binary.BigEndian.PutUint16(p[20:], 40000)
	binary.BigEndian.PutUint16(p[22:], 7007)
	binary.BigEndian.PutUint32(p[24:], uint32(number)*4)
	p[32], p[33] = 5<<4, 0x18
	p = binary.BigEndian.AppendUint32(p, uint32(number))
	binary.BigEndian.PutUint16(p[2:], uint16(len(p)))
	binary.BigEndian.PutUint16(p[36:], checksum(pseudoHeader(p, len(p)-20), p[20:]))
	binary.BigEndian.PutUint16(p[10:], checksum(p[:20]))
	return p
}

func number(p []byte) int { return int(binary.BigEndian.Uint32(p[40:])) }

// intact is what a kernel finds when it looks at the checksums.
func intact(p []byte) bool {
	return checksum(p[:20]) == 0 && checksum(pseudoHeader(p, len(p)-20), p[20:]) == 0
}

// send puts n segments through a link from A to B and returns what comes out, in its order.
func send(t *testing.T, seed uint64, f Faults, n int) ([][]byte, Counts) {
	t.Helper()
	a, b := newEnd(), newEnd()
	l := New(a, b, seed, f)
	defer l.Close()
	for i := range n {
		a.out <- segment(i)
	}
	var got [][]byte
	for until := time.Now().Add(10 * time.Second); time.Now().Before(until); {
		c := l.Counts()
		if c.Forwarded+c.Lost+c.Reset+c.Silenced == n && len(got) == c.Forwarded+c.Doubled+c.Reset {
			return got, c
		}
		select {
		case p := <-b.in:
			got = append(got, p)
		case <-time.After(time.Millisecond):
		}
	}
	t.Fatalf("after ten seconds: %v, %d came out", l.Counts(), len(got))
	return nil, Counts{}
}

func TestAPerfectLink(t *testing.T) {
	got, counts := send(t, 1, Faults{}, 1000)
	for i, p := range got {
		if number(p) != i || !intact(p) {
			t.Fatalf("packet %d comes as number %d", number(p), i)
		}
	}
	if counts != (Counts{Forwarded: 1000}) {
		t.Errorf("%v", counts)
	}
}

// TestTheSeedDecides: what is lost, doubled and damaged follows from the seed, and another seed decides otherwise.
func TestTheSeedDecides(t *testing.T) {
	faults := Faults{Loss: 0.2, Duplicate: 0.1, Corrupt: 0.1}
	first, counts := send(t, 7, faults, 1000)
	again, _ := send(t, 7, faults, 1000)
	other, _ := send(t, 8, faults, 1000)
	if !slices.EqualFunc(first, again, bytes.Equal) {
		t.Error("the same seed, another fate")
	}
	if slices.EqualFunc(first, other, bytes.Equal) {
		t.Error("another seed, the same fate")
	}
	if counts.Lost < 80 || counts.Lost > 190 || counts.Doubled < 40 || counts.Corrupted < 25 {
		t.Errorf("of 1000 packets: %v", counts)
	}
}

// TestDirectionsDiffer: the packet of a number has another fate on the way back.
func TestDirectionsDiffer(t *testing.T) {
	f, same := Faults{Loss: 0.5}, 0
	for i := range 300 {
		if f.Fate(7, AToB, i).Lost == f.Fate(7, BToA, i).Lost {
			same++
		}
	}
	if same > 250 {
		t.Errorf("%d of 300 fates are the same in both directions", same)
	}
}

// TestNoMoreThanTwoInARow is what makes the checks on such a link sound.
func TestNoMoreThanTwoInARow(t *testing.T) {
	f, row := Faults{Loss: 1, Corrupt: 1}, 0
	for i := range 100 {
		if fate := f.Fate(7, AToB, i); fate.Lost || fate.Corrupt {
			row++
		} else {
			row = 0
		}
		if row > 2 {
			t.Fatalf("packets %d to %d are lost", i-2, i)
		}
	}
}

// TestCorruptionIsDetectable: whichever bit flips, a checksum says so.
func TestCorruptionIsDetectable(t *testing.T) {
	got, counts := send(t, 7, Faults{Corrupt: 0.9}, 500)
	damaged := 0
	for _, p := range got {
		if len(p) != 44 || !intact(p) {
			damaged++
		}
	}
	if damaged != counts.Corrupted || damaged < 250 {
		t.Errorf("%d packets are seen to be damaged; %v", damaged, counts)
	}
}

func TestReorder(t *testing.T) {
	got, counts := send(t, 7, Faults{Reorder: 0.25}, 400)
	var order []int
	for _, p := range got {
		order = append(order, number(p))
	}
	if slices.IsSorted(order) || counts.Late < 60 {
		t.Errorf("nothing was overtaken: %v", counts)
	}
	slices.Sort(order)
	for i, n := range order {
		if i != n {
			t.Fatalf("packet %d is missing", i)
		}
	}
}

// TestDelayKeepsTheOrder: packets with the same delay do not overtake each other.
func TestDelayKeepsTheOrder(t *testing.T) {
	got, _ := send(t, 7, Faults{Delay: 5 * time.Millisecond}, 300)
	for i, p := range got {
		if number(p) != i {
			t.Fatalf("packet %d comes as number %d", number(p), i)
		}
	}
}

// TestReset: the RST stands where the segment stood, has no data, and checksums that a kernel accepts.
func TestReset(t *testing.T) {
	got, counts := send(t, 7, Faults{Reset: 1}, 3)
	if counts.Reset != 3 {
		t.Fatalf("%v", counts)
	}
	for i, p := range got {
		if len(p) != 40 || p[33] != 4 || int(binary.BigEndian.Uint32(p[24:])) != 4*i || !intact(p) {
			t.Errorf("RST %d is % x", i, p)
		}
	}
}

func TestSilenceAndHealing(t *testing.T) {
	a, b := newEnd(), newEnd()
	l := New(a, b, 7, Faults{})
	defer l.Close()
	l.Silence(true)
	a.out <- segment(0)
	for until := time.Now().Add(10 * time.Second); l.Counts().Silenced == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("the packet is not swallowed")
		}
	}
	l.Silence(false)
	a.out <- segment(1)
	if p := <-b.in; number(p) != 1 {
		t.Errorf("packet %d came out of the silence", number(p))
	}
}

// TestForge: a forged packet comes out at the other end, faults or not, and a kernel would take it for a SYN.
func TestForge(t *testing.T) {
	a, b := newEnd(), newEnd()
	l := New(a, b, 7, Faults{Loss: 1})
	defer l.Close()
	from, to := netip.MustParseAddrPort("10.77.0.3:1024"), netip.MustParseAddrPort("10.77.0.1:7007")
	if err := l.Forge(AToB, SYN(from, to, 0x01020304)); err != nil {
		t.Fatal(err)
	}
	p := <-b.in
	if !isIPv4(p) || !intact(p) || hasData(p) || p[33] != flagSYN {
		t.Errorf("% x", p)
	}
	if ports := p[20:28]; !bytes.Equal(ports, []byte{4, 0, 0x1b, 0x5f, 1, 2, 3, 4}) {
		t.Errorf("ports and sequence % x", ports)
	}
}

// TestRecord reads the record as a reader of pcapng does: block after block, both lengths the same.
func TestRecord(t *testing.T) {
	a, b := newEnd(), newEnd()
	l := New(a, b, 7, Faults{Loss: 0.5})
	var file bytes.Buffer
	l.Record(&file)
	for i := range 50 {
		a.out <- segment(i)
	}
	for until := time.Now().Add(10 * time.Second); l.Counts().Forwarded+l.Counts().Lost < 50 && time.Now().Before(until); {
		time.Sleep(time.Millisecond)
	}
	counts := l.Counts()
	l.Close()
	kinds := map[uint32]int{}
	lost := 0
	for rest := file.Bytes(); len(rest) > 0; {
		length := binary.LittleEndian.Uint32(rest[4:])
		if length%4 != 0 || int(length) > len(rest) || binary.LittleEndian.Uint32(rest[length-4:]) != length {
			t.Fatalf("a block of length %d ends in % x", length, rest[:min(len(rest), 64)])
		}
		kinds[binary.LittleEndian.Uint32(rest)]++
		if strings.Contains(string(rest[:length]), ": lost") {
			lost++
		}
		rest = rest[length:]
	}
	if kinds[sectionHeader] != 1 || kinds[interfaceBlock] != 2 || kinds[packetBlock] != 50 || lost != counts.Lost {
		t.Errorf("blocks %v, %d said to be lost; %v", kinds, lost, counts)
	}
}

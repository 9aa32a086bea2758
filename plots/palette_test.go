package main

import (
	"fmt"
	"image/color"
	"slices"
	"testing"
)

// TestNoTwoImplementationsLookAlike holds as long as there are colours and markers enough.
func TestNoTwoImplementationsLookAlike(t *testing.T) {
	names := []string{
		"bare", "gnet", "gnet/edge", "gnet/reuseport", "gnet/tight", "goroutine", "goroutine/splice", "libevent/epoll", "libevent/poll", "libevent/select",
		"libevent/tutorial", "netpoll", "netpoll/tight", "reactor/epoll", "reactor/handoff", "reactor/io_uring", "reactor/io_uring-poll", "reactor/poll",
		"reactor/reuseport", "reactor/select", "stranger", "stranger/fast",
	}
	seen := map[string]string{}
	for name, l := range looks(names) {
		key := fmt.Sprint(l.Color, l.Marker)
		if other, taken := seen[key]; taken {
			t.Errorf("%s and %s look alike", name, other)
		}
		seen[key] = name
	}
}

func TestLooksDependOnNamesAlone(t *testing.T) {
	names := []string{"reactor/poll", "zig", "bare", "asio", "reactor/epoll", "gnet"}
	first := looks(names)
	slices.Reverse(names)
	second := looks(names)
	for _, name := range names {
		if fmt.Sprint(first[name]) != fmt.Sprint(second[name]) {
			t.Errorf("%s looks different when the order changes", name)
		}
	}
	if first["reactor/epoll"].Color != first["reactor/poll"].Color || first["reactor/epoll"].Marker == first["reactor/poll"].Marker {
		t.Error("variants share the family's colour and differ in their markers")
	}
	if first["asio"].Color == first["gnet"].Color || first["asio"].Color == first["zig"].Color {
		t.Error("a stranger takes a colour that nobody in the run has")
	}
	if len(first["bare"].Dash) == 0 || first["bare"].Marker != diamond {
		t.Error("the reference is dashed and a diamond")
	}
}

// TestLooksDoNotDependOnTheCompany: who knows an implementation from one run knows it in the next, whoever else ran.
func TestLooksDoNotDependOnTheCompany(t *testing.T) {
	known := []string{"gnet", "gnet/edge", "gnet/reuseport", "goroutine/splice", "libevent/poll", "libevent/tutorial", "reactor/epoll", "reactor/handoff", "reactor/io_uring", "reactor/select"}
	together := looks(known)
	for _, name := range known {
		if alone := looks([]string{name})[name]; fmt.Sprint(alone) != fmt.Sprint(together[name]) {
			t.Errorf("%s alone is %v, among others %v", name, alone, together[name])
		}
	}
}

// TestManyFamilies: past six, colours repeat, and nothing breaks.
func TestManyFamilies(t *testing.T) {
	var names []string
	for i := range 30 {
		names = append(names, fmt.Sprintf("family%02d", i))
	}
	if got := len(looks(names)); got != 30 {
		t.Errorf("%d looks for 30 names", got)
	}
	if len(looks(nil)) != 0 {
		t.Error("no names, no looks")
	}
}

// TestColoursAreReadable: 3:1 on white for lines and markers, 4.5:1 for text.
func TestColoursAreReadable(t *testing.T) {
	for _, c := range colours {
		if got := contrast(c); got < 3 {
			t.Errorf("%v has a contrast of %.2f:1", c, got)
		}
		if got := contrast(readable(c)); got < 4.5 {
			t.Errorf("text of %v has a contrast of %.2f:1", c, got)
		}
	}
	for _, c := range []color.NRGBA{ink, mute, alarm} {
		if got := contrast(c); got < 4.5 {
			t.Errorf("text colour %v has a contrast of %.2f:1", c, got)
		}
	}
	if black, white := contrast(hex(0)), contrast(hex(0xffffff)); black != 21 || white != 1 {
		t.Errorf("black is %.2f:1 and white %.2f:1; the formula is wrong", black, white)
	}
}

package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal opens a pseudo-terminal of so many columns: the end of a person, and the one that a program takes for a terminal.
func terminal(t *testing.T, columns uint16) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { person.Close() })
	if err := unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { program.Close() })
	if err := unix.IoctlSetWinsize(int(program.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns}); err != nil {
		t.Fatal(err)
	}
	return person, program
}

// On a terminal a running cell shows its rate, its percentiles and the time that it has left, in both loops, in pairs and in a search.
func TestTerminalShowsTheRunningCell(t *testing.T) {
	running := []string{"-addr", serve(t, echo(unchanged))}
	server := implementations(t, "none")
	for name, c := range map[string]struct {
		present, left string
		arguments     []string
	}{
		"closed": {"block 1 of 2 · .*closed-64", `(10m0s|9m[0-9]+s) left`, append(running, "-workload", "closed-64", "-duration", "10m")},
		"open":   {"block 1 of 2 · .*open-5k", `(10m0s|9m[0-9]+s) left`, append(running, "-workload", "open-5k", "-duration", "10m")},
		"pairs":  {"block 1 of 2 · (base|head) .*closed-64", `(10m0s|9m[0-9]+s) left`, []string{"-workload", "closed-64", "-duration", "10m", "-base", server, server}},
		"search": {".* · [0-9.]+( k)?/s asked", `([0-9]s left|ending)`, append(running, "-workload", "open-5k", "-slo", "p99<50s", "-duration", "8s")},
	} {
		t.Run(name, func(t *testing.T) {
			person, program := terminal(t, 160)
			cmd := exec.Command(os.Args[0], append([]string{"-conns", "4", "-blocks", "2", "-out", t.TempDir()}, c.arguments...)...)
			cmd.Env = append(os.Environ(), asCommand+"=1")
			cmd.Stderr = program
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			giveUp := time.AfterFunc(2*time.Minute, func() { cmd.Process.Kill() })
			defer giveUp.Stop()
			program.Close() // so that reading ends with the command
			row := regexp.MustCompile(`now   ` + c.present + `.* · [0-9.]+( k)?/s · p50 [0-9.]+.s · p99 [0-9.]+.s · ` + c.left)
			var text []byte
			for piece := make([]byte, 4096); !row.Match(text); {
				n, err := person.Read(piece)
				if text = append(text, piece[:n]...); err != nil {
					t.Errorf("the view ended without %v: %q", row, text)
					break
				}
			}
			cmd.Process.Signal(os.Interrupt)
			go func() { // a full terminal would hold the command up
				for piece := make([]byte, 4096); ; {
					if _, err := person.Read(piece); err != nil {
						return
					}
				}
			}()
			if err := cmd.Wait(); cmd.ProcessState.ExitCode() != exitInterrupted {
				t.Error(err)
			}
		})
	}
}
